-- How a person takes the newsletter. What no source tells of anybody (sends, opens, clicks) is empty, not 0.
-- grain: person_id
-- owner: newsletter team
with ratings as (
    select
        r.person_id,
        max(try_cast(p.attributes['member_rating'] as bigint)) as newsletter_rating
    from staging.people as p
    join identity.person_records as r on p.source = r.source and p.record_id = r.record_id
    group by r.person_id
),

events as (
    select
        r.person_id,
        count(*) filter (where m.event_type = 'sent') as sent,
        count(*) filter (where m.event_type = 'opened') as opened,
        count(*) filter (where m.event_type = 'clicked') as clicked,
        max(m.occurred_at) filter (where m.event_type in ('opened', 'clicked')) as engaged_at,
        max(m.occurred_at) filter (where m.event_type = 'bounced') as bounced_at,
        max(m.occurred_at) filter (where m.event_type in ('unsubscribed', 'complained')) as unsubscribed_at
    from staging.messages as m
    join identity.person_records as r on m.source = r.source and m.record_id = r.record_id
    group by r.person_id
),

withdrawals as (
    select i.person_id, max(c.changed_at) as unsubscribed_at
    from profiles.permission_changes as c
    join profiles.identifiers as i on c.namespace = i.namespace and c.value = i.value
    where c.purpose = 'email_marketing' and c.status in ('withdrawn', 'complaint', 'objected')
    group by i.person_id
),

told as (
    select
        coalesce(bool_or(event_type = 'sent'), false) as sent,
        coalesce(bool_or(event_type = 'opened'), false) as opened,
        coalesce(bool_or(event_type = 'clicked'), false) as clicked
    from staging.messages
)

select
    person_id, -- Person
    r.newsletter_rating, -- Rating of the member in the newsletter tool, 1 to 5
    if(told.sent, coalesce(e.sent, 0), null) as newsletter_sent_count, -- [zero] Messages sent
    if(told.opened, coalesce(e.opened, 0), null) as newsletter_opens_count, -- [zero] Messages opened
    if(told.clicked, coalesce(e.clicked, 0), null) as newsletter_clicks_count, -- [zero] Messages clicked
    e.engaged_at as newsletter_engaged_at, -- Last open or click (UTC)
    e.bounced_at as newsletter_bounced_at, -- Last bounce (UTC)
    greatest(e.unsubscribed_at, w.unsubscribed_at) as newsletter_unsubscribed_at -- Last unsubscription or complaint (UTC)
from events as e
full join withdrawals as w using (person_id)
full join ratings as r using (person_id)
cross join told
where coalesce(r.newsletter_rating, e.sent) is not null or w.unsubscribed_at is not null
