-- Sizes and shares of what was made, one row a day: what the next run is held against.
-- grain: as_of, subject, measure
-- owner: data team
-- empty previous.reports.measurements: as_of date, subject varchar, measure varchar, kind varchar, amount decimal(18, 6)
with customers as (
    select count(*) as people, sum(records_count) as records, count(*) filter (where is_reachable_by_email) as reachable
    from profiles.customers
),

orders as (
    select
        count(*) as orders, median(gross_amount) filter (where o.currency = run.currency and o.is_sale) as order_value,
        count(*) filter (where o.person_id is null) as anonymous, if(count(o.is_cancelled) > 0, count(*) filter (where o.is_cancelled), null) as cancelled
    from profiles.order_facts as o
    cross join config.run as run
),

measured as (
    select source_name || ' in ' || table_name as subject, 'rows used' as measure, 'size' as kind, sum(rows_staged) as amount
    from staging.reconciliation
    group by source_name, table_name
    union all
    select source_name || ' in ' || table_name, 'share set aside', 'share', sum(rows_quarantined) / nullif(sum(rows_quarantined) + sum(rows_staged), 0)
    from staging.reconciliation
    group by source_name, table_name
    union all
    select 'customers', 'people', 'size', people from customers
    union all
    select 'customers', 'records each', 'size', records / nullif(people, 0) from customers
    union all
    select 'customers', 'share reachable by e-mail', 'share', reachable / nullif(people, 0) from customers
    union all
    select 'customers', 'share with ' || field, 'share', share from reports.fill_rates
    union all
    select 'orders', 'median value', 'size', order_value from orders
    union all
    select 'orders', 'share of nobody known', 'share', anonymous / nullif(orders, 0) from orders
    union all
    select 'orders', 'share cancelled', 'share', cancelled / nullif(orders, 0) from orders
    union all
    select s.segmentation || ': ' || s.segment, 'share of customers', 'share', s.people / nullif(c.people, 0)
    from segments.sizes as s
    cross join customers as c
    union all
    select destination || ': ' || audience, 'people written', 'size', written from activation.receipts
)

select
    p.as_of, -- Day of the run
    p.subject, -- What was measured
    p.measure, -- What of it
    p.kind, -- size: compared by ratio; share: from 0 to 1, compared by difference
    p.amount -- The number
from previous.reports.measurements as p
join config.run as run on p.as_of < run.as_of and p.as_of >= run.as_of - interval 400 days
union all
select run.as_of, m.subject, m.measure, m.kind, cast(m.amount as decimal(18, 6))
from measured as m
cross join config.run as run
where m.amount is not null
