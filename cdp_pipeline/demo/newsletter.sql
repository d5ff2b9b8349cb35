-- Mailchimp: the audience, whose members are e-mail addresses; consent is the file a member is in.

create table member_profile as
select 'member:' || p as record_id, p, p as key, country, case when chance(p, 'mail.no_name', 0.25) then null else first_name end as first_name,
    case when chance(p, 'mail.no_name', 0.25) then null else last_name end as last_name, head_first_name,
    case when email_2 is not null and chance(p, 'mail.other_email', 0.2) then email_2 else email end as email,
    null as phone, null as street, null as house_number, null as postcode, null as city, null::date as birth_date,
    not chance(p, 'double_opt_in', double_opt_in()) as may_mistype
from person where in_newsletter and chance(p, 'opt_in', opt_in() + conflicting_consent());

create table member_seen as from noisy('member_profile', 'mail');

-- one row an address: who came first has it
create table member as
select *, md5(lower(email)) as address_hash,
    moment(history_start() + below(p, 'mail.start', history_days())::int, p, 'mail') as opted_in_at
from member_seen where email is not null
qualify row_number() over (partition by lower(email) order by p) = 1;
create table membership as
select *, 'member:' || lower(trim(email)) as member_id, chance(p, 'double_opt_in', double_opt_in()) as is_confirmed,
    opted_in_at + to_seconds(20 + below(p, 'mail.confirmed', 80000)) as confirmed_at,
    case when opted_out_on(p) > opted_in_at::date and not chance(p, 'mail.missed_opt_out', conflicting_consent())
         then moment(opted_out_on(p), p, 'mail.opt_out') end as unsubscribed_at,
    case when chance(p, 'hard_bounce', hard_bounce()) then opted_in_at + to_days(1 + below(p, 'mail.bounced', 500)::int) end as cleaned_at,
    gone_on + below(p, 'mail.erasure_lag', 3)::int as gone_from_mail
from member join (select p, gone_on from person) using (p);

create macro mailchimp_members(day) as table
select *, case when cleaned_at::date <= day then 'cleaned' when unsubscribed_at::date <= day then 'unsubscribed' else 'subscribed' end as status,
    strftime(opted_in_at, '%Y-%m-%d %H:%M:%S') as optin_text,
    '198.51.100.' || below(p, 'mail.ip', 254) as ip,
    strftime(greatest(opted_in_at, case when is_confirmed and confirmed_at::date <= day then confirmed_at end,
        case when unsubscribed_at::date <= day then unsubscribed_at end, case when cleaned_at::date <= day then cleaned_at end),
        '%Y-%m-%d %H:%M:%S') as changed_text
from membership
where opted_in_at::date <= day and not coalesce(gone_from_mail <= day, false);

-- Mailchimp > Audience > Export: the same columns in each file, and two or four more for those who left
create macro mailchimp_columns(day, wanted) as table
select email as "Email Address", first_name as "First Name", last_name as "Last Name", 1 + below(p, 'rating', 5) as "MEMBER_RATING",
    optin_text as "OPTIN_TIME", ip as "OPTIN_IP",
    case when is_confirmed then strftime(confirmed_at, '%Y-%m-%d %H:%M:%S') end as "CONFIRM_TIME",
    case when is_confirmed then ip end as "CONFIRM_IP", null as "LATITUDE", null as "LONGITUDE", '1' as "GMTOFF", '2' as "DSTOFF",
    case country when 'NL' then 'Europe/Amsterdam' when 'DE' then 'Europe/Berlin' when 'ES' then 'Europe/Madrid'
        when 'BE' then 'Europe/Brussels' when 'FR' then 'Europe/Paris' else 'Europe/London' end as "TIMEZONE",
    country as "CC", null as "REGION", changed_text as "LAST_CHANGED", (100000000 + scramble(p, 7919317, 900000000))::varchar as "LEID",
    left(address_hash, 10) as "EUID", null as "NOTES", case when chance(p, 'mail.tag', 0.1) then '"VIP","Blog"' end as "TAGS",
    strftime(unsubscribed_at, '%Y-%m-%d %H:%M:%S') as left_at, strftime(cleaned_at, '%Y-%m-%d %H:%M:%S') as bounced_at, address_hash, p
from mailchimp_members(day) where status = wanted;

create macro mailchimp_subscribed(day) as table
select * exclude (left_at, bounced_at, address_hash, p) from (from mailchimp_columns(day, 'subscribed')) order by address_hash;
create macro mailchimp_unsubscribed(day) as table
select * exclude (left_at, bounced_at, address_hash, p, "LEID", "EUID", "NOTES", "TAGS"), left_at as "UNSUB_TIME",
    'Weekly ' || left(left_at, 7) as "UNSUB_CAMPAIGN_TITLE", left(md5(left(left_at, 7)), 10) as "UNSUB_CAMPAIGN_ID",
    pick(p, 'unsub_reason', ['NORMAL', 'NOSIGNUP', 'INAPPROPRIATE', 'OTHER']) as "UNSUB_REASON", null as "UNSUB_REASON_OTHER",
    "LEID", "EUID", "NOTES", "TAGS"
from (from mailchimp_columns(day, 'unsubscribed')) order by address_hash;
create macro mailchimp_cleaned(day) as table
select * exclude (left_at, bounced_at, address_hash, p, "LEID", "EUID", "NOTES", "TAGS"), bounced_at as "CLEAN_TIME",
    'Weekly ' || left(bounced_at, 7) as "CLEAN_CAMPAIGN_TITLE", left(md5(left(bounced_at, 7)), 10) as "CLEAN_CAMPAIGN_ID",
    "LEID", "EUID", "NOTES", "TAGS"
from (from mailchimp_columns(day, 'cleaned')) order by address_hash;
