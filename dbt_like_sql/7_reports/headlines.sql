-- The run in one row: what came in, who was found, what they are worth and who may be reached. Without any order
-- nothing is said of buyers and orders, without one in the project's currency nothing of money.
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
        count(*) filter (where orders_count > 0 and net_revenue is null) as buyers_without_revenue,
        count(*) filter (where is_reachable_by_email) as reachable_by_email,
        count(*) filter (where email is not null) as with_email
    from profiles.customers
),

sales as (
    select
        count(*) as rows,
        count(*) filter (where o.is_sale or o.is_returned) as orders,
        count(*) filter (where (o.is_sale or o.is_returned) and o.person_id is null) as anonymous_orders,
        count(*) filter (where (o.is_sale or o.is_returned) and o.currency <> run.currency) as orders_in_other_currencies,
        sum(o.net_amount) filter (where o.currency = run.currency) as net_revenue,
        coalesce(sum(o.net_amount) filter (where o.currency = run.currency and o.order_date > run.as_of - interval 1 year), if(net_revenue is null, null, 0)) as net_revenue_last_year
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
    if(s.rows > 0, cast(c.buyers as bigint), null) as buyers, -- People with an order that was not given back whole
    if(s.rows > 0, cast(c.repeat_buyers as bigint), null) as repeat_buyers, -- People with more than one
    if(s.rows > 0, cast(c.buyers_without_revenue as bigint), null) as buyers_without_revenue, -- Buyers whose revenue is not known: charged in another currency too, or partly paid back without saying how much
    if(s.rows > 0, cast(s.orders as bigint), null) as orders, -- Orders that were charged or still may be
    if(s.rows > 0, cast(s.anonymous_orders as bigint), null) as anonymous_orders, -- Orders that belong to nobody known
    if(s.rows > 0, cast(s.orders_in_other_currencies as bigint), null) as orders_in_other_currencies, -- Orders whose money is in no sum of the next two columns
    cast(s.net_revenue as decimal(18, 4)) as net_revenue, -- Charged less paid back, of the orders in the project's currency
    cast(s.net_revenue_last_year as decimal(18, 4)) as net_revenue_last_year -- The same in the year up to the day of the run
from files as f
cross join identity as i
cross join customers as c
cross join sales as s
cross join config.run as run
