-- What is true behind the files, as of a day.

create macro truth_people(first_day, day) as table
select p as person_id, head as household_id, country, first_name,
    case when renamed_on <= day then new_surname else last_name end as last_name, sex, birth_date, email, email_2, phone,
    case when moved_on <= day then street_2 else street end as street,
    case when moved_on <= day then house_number_2 else house_number end as house_number,
    case when moved_on <= day then postcode_2 else postcode end as postcode,
    case when moved_on <= day then city_2 else city end as city,
    moved_on, renamed_on, last_name as first_last_name, namesake_of, company_name
from person order by p;

create macro truth_households(first_day, day) as table
select head as household_id, min(country) as country, count(*) as people, min(moved_on) as moved_on from person group by head order by head;

create macro every_seen() as table
select 'hubspot' as system, record_id, p, edits from contact_seen
union all select 'shopify', record_id, p, edits from account_seen
union all select 'shopify', record_id, p, edits from order_seen
union all select 'zendesk', record_id, p, edits from requester_seen
union all select 'mailchimp', member_id, p, edits from membership
union all select 'meta_leads', record_id, p, edits from lead_seen;

-- records of people that the files of all days hold together
create macro truth_record_person(first_day, day) as table
with gone as (select p, gone_on from person), records as (
    select 'hubspot' as system, contact_id::varchar as record_id, p from contact join gone using (p)
    where created_at::date <= day and coalesce(merged_on > first_day, true) and coalesce(gone_on + below(p, 'crm.erasure_lag', 3)::int > first_day, true)
    union all select 'shopify', customer_id::varchar, p from account join gone using (p)
    where created_at::date <= day and coalesce(gone_on + below(p, 'shop.erasure_lag', 3)::int > first_day, true)
    union all select 'shopify', 'order:' || order_name(number), p from true_order where ordered_at::date <= day
    union all select distinct 'zendesk', requester_id(p, j)::varchar, p from ticket where opened_at::date <= day
    union all select 'mailchimp', member_id, p from membership
    where opted_in_at::date <= day and coalesce(gone_from_mail > first_day, true)
    union all select 'meta_leads', lead_id(id)[3:], p from lead where created_at::date <= day
)
select system, record_id, r.p as person_id, head as household_id from records r join person on person.p = r.p
order by system, record_id;

create macro truth_edits(first_day, day) as table
select system, record_id, p as person_id, e.field, e.old, e."new", e.kind
from (select system, record_id, p, unnest(edits) as e from every_seen())
where e.kind is not null order by system, record_id, e.field;

create macro truth_permissions(first_day, day) as table
with changes as (
    select p, 'email' as namespace, lower(trim(email)) as value, 'email_marketing' as purpose, 'email' as channel, 'granted' as status,
        case when is_confirmed then confirmed_at else opted_in_at end as changed_at, 'mailchimp' as system from membership
    union all select p, 'email', lower(trim(email)), 'email_marketing', 'email', 'withdrawn', unsubscribed_at, 'mailchimp' from membership
    union all select p, 'email', lower(trim(email)), 'email_marketing', 'email', 'bounced', cleaned_at, 'mailchimp' from membership
    union all
    select p, 'email', lower(trim(email)), 'email_marketing', 'email', case when accepts(p, 'shop', day) then 'granted' else 'denied' end,
        created_at, 'shopify' from account_seen join account using (p, key) where email is not null
    union all
    select p, 'phone', phone, 'sms_marketing', 'sms', 'granted', created_at, 'shopify' from account_seen join account using (p, key)
    where phone is not null and chance(p, 'opt_in.sms', 0.15)
    union all
    select p, 'email', lower(trim(email)), 'advertising', 'ads', case when ads_answer(p) then 'granted' else 'denied' end, created_at, 'hubspot'
    from contact_seen join contact using (p, key) where email is not null and chance(p, 'ads_asked', ads_asked())
)
select namespace, value, purpose, channel, status, changed_at, p as person_id, system from changes
where changed_at::date <= day order by namespace, value, changed_at, status, system, p;

create macro truth_erasures(first_day, day) as table
select p as person_id, email, erasure_on as requested_on, gone_on is null as registers_again
from person where erasure_on <= day order by p;

create macro truth_orders(first_day, day) as table
select order_name(number) as order_id, p as person_id, customer_id::varchar as customer_id, ordered_at, currency,
    (subtotal::decimal(18, 4) / 100)::decimal(18, 4) as subtotal, (discount::decimal(18, 4) / 100)::decimal(18, 4) as discount,
    (shipping::decimal(18, 4) / 100)::decimal(18, 4) as shipping, (taxes::decimal(18, 4) / 100)::decimal(18, 4) as taxes,
    (total::decimal(18, 4) / 100)::decimal(18, 4) as total,
    (case when refunded_at::date <= day then refunded else 0 end::decimal(18, 4) / 100)::decimal(18, 4) as refunded,
    case when cancelled_at::date <= day then cancelled_at end as cancelled_at, items
from true_order where ordered_at::date <= day order by number;
