-- Which person a browser or device belongs to. A login on the device, or an order placed from it,
-- names a person; a device seen with several persons is nobody's, and its events stay anonymous.
-- grain: source, device_id
-- owner: analytics team
-- check: person_id is not null
with seen as (
    select e.source, e.device_id, a.person_id, 'login' as evidence
    from staging.events e
    join identity.accounts a on a.source = e.source and a.login_id = trim(e.login_id)
    where e.device_id is not null and a.person_id is not null
    union
    select e.source, e.device_id, p.person_id, 'order' as evidence
    from staging.events e
    join staging.orders o on o.order_id = e.order_id
    join identity.person_records p on p.source = o.source and p.record_id = o.record_id
    where e.device_id is not null
),
owned as (
    select source, device_id, min(person_id) as person_id, min(evidence) as evidence
    from seen
    group by source, device_id
    having count(distinct person_id) = 1
)
select
    source,      -- System that recorded the events
    device_id,   -- [personal] Browser or device id
    person_id,   -- The only person seen on the device
    evidence     -- login when somebody logged in on it, else order
from owned
