-- Shopify: accounts, orders and their lines, and the three exports made of them.

create table shopper as
select *, case when is_guest then case when chance(p, 'registers', guest_registers()) then started_on + below(p, 'registers.after', 300)::int end
               else started_on end as account_from
from (
    select p, country, gone_on, chance(p, 'guest', guest()) as is_guest,
        history_start() + below(p, 'shop.start', history_days())::int as started_on,
        -- how many orders: a large share one, the rest a heavy tail (99 % below 20)
        case when chance(p, 'one_time', one_time_buyer()) then 1
             else least(60, 2 + floor(2.3 * pow(-ln(1 - u(p, 'orders')), 1.5)))::bigint end as orders_planned,
        pow(u(p, 'stays'), 0.4) as stays, below(p, 'favourite', 5) as favourite,
        case when chance(p, 'big_basket', 0.12) then 2 else 0 end as extra_lines,
        case when chance(p, 'bulk', 0.05) then 3 else 1 end as bulk
    from person where in_shop);

create macro customer_id(p, j) as 7000000000000 + scramble(2 * p + j + 1, 7919317, 100000000000);
create macro order_name(number) as '#' || (1001 + number);

-- Accounts: j = 0 the account, j = 1 a second one made by accident later.
create table account as
select p, j, 2 * p + j as key, customer_id(p, j) as customer_id,
    case when j = 0 and not is_guest then moment(account_from, p * 64, 'order') - interval 5 minute  -- while ordering
         else moment(account_from + case when j = 1 then 30 + below(p, 'second_account', 300)::int else 0 end, 2 * p + j, 'account')
    end as created_at
from (select p, is_guest, account_from, unnest([0, 1]) as j from shopper)
where account_from is not null and (j = 0 or chance(p, 'shop_duplicate', shop_duplicate()));
create macro account_email(p, j, email, email_2) as
    case when j = 1 then coalesce(email_2, replace(email, '@', '+2@'))
         when chance(p, 'shop.no_email', 0.008) then null
         when email_2 is not null and chance(p, 'shop.other_email', 0.2) then email_2 else email end;

create table purchase as
with planned as (
    select p, country, started_on, gone_on, account_from, k, p * 64 + k as number, favourite, extra_lines, bulk,
        started_on + case when k = 0 then 0 else floor(date_diff('day', started_on, horizon()) * stays * u(p * 64 + k, 'when'))::int end as day
    from shopper, unnest(range(orders_planned)) o(k)
), timed as (
    select *, case when k > 0 and chance(number, 'season', 0.2) and make_date(year(day), 11, 12) >= started_on
                   then make_date(year(day), 11, 12) + below(number, 'season.day', 40)::int else day end as bought_on
    from planned
)
select number, t.p, country, favourite, extra_lines, bulk, ordered_at, account_j,
    case when account_j is not null then customer_id(t.p, account_j) end as customer_id,
    case when account_j is null then 2147483648 + number else 2 * t.p + account_j end as noise_key,
    chance(number, 'cancelled', cancelled()) as is_cancelled, chance(number, 'discounted', discounted()) as is_discounted,
    case when chance(number, 'refunded', refunded()) then case when chance(number, 'refund.whole', 0.45) then 'whole' else 'line' end end as refund
from (
    select p, country, favourite, extra_lines, bulk, number, bought_on, gone_on, moment(bought_on, number, 'order') as ordered_at,
        case when second_at <= moment(bought_on, number, 'order') and chance(number, 'second_account', 0.4) then 1
             when first_at <= moment(bought_on, number, 'order') then 0 end as account_j
    from timed
    left join (select p, min(created_at) filter (j = 0) as first_at, min(created_at) filter (j = 1) as second_at
               from account group by p) a using (p)) t
where (gone_on is null or bought_on < gone_on) and bought_on <= horizon();

create table purchase_line as
select number, line, s.sku, title, vendor, kind, quantity,
    case when country = 'GB' then price_gbp else price end as price, cost
