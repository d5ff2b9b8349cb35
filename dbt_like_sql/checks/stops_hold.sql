-- Nothing is permitted after a withdrawal, complaint, hard bounce or objection, unless a later opt-in with proof
-- lifted it.
-- asset: profiles.identifier_permissions
-- severity: error
-- owner: privacy officer
-- fix: Do not export. The rule in identifier_permissions.sql let a stop go; compare with profiles.permission_changes
select p.namespace, p.purpose, p.channel, p.recipient, count(*) as identifiers
from profiles.identifier_permissions as p
where p.is_permitted and exists (
    select 1
    from profiles.permission_changes as stop
    where stop.namespace = p.namespace and stop.value = p.value and stop.purpose = p.purpose and stop.channel = p.channel
        and (stop.recipient is null or stop.recipient = p.recipient)
        and stop.status in ('withdrawn', 'complaint', 'bounced', 'objected')
        and not exists (
            select 1
            from profiles.permission_changes as lift
            where lift.namespace = p.namespace and lift.value = p.value and lift.purpose = p.purpose
                and lift.channel = p.channel and lift.recipient is not distinct from p.recipient
                and lift.status = 'granted' and lift.has_proof and lift.basis in ('consent', 'double_opt_in')
                and lift.changed_at > stop.changed_at
        )
)
group by p.namespace, p.purpose, p.channel, p.recipient
