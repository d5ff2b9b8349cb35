-- Orders and revenue of each month, split by who bought: a first order, a known customer, nobody we know.
-- grain: month, currency
-- owner: webshop team
-- check: net_amount = net_amount_new + net_amount_returning + net_amount_anonymous
with orders as (
    select
        *,
        date_trunc('month', order_date)::date as month,
        date_trunc('month', min(order_date) filter (where is_sale or is_returned) over (partition by person_id))::date as first_month
    from profiles.order_facts
    where order_date is not null
)

select
    month, -- First day of the month
    currency, -- Currency of the amounts
    cast(count(*) filter (where is_sale or is_returned) as bigint) as orders, -- Orders that were charged or still may be
    cast(count(distinct person_id) filter (where is_sale) as bigint) as buyers, -- Known people with an order that was not given back whole
    cast(sum(gross_amount) as decimal(18, 4)) as gross_amount, -- Charged
    cast(if(bool_and(refunded_amount is not null), sum(refunded_amount), null) as decimal(18, 4)) as refunded_amount, -- Paid back; empty when that of an order is not known
    cast(sum(net_amount) as decimal(18, 4)) as net_amount, -- Charged less what the sources say was paid back
    cast(sum(if(person_id is not null and first_month is not distinct from month, net_amount, 0)) as decimal(18, 4)) as net_amount_new, -- Of people in the month of their first order
    cast(sum(if(person_id is not null and first_month is distinct from month, net_amount, 0)) as decimal(18, 4)) as net_amount_returning, -- Of people who ordered before
    cast(sum(if(person_id is null, net_amount, 0)) as decimal(18, 4)) as net_amount_anonymous -- Of orders that belong to nobody known
from orders
group by month, currency
