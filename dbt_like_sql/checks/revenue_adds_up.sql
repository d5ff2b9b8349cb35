-- Revenue of all people and of anonymous orders is the revenue of all orders, per currency, to the cent, of everybody
-- whose orders all have a known net; and a customer's net revenue is that of the project's currency, or empty for whom
-- that is not the whole.
-- asset: profiles.customers
-- severity: error
-- owner: webshop team
-- fix: A person of order_facts is missing in revenue or customers; build profiles again
with facts as (
    select person_id, currency, if(bool_and(net_amount is not null), sum(net_amount), null) as net_amount
    from profiles.order_facts
    group by person_id, currency
),

whole as (
    select
        f.person_id, max(run.currency) as currency,
        if(bool_and(coalesce(f.currency = run.currency or f.net_amount = 0, false) and f.net_amount is not null), sum(f.net_amount), null) as net_amount
    from profiles.order_facts as f
    cross join config.run as run
    where f.person_id is not null
    group by f.person_id
),

parts as (
    select currency, net_amount as amount, 'orders' as origin from facts
    union all
    select currency, net_amount, 'known' from profiles.revenue
    union all
    select currency, net_amount, 'anonymous' from facts where person_id is null
    union all
    select currency, net_amount, 'whole' from whole
    union all
    select run.currency, c.net_revenue, 'customers'
    from profiles.customers as c
    cross join config.run as run
),

sums as (
    select
        currency,
        coalesce(sum(amount) filter (where origin = 'orders'), 0) as orders,
        coalesce(sum(amount) filter (where origin = 'known'), 0) as known,
        coalesce(sum(amount) filter (where origin = 'anonymous'), 0) as anonymous,
        coalesce(sum(amount) filter (where origin = 'whole'), 0) as whole,
        coalesce(sum(amount) filter (where origin = 'customers'), 0) as customers
    from parts
    group by currency
)

select currency, orders, known, anonymous, whole, customers
from sums
where orders <> known + anonymous or whole <> customers
