-- Orders, tickets, messages, visits and events of all people, and of nobody, are all that were staged.
-- asset: profiles.customers
-- severity: error
-- owner: data team
-- fix: A join in the theme named lost or doubled rows; build profiles again
with counts as (
    select 'orders kept or given back' as what, (select count(*) from profiles.order_facts where is_sale or is_returned) as staged,
        (select coalesce(sum(orders_count + returned_orders_count), 0) from profiles.customers)
        + (select count(*) from profiles.order_facts where (is_sale or is_returned) and person_id is null) as used
    union all
    select 'tickets', (select count(*) from staging.tickets),
        (select coalesce(sum(tickets_count), 0) from profiles.customers)
        + (
            select count(*) from staging.tickets as t
            anti join identity.person_records as r on t.source = r.source and t.record_id = r.record_id
        )
    union all
    select 'messages sent, opened or clicked', (select count(*) from staging.messages where event_type in ('sent', 'opened', 'clicked')),
        (
            select coalesce(sum(coalesce(newsletter_sent_count, 0) + coalesce(newsletter_opens_count, 0) + coalesce(newsletter_clicks_count, 0)), 0)
            from profiles.customers
        )
        + (
            select count(*) from staging.messages as m
            anti join identity.person_records as r on m.source = r.source and m.record_id = r.record_id
            where m.event_type in ('sent', 'opened', 'clicked')
        )
    union all
    select 'visits', (select count(*) from profiles.sessions),
        (select coalesce(sum(web_sessions_count), 0) from profiles.customers)
        + (select count(*) from profiles.sessions where person_id is null)
    union all
    select 'events', (select count(*) from staging.events), (select coalesce(sum(events), 0) from profiles.sessions)
)

select what, staged, used
from counts
where staged <> used
