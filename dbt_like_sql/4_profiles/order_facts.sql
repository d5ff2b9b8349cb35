-- One order and what it brought: charged, paid back, net, its items and its biggest product.
-- An order that was never charged (voided, or cancelled before it was paid) brought 0 and keeps its total in
-- uncharged_amount: net_amount + uncharged_amount is always total - paid back, to the cent.
-- A credit note (an order with a negative total) is money paid back, not a sale. An order that calls itself
-- refunded and states no amount was paid back whole.
-- grain: source, order_id
-- owner: webshop team
-- check: net_amount = gross_amount - refunded_amount
-- check: items >= 0 and returned_items >= 0
with orders as (
    select
        *,
        coalesce(regexp_replace(lower(trim(status)), '^wc-', '', 'g'), '') as payment,
        coalesce(refunded_amount, if(payment = 'refunded', greatest(total_amount, 0), 0)) as paid_back,
        cancelled_at is not null or payment in ('cancelled', 'canceled', 'voided', 'expired') as is_void
    from staging.orders
),

payments as (
    select
        *,
        paid_back > 0
        or payment in ('paid', 'partially_paid', 'partially_refunded', 'refunded')
        or not (is_void or payment in ('failed', 'draft', 'trash')) as is_charged
    from orders
),

lines as (
    select
        l.source, l.order_id, l.line_number, l.quantity, l.refunded_quantity, p.category, p.brand,
        cast(l.quantity * coalesce(l.unit_amount, 0) - coalesce(l.discount_amount, 0) as decimal(18, 4)) as amount
    from staging.order_lines as l
    left join staging.products as p on l.source = p.source and l.sku = p.sku
),

baskets as (
    select
        source, order_id,
        cast(sum(greatest(quantity, 0)) as bigint) as items,
        cast(sum(greatest(-quantity, 0) + coalesce(refunded_quantity, 0)) as bigint) as returned_items,
        max_by(category, struct_pack(amount, line_number)) filter (where category is not null) as category,
        max_by(brand, struct_pack(amount, line_number)) filter (where brand is not null) as brand
    from lines
    group by source, order_id
)

select
    o.source, -- System of the order
    o.order_id, -- Order number inside its system
    r.person_id, -- Person who ordered; empty for an anonymous order
    o.record_id, -- People record that ordered
    o.ordered_at, -- When it was placed (UTC)
    cast(timezone(run.zone, timezone('UTC', o.ordered_at)) as date) as order_date, -- Day it was placed in the project's time zone
    o.status, -- Payment status as the source writes it
    o.is_void as is_cancelled, -- Cancelled, voided or expired
    o.is_charged and o.total_amount >= 0 as is_sale, -- Counts as an order: not void before payment, and not a credit note
    o.currency, -- Currency of every amount
    cast(if(o.is_charged, greatest(o.total_amount, 0), 0) as decimal(18, 4)) as gross_amount, -- Charged
    cast(o.paid_back + if(o.is_charged, greatest(-o.total_amount, 0), 0) as decimal(18, 4)) as refunded_amount, -- Paid back
    cast(if(o.is_charged, o.total_amount, 0) - o.paid_back as decimal(18, 4)) as net_amount, -- Charged less paid back
    cast(if(o.is_charged, 0, o.total_amount) as decimal(18, 4)) as uncharged_amount, -- Total of an order that was never charged
    coalesce(b.items, 0) as items, -- Pieces ordered
    coalesce(b.returned_items, 0) as returned_items, -- Pieces returned
    b.category, -- Category of the line with the highest amount
    b.brand, -- Brand of the line with the highest amount
    o.discount_code, -- Voucher used
    o.sales_channel -- Where it was placed
from payments as o
cross join config.run as run
left join baskets as b on o.source = b.source and o.order_id = b.order_id
left join identity.person_records as r on o.source = r.source and o.record_id = r.record_id
