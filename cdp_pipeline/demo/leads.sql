-- Meta lead ads: people who left their name in an advert's form.

create table lead as
select p * 2 + k as id, p, moment(history_start() + below(p * 2 + k, 'lead.day', history_days())::int, p * 2 + k, 'lead') as created_at
from person, unnest(range(1 + chance(p, 'leads.2', 0.1)::int)) t(k) where in_leads;
delete from lead using person where person.p = lead.p and gone_on <= created_at::date;

create macro lead_id(id) as 'l:' || (100000000000000 + scramble(id + 1, 7919317, 100000000000000))::varchar;
create table lead_profile as
select lead_id(id) as record_id, lead.p, id as key, country, first_name, head_first_name,
    case when renamed_on <= created_at::date then new_surname else last_name end as last_name,
    case when email_2 is not null and chance(id, 'lead.other_email', 0.3) then email_2 else email end as email,
    case when chance(id, 'lead.no_phone', 0.2) then null else phone end as phone, null as street, null as house_number,
    null as postcode, null as city, null::date as birth_date, true as may_mistype
from lead join person using (p);
create table lead_seen as from noisy('lead_profile', 'lead');

-- Meta > Instant forms > Download
create macro meta_leads(day, is_first) as table
select record_id as "id", strftime(created_at, '%Y-%m-%dT%H:%M:%S') || '+00:00' as "created_time",
    'ag:' || (120200000000 + below(id, 'ad', 6)) as "ad_id", 'Advert ' || (1 + below(id, 'ad', 6)) as "ad_name",
    'as:' || (120300000000 + below(id, 'ad', 3)) as "adset_id", 'Audience ' || (1 + below(id, 'ad', 3)) as "adset_name",
    'c:' || (120400000000 + year(created_at)) as "campaign_id", 'Leads ' || year(created_at) as "campaign_name",
    'f:120500000001' as "form_id", 'Catalogue request' as "form_name", 'false' as "is_organic",
    pick(id, 'platform', ['fb', 'ig']) as "platform", concat_ws(' ', first_name, last_name) as "full_name",
    'p:' || phone as "phone_number", email as "email", pick(id, 'lead_status', ['CREATED', 'CREATED', 'complete']) as "lead_status"
from lead join lead_seen on key = id, unnest(range(1 + chance(id, 'lead.twice', duplicate_row())::int)) twice(n)
where created_at::date <= day and (is_first or created_at::date = day)
order by created_at, record_id;
