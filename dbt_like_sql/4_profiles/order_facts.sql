-- One order and what it brought: charged, paid back, net, its items and its biggest product.
-- An order that was never charged (voided, or cancelled before it was paid) brought 0 and keeps its total in
-- uncharged_amount: net_amount + uncharged_amount is always total - paid back, to the cent.
-- A credit note (an order with a negative total) is money paid back, not a sale. An order that calls itself
-- refunded and states no amount was paid back whole; of one partly refunded without an amount the net is not known.
-- What a source never says of any order (pieces, pieces sent back, money paid back, cancellations) is empty, not 0.
-- Who got everything back bought nothing: such an order is_returned, and no sale.
-- grain: source, order_id
-- owner: webshop team
-- check: net_amount = gross_amount - refunded_amount
-- check: items >= 0 and returned_items >= 0
with orders as (
    select
        *,
        coalesce(regexp_replace(lower(trim(status)), '^wc-', '', 'g'), '') as payment,
        case
            when refunded_amount is not null then refunded_amount
            when payment = 'refunded' then greatest(total_amount, 0)
            when payment <> 'partially_refunded' then 0
        end as paid_back,
        bool_or(refunded_amount is not null or total_amount < 0) over (partition by source) or payment = 'refunded' as tells_refund,
        bool_or(cancelled_at is not null or payment <> '') over (partition by source) as tells_cancellation,
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
        bool_or(bool_or(quantity < 0 or refunded_quantity is not null)) over (partition by source) as tells_return,
        max_by(category, struct_pack(amount, line_number)) filter (where category is not null) as category,
        max_by(brand, struct_pack(amount, line_number)) filter (where brand is not null) as brand
    from lines
    group by source, order_id
),

facts as (
    select
        o.*, r.person_id, b.items, b.category, b.brand,
        if(b.tells_return, b.returned_items, null) as returned_items,
        o.is_charged and o.total_amount >= 0 as is_order,
        cast(if(o.is_charged, greatest(o.total_amount, 0), 0) as decimal(18, 4)) as gross_amount,
        cast(o.paid_back + if(o.is_charged, greatest(-o.total_amount, 0), 0) as decimal(18, 4)) as returned_amount
    from payments as o
    left join baskets as b on o.source = b.source and o.order_id = b.order_id
    left join identity.person_records as r on o.source = r.source and o.record_id = r.record_id
),

-- A credit note names no order, so of a person all that was paid to a shop is weighed against all that came back.
kept as (
    select
        *,
        coalesce(gross_amount > 0 and returned_amount >= gross_amount, false)
        or coalesce(items > 0 and returned_items >= items, false)
        or coalesce(person_id is not null and gross_amount > 0 and sum(gross_amount - coalesce(returned_amount, 0)) over shop <= 0, false)
            as is_given_back
    from facts
    window shop as (partition by person_id, source, currency)
)

select
    o.source, -- System of the order
    o.order_id, -- [personal] Order number inside its system
    o.person_id, -- Person who ordered; empty for an anonymous order
    o.record_id, -- [personal] People record that ordered
    o.ordered_at, -- When it was placed (UTC)
    cast(timezone(run.zone, timezone('UTC', o.ordered_at)) as date) as order_date, -- Day it was placed in the project's time zone
    o.status, -- Payment status as the source writes it
    if(o.tells_cancellation, o.is_void, null) as is_cancelled, -- Cancelled, voided or expired; empty when the source says neither status nor cancellation
    o.is_order and not o.is_given_back as is_sale, -- Counts as an order: not void before payment, no credit note, and not given back whole
    o.is_order and o.is_given_back as is_returned, -- Charged, and all of its money or all of its pieces came back
    o.currency, -- Currency of every amount
    o.gross_amount, -- Charged
    if(o.tells_refund or not o.is_charged, o.returned_amount, null) as refunded_amount, -- Paid back; empty when the source never says so, or not how much
    cast(if(o.is_charged, o.total_amount, 0) - o.paid_back as decimal(18, 4)) as net_amount, -- Charged less what the source says was paid back
    cast(if(o.is_charged, 0, o.total_amount) as decimal(18, 4)) as uncharged_amount, -- Total of an order that was never charged
    o.items, -- Pieces ordered; empty without lines
    o.returned_items, -- Pieces returned; empty when the source never says so
    o.category, -- Category of the line with the highest amount
    o.brand, -- Brand of the line with the highest amount
    o.discount_code, -- Voucher used
    o.sales_channel -- Where it was placed
from kept as o
cross join config.run as run
