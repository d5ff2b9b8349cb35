-- Revenue of all people and of anonymous orders is the revenue of all orders, per currency, to the cent;
-- and the customers' net revenue is that of the project's currency.
-- asset: profiles.customers
-- severity: error
-- owner: webshop team
-- fix: A person of order_facts is missing in revenue or customers; build profiles again
with parts as (
    select currency, net_amount as amount, 'orders' as origin
    from profiles.order_facts
    union all
    select currency, net_amount, 'known'
    from profiles.revenue
    union all
    select currency, net_amount, 'anonymous'
    from profiles.order_facts
    where person_id is null
    union all
    select run.currency, c.net_revenue, 'customers'
    from profiles.customers as c
    cross join config.run as run
),

sums as (
    select
        p.currency, p.currency = max(run.currency) as is_main,
        coalesce(sum(p.amount) filter (where p.origin = 'orders'), 0) as orders,
        coalesce(sum(p.amount) filter (where p.origin = 'known'), 0) as known,
        coalesce(sum(p.amount) filter (where p.origin = 'anonymous'), 0) as anonymous,
        coalesce(sum(p.amount) filter (where p.origin = 'customers'), 0) as customers
    from parts as p
    cross join config.run as run
    group by p.currency
)

select currency, orders, known, anonymous, customers
from sums
where orders <> known + anonymous or (is_main and customers <> known)
