-- No order and no cent is lost between staging.orders and profiles.order_facts, per currency.
-- asset: profiles.order_facts
-- severity: error
-- owner: webshop team
-- fix: A join in order_facts.sql lost or doubled orders; see the orders whose source and order_id differ in number
with orders as (
    select
        currency, total_amount,
        coalesce(refunded_amount, if(lower(trim(status)) in ('refunded', 'wc-refunded'), greatest(total_amount, 0), 0)) as paid_back
    from staging.orders
),

staged as (
    select currency, count(*) as orders, sum(total_amount - paid_back) as amount
    from orders
    group by currency
),

facts as (
    select currency, count(*) as orders, sum(net_amount + uncharged_amount) as amount
    from profiles.order_facts
    group by currency
)

select
    coalesce(s.currency, f.currency) as currency,
    s.orders as orders_staged, f.orders as orders_in_facts, s.amount as amount_staged, f.amount as amount_in_facts
from staged as s
full join facts as f on s.currency = f.currency
where s.orders is distinct from f.orders or s.amount is distinct from f.amount
