-- What a person bought. Money is in the project's currency: of whoever was charged in another one too it is empty,
-- for a part is not the whole; the parts are in profiles.revenue. So is whatever a source of the orders never says.
-- grain: person_id
-- owner: webshop team
-- check: orders_count >= 0 and recency_days >= 0
with orders as (
    select
        f.*, f.is_sale or f.is_returned as is_order, date_diff('day', f.order_date, run.as_of) as days_ago,
        if(f.currency = run.currency or f.gross_amount = 0, f.gross_amount, null) as gross,
        if(f.currency = run.currency or f.refunded_amount = 0, f.refunded_amount, null) as refunded,
        if(f.currency = run.currency or f.net_amount = 0, f.net_amount, null) as net
    from profiles.order_facts as f
    cross join config.run as run
    where f.person_id is not null
)

select
    person_id, -- Person
    cast(count(*) filter (where is_sale) as bigint) as orders_count, -- [zero] Orders that were charged or still may be, and not given back whole
    cast(count(*) filter (where is_returned) as bigint) as returned_orders_count, -- [zero] Orders of which all the money or all the pieces came back
    if(bool_and(is_cancelled is not null), cast(count(*) filter (where is_cancelled) as bigint), null) as cancelled_orders_count, -- [zero] Orders that were cancelled
    if(bool_and(items is not null or not is_order), cast(sum(if(is_order, items, 0 * items)) as bigint), null) as items_count, -- [zero] Pieces ordered
    if(bool_and(returned_items is not null or not is_order), cast(sum(returned_items) as bigint), null) as returned_items_count, -- [zero] Pieces returned
    min(order_date) filter (where is_sale) as first_order_date, -- Day of the first order that counts
    max(order_date) filter (where is_sale) as last_order_date, -- Day of the last order that counts
    min(days_ago) filter (where is_sale) as recency_days, -- Days since the last order that counts
    cast(if(bool_and(gross is not null), sum(gross), null) as decimal(18, 4)) as gross_revenue, -- [zero] Charged, in the project's currency
    cast(if(bool_and(refunded is not null), sum(refunded), null) as decimal(18, 4)) as refunded_revenue, -- [zero] Paid back, in the project's currency
    cast(if(bool_and(net is not null), sum(net), null) as decimal(18, 4)) as net_revenue, -- [zero] Charged less what the sources say was paid back, in the project's currency
    string_agg(distinct currency, ', ' order by currency) as order_currencies -- Currencies the person ordered in
from orders
group by person_id
