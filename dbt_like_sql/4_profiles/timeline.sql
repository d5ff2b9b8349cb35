-- Everything that happened between a person and the organisation, in time.
-- grain: person_id, occurred_at, kind, source, reference
-- owner: data team
with moments as (
    select person_id, ordered_at as occurred_at, 'order' as kind, source, order_id as reference, concat_ws(', ', items || ' pieces', category) as description, gross_amount as amount, currency
    from profiles.order_facts
    where is_sale or is_returned
    union all
    select f.person_id, coalesce(o.cancelled_at, f.ordered_at), 'cancellation', f.source, f.order_id, null, f.uncharged_amount, f.currency
    from profiles.order_facts as f
    join staging.orders as o on f.source = o.source and f.order_id = o.order_id
    where f.is_cancelled
    union all
    select f.person_id, coalesce(o.updated_at, f.ordered_at), 'return', f.source, f.order_id, f.returned_items || ' pieces', -f.refunded_amount, f.currency
    from profiles.order_facts as f
    join staging.orders as o on f.source = o.source and f.order_id = o.order_id
    where f.refunded_amount > 0 or f.returned_items > 0
    union all
    select person_id, started_at, 'visit', source, session_key, concat_ws(', ', pages || ' pages', campaign_source, campaign_name), null, null
    from profiles.sessions
    union all
    select r.person_id, t.opened_at, 'ticket opened', t.source, t.ticket_id, concat_ws(', ', t.channel, t.ticket_type), null, null
    from staging.tickets as t
    join identity.person_records as r on t.source = r.source and t.record_id = r.record_id
    union all
    select r.person_id, t.solved_at, 'ticket solved', t.source, t.ticket_id, t.satisfaction, null, null
    from staging.tickets as t
    join identity.person_records as r on t.source = r.source and t.record_id = r.record_id
    union all
    select r.person_id, m.occurred_at, 'message ' || m.event_type, m.source, m.message_id, concat_ws(', ', m.channel, m.campaign), null, null
    from staging.messages as m
    join identity.person_records as r on m.source = r.source and m.record_id = r.record_id
    union all
    select i.person_id, c.changed_at, 'permission ' || c.status, c.source, concat_ws(' ', c.purpose, c.channel, c.recipient, left(md5(c.value), 8)), concat_ws(', ', c.purpose, c.basis), null, null
    from profiles.permission_changes as c
    join profiles.identifiers as i on c.namespace = i.namespace and c.value = i.value
    union all
    select r.person_id, p.created_at, 'record created', p.source, p.record_id, null, null, null
    from staging.people as p
    join identity.person_records as r on p.source = r.source and p.record_id = r.record_id
)

select
    person_id, -- Person
    occurred_at, -- When (UTC)
    kind, -- order, cancellation, return, visit, ticket opened, ticket solved, message …, permission …, record created
    source, -- System that recorded it
    reference, -- [personal] Key of the order, visit, ticket, message, permission or record
    nullif(description, '') as description, -- In a few words
    cast(amount as decimal(18, 4)) as amount, -- Money, when money moved
    currency -- Currency of the amount
from moments
where person_id is not null and occurred_at is not null
