-- HubSpot: contacts as sales and marketing know them.

create table contact as
select p, j, 2 * p + j as key, 51000000000 + scramble(2 * p + j + 1, 7919317, 10000000000) as contact_id,
    moment(history_start() + below(2 * p + j, 'crm.start', history_days())::int, 2 * p + j, 'crm') as created_at,
    -- duplicates the team found and merged: the second record disappears, the first one names it
    case when j = 1 and chance(p, 'crm_merged', crm_merged())
         then history_start() + (history_days() * (0.4 + 0.6 * u(p, 'crm.merged_on')))::int end as merged_on
from (select p, unnest([0, 1]) as j from person where in_crm)
where j = 0 or chance(p, 'crm_duplicate', crm_duplicate());

create macro contact_profiles(day) as table
select contact_id::varchar as record_id, p, key, country, first_name, head_first_name, last_name,
    case when company_domain is not null and chance(key, 'crm.info', 0.1) then 'info@' || company_domain
         when chance(key, 'crm.no_email', 0.03) then null
         when email_2 is not null and chance(key, 'crm.other_email', case when j = 1 then 0.7 else 0.2 end) then email_2
         else email end as email,
    case when chance(key, 'crm.no_phone', phone_missing()) then null else phone end as phone,
    case when chance(key, 'crm.no_address', 0.3) then null else street end as street, house_number,
    case when chance(key, 'crm.no_address', 0.3) then null else postcode end as postcode, city,
    case when chance(key, 'crm.no_birth', crm_birth_missing()) then null else birth_date end as birth_date, true as may_mistype
from known('crm', 400, day) join contact using (p)
where created_at::date <= day and not coalesce(is_gone, false) and not coalesce(merged_on <= day, false);

-- asked by the sales team, in two properties of their own
create macro ads_answer(p) as chance(p, 'ads_opt_in', ads_opt_in());

-- HubSpot > Contacts > Export: the header of the default view, then chosen properties
create macro hubspot_contacts(day) as table
with merged as (
    select p, string_agg(contact_id, ';' order by contact_id) as ids, max(merged_on) as merged_on
    from contact where merged_on <= day and created_at::date <= day group by p
), shown as (
    select s.*, c.j, c.created_at, m.ids, person_company.company_name,
        greatest(c.created_at, moment(k.heard_on, key, 'crm.heard'), moment(m.merged_on, key, 'crm.merged'),
            case when history_start() + below(key, 'crm.touched', history_days())::int <= day
                 then moment(history_start() + below(key, 'crm.touched', history_days())::int, key, 'crm.touched') end,
            case when opted_out_on(s.p) <= day then moment(opted_out_on(s.p), key, 'crm.opt_out') end) as modified_at
    from contact_seen s join contact c using (key) join known('crm', 400, day) k on k.p = s.p
    join person_company on person_company.p = s.p
    left join merged m on m.p = s.p and c.j = 0
), cells as (
select record_id as "Record ID", first_name as "First Name", last_name as "Last Name", email as "Email",
    typed_phone(phone, key) as "Phone Number", pick(key, 'lead_status', ['New', 'Open', 'Connected', 'Unqualified']) as "Lead Status",
    strftime(created_at, '%Y-%m-%d %H:%M') as "Create Date", company_name as "Associated Company",
    case when chance(key, 'crm.country', 0.3) then country when chance(key, 'crm.local', 0.3) then local_name else country_name end
        as "Country/Region",
    pick(key, 'owner', ['Sanne Bos', 'Max Lenz', 'Ines Rey']) as "Contact owner",
    birth_date as "Date of birth", street || ' ' || house_number as "Street Address", city as "City", postcode as "Postal Code",
    case when chance(key, 'mobile', 0.2) then phone end as "Mobile Phone Number", company_name as "Company Name",
    case when in_shop then 'Customer' else pick(key, 'stage', ['Lead', 'Subscriber', 'Opportunity']) end as "Lifecycle Stage",
    case when accepts(p, 'crm', day) then 'Marketing contact' else 'Non-marketing contact' end as "Marketing contact status",
    case when chance(p, 'opt_in', opt_in()) and not accepts(p, 'crm', day) then 'true' end as "Unsubscribed from all email",
    strftime(modified_at, '%Y-%m-%d %H:%M') as "Last Modified Date", 
    case when chance(p, 'ads_asked', ads_asked()) then case when ads_answer(p) then 'Yes' else 'No' end end as "Personalised ads consent",
    case when chance(p, 'ads_asked', ads_asked()) then strftime(created_at, '%Y-%m-%d %H:%M') end as "Personalised ads consent date",
    ids as "Merged contact IDs", language as "Preferred language",
    case when chance(p, 'loyalty', 0.3) then 'L' || lpad(scramble(p, 7919317, 100000000)::varchar, 8, '0') end as "Loyalty number"
from shown join (select country, country_name, local_name, language from countries) using (country)
    join (select p, in_shop from person) using (p)
    , unnest(range(1 + chance(key, 'crm.twice', duplicate_row())::int)) twice(n)
)
select coalesce(columns(*)::varchar, '') from cells order by "Record ID";
