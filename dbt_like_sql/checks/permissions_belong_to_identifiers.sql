-- What a person permits is what that very identifier permits, no more and no less, however many records were merged.
-- asset: profiles.permissions
-- severity: error
-- owner: privacy officer
-- fix: Do not export. A merge widened or lost a permission; see permissions.sql
with expected as (
    select i.person_id, p.namespace, p.value, p.purpose, p.channel, p.recipient, p.is_permitted, p.status
    from profiles.identifiers as i
    join profiles.identifier_permissions as p on i.namespace = p.namespace and i.value = p.value
)

select e.person_id, e.namespace, e.purpose, e.channel
from (
    from expected
    except all
    select person_id, namespace, value, purpose, channel, recipient, is_permitted, status from profiles.permissions
) as e
union all
select w.person_id, w.namespace, w.purpose, w.channel
from (
    select person_id, namespace, value, purpose, channel, recipient, is_permitted, status from profiles.permissions
    except all
    from expected
) as w