from (
    select number, country, line, bulk * (1 + chance(id, 'two', 0.1)::int + chance(id, 'three', 0.03)::int) as quantity,
        ['Cycling', 'Garden', 'Home', 'Kitchen', 'Outdoor'][1 + case when chance(id, 'favourite', 0.65) then favourite
                                                                     else below(id, 'kind', 5) end] as wanted, id
    from (select number, country, favourite, bulk, line, number * 8 + line as id
          from purchase, unnest(range(1 + extra_lines + chance(number, 'lines.2', 0.42)::int + chance(number, 'lines.3', 0.2)::int
                                        + chance(number, 'lines.4', 0.08)::int)) l(line)))
join product_slots s on s.kind = wanted and s.slot = below(id, 'product', 1024)
join products using (sku, kind);

-- Money in cents. Prices include tax, as shops in Europe show them: total = subtotal + shipping,
-- subtotal = lines - discount, and taxes is the part of the total that is tax.
create table true_order as
with goods as (
    select number, sum(price * quantity)::bigint as gross, sum(quantity)::bigint as items,
        max(case when line = 0 then price * quantity end)::bigint as first_line
    from purchase_line group by number
), charged as (
    select o.*, gross, items, first_line, c.currency, c.vat, case when is_discounted then gross // 10 else 0 end as discount
    from purchase o join goods using (number) join countries c using (country)
), totals as (
    select *, gross - discount as subtotal, case when gross - discount < 5000 then 495 else 0 end as shipping,
        gross - discount + case when gross - discount < 5000 then 495 else 0 end as total
    from charged
)
select *, (total * vat + (100 + vat) // 2) // (100 + vat) as taxes,
    case when is_cancelled then ordered_at + to_seconds(600 + below(number, 'cancelled.after', 20000)) end as cancelled_at,
    case when not is_cancelled then ordered_at + to_seconds(1 + below(number, 'paid.after', 120)) end as paid_at,
    case when not is_cancelled then ordered_at + to_seconds(28800 + below(number, 'sent.after', 200000)) end as fulfilled_at,
    case when not is_cancelled and refund is not null
         then ordered_at + to_seconds(400000 + below(number, 'refund.after', 1800000)) end as refunded_at,
    case when is_cancelled or refund is null then 0 when refund = 'whole' then total
         else least(first_line - case when is_discounted then first_line // 10 else 0 end, total) end as refunded
from totals;
drop table purchase;

-- The orders a day's file holds: on the first day every one so far, later the new and the changed.
create macro orders_of(day, is_first) as table
select *, coalesce(cancelled_at::date <= day, false) as cancelled_now, coalesce(fulfilled_at::date <= day, false) as sent_now,
    coalesce(refunded_at::date <= day, false) as refunded_now
from true_order
where ordered_at::date <= day
  and (is_first or ordered_at::date = day or cancelled_at::date = day or fulfilled_at::date = day or refunded_at::date = day);

create macro order_profiles(day, is_first) as table
select 'order:' || order_name(number) as record_id, o.p, noise_key as key, person.country, first_name, head_first_name,
    case when renamed_on <= ordered_at::date then new_surname else last_name end as last_name,
    case when account_j is null then case when email_2 is not null and chance(number, 'guest.other_email', 0.25) then email_2 else email end
         else account_email(o.p, account_j, email, email_2) end as email,
    case when chance(coalesce(noise_key, number), 'shop.no_phone', phone_missing()) then null else phone end as phone,
    case when moved_on <= ordered_at::date then street_2 else street end as street,
    case when moved_on <= ordered_at::date then house_number_2 else house_number end as house_number,
    case when moved_on <= ordered_at::date then postcode_2 else postcode end as postcode,
    case when moved_on <= ordered_at::date then city_2 else city end as city,
    null::date as birth_date, true as may_mistype
from orders_of(day, is_first) o join person using (p);

create macro account_profiles(day) as table
select customer_id::varchar as record_id, p, key, country, first_name, head_first_name, last_name,
    account_email(p, j, email, email_2) as email,
    case when chance(key, 'shop.no_phone', phone_missing()) then null else phone end as phone,
    street, house_number, postcode, city, null::date as birth_date, true as may_mistype
from known('shop', 200, day) join account using (p)
where created_at::date <= day and not coalesce(is_gone, false);

create view person_company as select p, company_name from person;

-- Shopify > Customers > Export
create macro shopify_customers(day) as table
with spent as (
    select customer_id, sum(total - case when refunded_at::date <= day then refunded else 0 end)::bigint as cents, count(*) as orders
    from true_order where ordered_at::date <= day and not coalesce(cancelled_at::date <= day, false) and customer_id is not null
    group by customer_id
)
select '''' || record_id as "Customer ID", first_name as "First Name", last_name as "Last Name", email as "Email",
    yes_no(accepts(p, 'shop', day)) as "Accepts Email Marketing",
    case when chance(p, 'shop.company', 0.5) then company_name end as "Default Address Company",
    street || ' ' || house_number as "Default Address Address1", null as "Default Address Address2",
    city as "Default Address City", null as "Default Address Province Code", country as "Default Address Country Code",
    '''' || postcode as "Default Address Zip", '''' || phone as "Default Address Phone", '''' || phone as "Phone",
    yes_no(phone is not null and chance(p, 'opt_in.sms', 0.15)) as "Accepts SMS Marketing",
    money(coalesce(cents, 0)) as "Total Spent", coalesce(orders, 0) as "Total Orders",
    case when chance(key, 'note', 0.02) then 'Leave parcel with neighbours' end as "Note", 'no' as "Tax Exempt",
    case when coalesce(orders, 0) >= 10 then 'vip, newsletter' when chance(p, 'staff', 0.001) then 'staff'
         when chance(p, 'tag', 0.1) then 'wholesale' end as "Tags"
from account_seen join person_company using (p) left join spent s on s.customer_id = record_id::bigint
order by record_id::bigint;

-- Shopify > Orders > Export: one row a line item, the order's own fields on the first of them
create macro first_row(value, line) as case when line = 0 then value end;
create macro shopify_orders(day, is_first) as table
with sorted_lines as (
    select o.*, l.line, l.sku, l.title, l.vendor, l.quantity, l.price, s.first_name, s.last_name, s.email, s.phone,
        concat_ws(' ', s.first_name, s.last_name) as name, s.street, s.house_number, s.postcode, s.city, c.company_name,
        n.vat as vat_rate, street || ' ' || house_number as address
    from orders_of(day, is_first) o
    join order_seen s on s.record_id = 'order:' || order_name(o.number)
    join purchase_line l on l.number = o.number
    join person_company c on c.p = o.p
    join countries n on n.country = o.country
    order by ordered_at, number, line
)
select order_name(number) as "Name", email as "Email",
    first_row(case when cancelled_now then 'voided' when refunded_now and refunded = total then 'refunded'
                   when refunded_now then 'partially_refunded' else 'paid' end, line) as "Financial Status",
    first_row(shop_time(paid_at), line) as "Paid at",
    first_row(case when sent_now then 'fulfilled' else 'unfulfilled' end, line) as "Fulfillment Status",
    first_row(case when sent_now then shop_time(fulfilled_at) end, line) as "Fulfilled at",
    first_row(yes_no(accepts(p, 'shop', ordered_at::date)), line) as "Accepts Marketing",
    first_row(currency, line) as "Currency", first_row(money(subtotal), line) as "Subtotal",
    first_row(money(shipping), line) as "Shipping", first_row(money(taxes), line) as "Taxes",
    first_row(money(total), line) as "Total", first_row(case when discount > 0 then 'WELCOME10' end, line) as "Discount Code",
    first_row(money(discount), line) as "Discount Amount", first_row('Standard', line) as "Shipping Method",
    first_row(shop_time(ordered_at), line) as "Created at", quantity as "Lineitem quantity", title as "Lineitem name",
    money(price) as "Lineitem price", null as "Lineitem compare at price", sku as "Lineitem sku",
    'true' as "Lineitem requires shipping", 'true' as "Lineitem taxable",
    case when sent_now then 'fulfilled' else 'pending' end as "Lineitem fulfillment status",
    first_row(name, line) as "Billing Name", first_row(address, line) as "Billing Street",
    first_row(address, line) as "Billing Address1", null as "Billing Address2",
    first_row(case when chance(p, 'shop.company', 0.5) then company_name end, line) as "Billing Company",
    first_row(city, line) as "Billing City", first_row('''' || postcode, line) as "Billing Zip", null as "Billing Province",
    first_row(country, line) as "Billing Country", first_row('''' || phone, line) as "Billing Phone",
    first_row(name, line) as "Shipping Name", first_row(address, line) as "Shipping Street",
    first_row(address, line) as "Shipping Address1", null as "Shipping Address2",
    null as "Shipping Company", first_row(city, line) as "Shipping City", first_row('''' || postcode, line) as "Shipping Zip",
    null as "Shipping Province", first_row(country, line) as "Shipping Country", first_row('''' || phone, line) as "Shipping Phone",
    null as "Notes", null as "Note Attributes", first_row(case when cancelled_now then shop_time(cancelled_at) end, line) as "Cancelled at",
    first_row(pick(number, 'payment', ['iDEAL', 'PayPal', 'Klarna', 'Visa']), line) as "Payment Method",
    first_row('c' || number || '.1', line) as "Payment Reference",
    first_row(money(case when refunded_now then refunded else 0 end), line) as "Refunded Amount", vendor as "Vendor",
    first_row('0.00', line) as "Outstanding Balance", null as "Employee", null as "Location", null as "Device ID",
    first_row((5000000000000 + scramble(number, 7919317, 100000000000))::varchar, line) as "Id", null as "Tags",
    first_row('Low', line) as "Risk Level", first_row('web', line) as "Source", '0.00' as "Lineitem discount",
    first_row('VAT ' || vat_rate || '%', line) as "Tax 1 Name", first_row(money(taxes), line) as "Tax 1 Value",
    null as "Tax 2 Name", null as "Tax 2 Value", null as "Tax 3 Name", null as "Tax 3 Value", null as "Tax 4 Name",
    null as "Tax 4 Value", null as "Tax 5 Name", null as "Tax 5 Value", first_row('''' || phone, line) as "Phone",
    null as "Receipt Number", null as "Duties", null as "Billing Province Name", null as "Shipping Province Name",
    first_row('p' || number, line) as "Payment ID", null as "Payment Terms Name", null as "Next Payment Due At",
    first_row('c' || number || '.1', line) as "Payment References"
from sorted_lines;

-- Shopify > Products > Export
create macro shopify_products(day) as table
select handle as "Handle", title as "Title", '<p>' || title || '</p>' as "Body (HTML)", vendor as "Vendor",
    path as "Product Category", kind as "Type", tags as "Tags", 'true' as "Published", 'Title' as "Option1 Name",
    'Default Title' as "Option1 Value", null as "Option2 Name", null as "Option2 Value", null as "Option3 Name",
    null as "Option3 Value", sku as "Variant SKU", 500 as "Variant Grams", 'shopify' as "Variant Inventory Tracker",
    10 + below(price, sku || day, 90) as "Variant Inventory Qty", 'deny' as "Variant Inventory Policy",
    'manual' as "Variant Fulfillment Service", money(price) as "Variant Price", null as "Variant Compare At Price",
    'true' as "Variant Requires Shipping", 'true' as "Variant Taxable", null as "Variant Barcode", null as "Image Src",
    null as "Image Position", null as "Image Alt Text", 'false' as "Gift Card", null as "SEO Title", null as "SEO Description",
    null as "Variant Image", 'kg' as "Variant Weight Unit", null as "Variant Tax Code", money(cost) as "Cost per item",
    'active' as "Status"
from products order by sku;
