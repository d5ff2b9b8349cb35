-- The visit each half hour of a visitor belongs to. A source's own session id makes the visit; without one,
-- 30 minutes of silence end it. Two events in one half hour are never 30 minutes apart, so only half hours
-- have to be put in order, not events.
-- grain: source, visitor, session_id, slot
-- owner: analytics team
with slots as (
    select
        source, session_id,
        coalesce('device ' || device_id, 'login ' || login_id, 'event ' || event_id) as visitor,
        cast(floor(epoch(occurred_at) / 1800) as bigint) as slot,
        min(occurred_at) as first_at, max(occurred_at) as last_at
    from staging.events
    group by all
),

neighbours as (
    select *, lag(last_at) over (partition by source, visitor, session_id order by slot) as previous_at
    from slots
),

marked as (
    select *, previous_at is null or (session_id is null and first_at - previous_at >= interval 30 minutes) as is_start
    from neighbours
)

select
    source, -- System that recorded it
    visitor, -- [personal] Device, else login, else the event itself
    session_id, -- Session as the source counts it
    slot, -- Half hours since 1970
    cast(count(*) filter (where is_start) over earlier as bigint) as visit -- Number of the visit of this visitor
from marked
window earlier as (
    partition by source, visitor, session_id order by slot rows between unbounded preceding and current row
)
