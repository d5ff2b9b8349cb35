-- GA4: visits by device. People are visible only when logged in, or through the order they placed.

create table script as  -- what happens in a visit of each kind, and how many seconds after its start
select unnest([
    {'kind': 0, 'step': 0, 'event': 'session_start', 'after': 0}, {'kind': 0, 'step': 1, 'event': 'page_view', 'after': 0},
    {'kind': 1, 'step': 0, 'event': 'session_start', 'after': 0}, {'kind': 1, 'step': 1, 'event': 'page_view', 'after': 0},
    {'kind': 1, 'step': 2, 'event': 'login', 'after': 20}, {'kind': 1, 'step': 3, 'event': 'view_item', 'after': 45},
    {'kind': 1, 'step': 4, 'event': 'view_item', 'after': 130},
    {'kind': 2, 'step': 0, 'event': 'session_start', 'after': 0}, {'kind': 2, 'step': 1, 'event': 'page_view', 'after': 0},
    {'kind': 2, 'step': 2, 'event': 'login', 'after': 15}, {'kind': 2, 'step': 3, 'event': 'view_item', 'after': 60},
    {'kind': 2, 'step': 4, 'event': 'add_to_cart', 'after': 110},
    {'kind': 3, 'step': 0, 'event': 'session_start', 'after': 0}, {'kind': 3, 'step': 1, 'event': 'page_view', 'after': 0},
    {'kind': 3, 'step': 2, 'event': 'login', 'after': 30}, {'kind': 3, 'step': 3, 'event': 'view_item', 'after': 90},
    {'kind': 3, 'step': 4, 'event': 'add_to_cart', 'after': 150}, {'kind': 3, 'step': 5, 'event': 'begin_checkout', 'after': 240},
    {'kind': 3, 'step': 6, 'event': 'purchase', 'after': 420}], recursive := true);

create macro device_count(p) as 1 + chance(p, 'device.2', 0.65)::int + chance(p, 'device.3', 0.45)::int;
-- the device of a visit: its owner's number times four, plus which; some members use the head's
create macro device_key(p, head, visit) as case
    when head <> p and below(visit, 'device', device_count(p)) = 0 and chance(p, 'family_device', family_device()) then head * 4
    else p * 4 + below(visit, 'device', device_count(p)) end;
create macro device_id(device) as (1000000000 + scramble(device, 7919317, 1000000000))::varchar || '.'
    || (1500000000 + below(device, 'first_visit', 180000000))::varchar;

create macro visits_of(from_day, day) as table
with months as (
    select unnest(generate_series(date_trunc('month', from_day)::timestamp, day::timestamp, interval 1 month))::date as month
), planned as (
    select p, head, country, gone_on, month, (p * 64 + (year(month) - 2023) * 12 + month(month)) * 8 + s as visit
    from (select p, head, country, gone_on from person where chance(p, 'on_web', on_web())), months,
        unnest(range(below(p * 64 + (year(month) - 2023) * 12 + month(month), 'visits', 2 * sessions_a_month() + 1))) v(s)
), browsing as (
    select p, head, country, visit, gone_on, least(2, below(visit, 'visit.kind', 4)) as kind, null::bigint as number,
        moment(month + below(visit, 'visit.day', day(last_day(month)))::int, visit, 'visit') as started_at
    from planned
), buying as (
    select p, head, o.country, 3000000000 + number as visit, gone_on, 3 as kind, number, ordered_at - to_seconds(420) as started_at
    from true_order o join (select p, head, gone_on from person) using (p)
    where ordered_at::date between from_day and day and chance(number, 'tracked', 0.92)
)
select v.p, v.country, visit, kind, number, started_at, device_key(v.p, head, visit) as device,
    case when a.created_at <= started_at and chance(visit, 'logged_in', case when kind = 3 then 0.9 else logged_in() end)
         then a.customer_id::varchar end as login_id
from (from browsing union all by name from buying) v
left join account a on a.p = v.p and a.j = 0
where started_at::date between from_day and day and (gone_on is null or started_at::date < gone_on);

-- Text of JSON; no value made here holds a character that JSON escapes. BigQuery leaves out what is
-- null and writes 64-bit integers as text.
create macro text_field(name, value) as coalesce('"' || name || '":"' || value || '",', '');
create macro text_param(name, value) as coalesce('{"key":"' || name || '","value":{"string_value":"' || value || '"}},', '');
create macro int_param(name, value) as coalesce('{"key":"' || name || '","value":{"int_value":"' || value || '"}},', '');
create macro without_comma(list) as left(list, -1);

