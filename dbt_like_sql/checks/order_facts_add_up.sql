-- No order and no cent is lost between staging.orders and profiles.order_facts, per currency.
-- asset: profiles.order_facts
-- severity: error
-- owner: webshop team
-- fix: A join in order_facts.sql lost or doubled orders; see the orders whose source and order_id differ in number
with orders as (
    select
        currency, total_amount,
        case
            when refunded_amount is not null then refunded_amount
            when lower(trim(status)) in ('refunded', 'wc-refunded') then greatest(total_amount, 0)
            when coalesce(lower(trim(status)), '') not in ('partially_refunded', 'wc-partially_refunded') then 0
        end as paid_back
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
