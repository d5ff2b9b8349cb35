-- One visit, and whose it is. A login decides, when every login seen in the visit belongs to one and the same
-- person; a visit without login goes to the one person known for the device. A login that nobody has, or
-- logins of two people, mean: nobody. What stays anonymous is counted here and is no person.
-- grain: session_key
-- owner: analytics team
-- check: ended_at >= started_at and events > 0
with events as (
    select
        *,
        coalesce('device ' || device_id, 'login ' || login_id, 'event ' || event_id) as visitor,
        cast(floor(epoch(occurred_at) / 1800) as bigint) as slot,
        struct_pack(occurred_at, event_id) as moment
    from staging.events
),

told as (
    select
        source, bool_or(event_type in ('page_view', 'screen_view')) as pages,
        bool_or(sku is not null) as products, bool_or(order_id is not null) as orders
    from staging.events
    group by source
),

sessions as (
    select
        e.source, e.visitor, e.session_id, v.visit,
        max(e.device_id) as device_id,
        min(e.occurred_at) as started_at,
        max(e.occurred_at) as ended_at,
        count(*) as events,
        count(*) filter (where e.event_type in ('page_view', 'screen_view')) as pages,
        count(distinct e.sku) as products,
        count(distinct e.order_id) as orders,
        min_by(struct_pack(e.campaign_source, e.campaign_medium, e.campaign_name), e.moment)
            filter (where coalesce(e.campaign_source, e.campaign_name) is not null) as campaign,
        min_by(e.device_category, e.moment) filter (where e.device_category is not null) as device_category,
        min_by(e.country, e.moment) filter (where e.country is not null) as country,
        count(distinct trim(e.login_id)) as logins,
        count(distinct a.login_id) as known_logins,
        if(logins = known_logins and min(a.person_id) = max(a.person_id), min(a.person_id), null) as login_person_id
    from events as e
    join profiles.visits as v
        on e.source = v.source and e.visitor = v.visitor and e.slot = v.slot
        and e.session_id is not distinct from v.session_id
    left join identity.accounts as a
        on e.source = a.source and trim(e.login_id) = a.login_id and a.person_id is not null
    group by e.source, e.visitor, e.session_id, v.visit
)

select
    md5(concat_ws('|', s.source, s.visitor, coalesce(s.session_id, ''), s.visit)) as session_key, -- [personal] Key of the visit
    s.source, -- System that recorded it
    if(s.logins > 0, s.login_person_id, d.person_id) as person_id, -- Person; empty when the visit stays anonymous
    case
        when s.logins > 0 then if(s.login_person_id is null, null, 'login')
        when d.person_id is not null then 'device'
    end as attributed_by, -- login or device: why it is this person
    s.device_id, -- [personal] Browser or device
    s.session_id, -- Session as the source counts it
    s.started_at, -- First event (UTC)
    s.ended_at, -- Last event (UTC)
    s.events, -- Events
    if(t.pages, s.pages, null) as pages, -- Pages or screens seen; empty when the source never tells
    if(t.products, s.products, null) as products, -- Different products looked at; empty when the source never tells
    if(t.orders, s.orders, null) as orders, -- Different orders placed; empty when the source never tells
    s.campaign.campaign_source, -- Where the visit came from
    s.campaign.campaign_medium, -- Medium
    s.campaign.campaign_name, -- Campaign
    s.device_category, -- desktop, mobile or tablet
    s.country -- Country of the visit
from sessions as s
join told as t on s.source = t.source
left join identity.device_owners as d on s.source = d.source and s.device_id = d.device_id
