-- Every change of a permission that was staged is in the ledger, for every identifier that its cell holds.
-- asset: profiles.permission_changes
-- severity: error
-- owner: privacy officer
-- fix: Do not export. permission_changes.sql lost a change, maybe a withdrawal; compare with staging.permissions
with staged as (
    select *, unnest(if(len(value_keys) > 0, value_keys, [null])) as identifier
    from staging.permissions
)

select p.source, p.namespace, p.purpose, p.channel, p.status, p.changed_at
from staged as p
where not exists (
    select 1
    from profiles.permission_changes as c
    where c.source = p.source and c.namespace = p.namespace and c.value = p.identifier and c.purpose = p.purpose
        and c.channel is not distinct from p.channel and c.status = p.status and c.changed_at is not distinct from p.changed_at
)
