-- The category and the brand a person keeps most of: most pieces kept, then most recently ordered, then by name.
-- Products that tell of health and the like do not count, and whoever objects to profiling has no favourite.
-- grain: person_id
-- owner: webshop team
with pieces as materialized (
    -- On its own: of three tables that share `source`, DuckDB may join orders with products on that alone, which is
    -- every order times the whole catalogue.
    select
        l.source, l.order_id, p.category, p.brand,
        greatest(l.quantity, 0) - coalesce(l.refunded_quantity, 0) as pieces
    from staging.order_lines as l
    join staging.products as p on l.source = p.source and l.sku = p.sku
    anti join profiles.special_products as s on p.source = s.source and p.sku = s.sku
),

lines as (
    select o.person_id, p.category, p.brand, o.order_date, p.pieces
    from profiles.order_facts as o
    join pieces as p on o.source = p.source and o.order_id = p.order_id
    anti join profiles.suppressions as x on o.person_id = x.person_id
    where o.person_id is not null and o.is_sale
),

counted as (
    select person_id, 'category' as kind, category as name, sum(pieces) as pieces, max(order_date) as last_date
    from lines
    where category is not null
    group by person_id, category
    union all
    select person_id, 'brand', brand, sum(pieces), max(order_date)
    from lines
    where brand is not null
    group by person_id, brand
),

ranked as (
    select
        *, row_number() over (partition by person_id, kind order by pieces desc, last_date desc, name) as place
    from counted
    where pieces > 0
)

select
    person_id, -- Person
    max(name) filter (where kind = 'category') as favourite_category, -- Category with most pieces kept
    max(name) filter (where kind = 'brand') as favourite_brand -- Brand with most pieces kept
from ranked
where place = 1
group by person_id
