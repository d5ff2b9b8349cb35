-- What a person bought. Money is in the project's currency; other currencies are in profiles.revenue.
-- grain: person_id
-- owner: webshop team
-- check: orders_count >= 0 and recency_days >= 0
with orders as (
    select f.*, f.currency = run.currency as is_main, greatest(date_diff('day', f.order_date, run.as_of), 0) as days_ago
    from profiles.order_facts as f
    cross join config.run as run
    where f.person_id is not null
)

select
    person_id, -- Person
    cast(count(*) filter (where is_sale) as bigint) as orders_count, -- [zero] Orders that were charged or still may be
    cast(count(*) filter (where is_cancelled) as bigint) as cancelled_orders_count, -- [zero] Orders that were cancelled
    cast(sum(if(is_sale, items, 0)) as bigint) as items_count, -- [zero] Pieces ordered
    cast(sum(returned_items) as bigint) as returned_items_count, -- [zero] Pieces returned
    min(order_date) filter (where is_sale) as first_order_date, -- Day of the first order
    max(order_date) filter (where is_sale) as last_order_date, -- Day of the last order
    min(days_ago) filter (where is_sale) as recency_days, -- Days since the last order
    cast(sum(if(is_main, gross_amount, 0)) as decimal(18, 4)) as gross_revenue, -- [zero] Charged, in the project's currency
    cast(sum(if(is_main, refunded_amount, 0)) as decimal(18, 4)) as refunded_revenue, -- [zero] Paid back, in the project's currency
    cast(sum(if(is_main, net_amount, 0)) as decimal(18, 4)) as net_revenue, -- [zero] Charged less paid back, in the project's currency
    string_agg(distinct currency, ', ' order by currency) as order_currencies -- Currencies the person ordered in
from orders
group by person_id
