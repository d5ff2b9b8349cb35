-- The run in one row: what came in, who was found, what they are worth and who may be reached.
-- grain: as_of
-- owner: data team
-- check: people <= records and buyers <= people and reachable_by_email <= people
with files as (
    select
        count(*) filter (where status = 'loaded') as loaded,
        count(*) filter (where status in ('refused', 'unclaimed', 'unready')) as not_used,
        coalesce(sum(rows_read) filter (where status = 'loaded'), 0) as rows_read
    from raw.files
),

identity as (
    select count(*) as records, count(distinct person_id) as people from identity.person_records
),

customers as (
    select
        count(*) filter (where orders_count > 0) as buyers,
        count(*) filter (where orders_count > 1) as repeat_buyers,
        count(*) filter (where permits_email_marketing and email is not null) as reachable_by_email,
        count(*) filter (where email is not null) as with_email
    from profiles.customers
),

sales as (
    select
        count(*) filter (where o.is_sale) as orders,
        count(*) filter (where o.is_sale and o.person_id is null) as anonymous_orders,
        coalesce(sum(if(o.currency = run.currency, o.net_amount, 0)), 0) as net_revenue,
        coalesce(sum(if(o.currency = run.currency and o.order_date > run.as_of - interval 1 year, o.net_amount, 0)), 0) as net_revenue_last_year
    from profiles.order_facts as o
    cross join config.run as run
)

select
    run.as_of, -- Day the run looks from
    run.currency, -- Currency of the amounts
    cast(f.loaded as bigint) as files_loaded, -- Files used
    cast(f.not_used as bigint) as files_not_used, -- Files refused, not ready or claimed by nobody
    cast(f.rows_read as bigint) as rows_read, -- Rows in the files used
    cast(i.records as bigint) as records, -- Records of people
    cast(i.people as bigint) as people, -- People they turned out to be
    cast(c.with_email as bigint) as with_email, -- People with an e-mail address
    cast(c.reachable_by_email as bigint) as reachable_by_email, -- People who may get marketing by e-mail
    cast(c.buyers as bigint) as buyers, -- People with an order
    cast(c.repeat_buyers as bigint) as repeat_buyers, -- People with more than one
    cast(s.orders as bigint) as orders, -- Orders
    cast(s.anonymous_orders as bigint) as anonymous_orders, -- Orders that belong to nobody known
    cast(s.net_revenue as decimal(18, 4)) as net_revenue, -- Charged less paid back, in the project's currency
    cast(s.net_revenue_last_year as decimal(18, 4)) as net_revenue_last_year -- The same in the year up to the day of the run
from files as f
cross join identity as i
cross join customers as c
cross join sales as s
cross join config.run as run