create macro visits_told(from_day, day) as table
select v.*, is_denied, epoch(started_at)::bigint as session, country_name,
    case when not is_denied then login_id end as user_id, case when not is_denied then device_id(device) end as pseudo_id,
    '{"analytics_storage":"' || case when is_denied then 'No' else 'Yes' end
        || '","ads_storage":"' || case when is_denied or chance(device, 'ads_denied', 0.3) then 'No' else 'Yes' end
        || '","uses_transient_token":"No"}' as privacy,
    '{"category":"' || pick(device, 'category', ['desktop', 'mobile', 'mobile', 'tablet'])
        || '","operating_system":"' || pick(device, 'os', ['Web', 'Android', 'iOS'])
        || '","language":"' || pick(device, 'language', ['nl', 'de', 'es', 'fr', 'en-gb']) || '"}' as device_text,
    ['newsletter', 'google', 'google', 'meta', '(direct)', '(direct)'][1 + below(visit, 'source', 6)] as source,
    ['email', 'organic', 'cpc', 'paid_social', '(none)', '(none)'][1 + below(visit, 'source', 6)] as medium,
    below(visit, 'us', 1000000) as microsecond
from (select *, chance(device, 'analytics_denied', analytics_denied()) as is_denied from visits_of(from_day, day)) v
join (select country, country_name from countries) using (country);

create macro baskets_of(from_day, day) as table
select o.number, currency, money(total) as revenue, sum(quantity)::bigint as pieces, min_by(l.sku, line) as first_sku,
    string_agg('{"item_id":"' || l.sku || '","quantity":"' || quantity || '"}', ',' order by line) as items
from true_order o join purchase_line l using (number)
where ordered_at::date between from_day and day group by all;

-- Google Analytics 4 > BigQuery export, as JSON lines
create macro ga4_events(from_day, day) as table
with told as (
    select v.*, event, step, after, epoch_us(started_at) + after * 1000000 + microsecond as happened_us,
        coalesce(b.first_sku, p.sku) as sku, b.items, b.pieces, b.revenue, b.currency
    from visits_told(from_day, day) v join script using (kind)
    left join product_slots p on event in ('view_item', 'add_to_cart') and v.number is null
        and p.slot = below(visit * 8 + step, 'looked_at', 1024)
        and p.kind = ['Cycling', 'Garden', 'Home', 'Kitchen', 'Outdoor'][1 + below(visit, 'looked_at.kind', 5)]
    left join baskets_of(from_day, day) b on b.number = v.number and step >= 3
    where event <> 'login' or login_id is not null
    order by happened_us, visit, step
)
select '{' || text_field('event_date', strftime(make_timestamp(happened_us), '%Y%m%d')) || text_field('event_timestamp', happened_us)
    || text_field('event_name', event) || '"event_params":['
    || without_comma(
        case when is_denied then '' else int_param('ga_session_id', session) end
        || text_param('page_location', 'https://shop.example/' || case when event in ('begin_checkout', 'purchase') then 'checkout'
            when sku is not null then 'products/' || lower(sku) else '' end)
        || case when event = 'session_start' then text_param('source', source) || text_param('medium', medium) else '' end
        || case when event = 'session_start' and medium in ('email', 'cpc', 'paid_social')
            then text_param('campaign', medium || '-' || strftime(started_at, '%Y-%m')) else '' end
        || case when event = 'purchase' then text_param('currency', currency) || text_param('transaction_id', order_name(number)) else '' end
        || int_param('engagement_time_msec', after * 1000 + 1))
    || '],' || text_field('user_id', user_id) || text_field('user_pseudo_id', pseudo_id) || '"privacy_info":' || privacy
    || ',"user_properties":[],"device":' || device_text || ',"geo":{"country":"' || country_name || '"},"traffic_source":{"medium":"' || medium
    || '","source":"' || source || '"},"stream_id":"3206015529","platform":"WEB",'
    || case when event = 'purchase' then '"ecommerce":{"transaction_id":"' || order_name(number) || '","purchase_revenue":' || revenue
            || ',"total_item_quantity":"' || pieces || '"},' else '' end
    || '"items":[' || case when event in ('view_item', 'add_to_cart') and sku is not null then '{"item_id":"' || sku || '","quantity":"1"}'
                          else coalesce(items, '') end || ']}' as line
from told;

-- which person used which device in that time
create macro truth_devices(from_day, day) as table
select distinct 'ga4' as system, device_id(device) as device_id, p as person_id from visits_of(from_day, day) order by device_id, person_id;
