-- The population: one row a person, everything that is true about them and when it changes.
-- Reads the tables countries, name_slots and towns. Nothing here looks at a later person, so the
-- first n people are the same in a population of any size.

create macro fold(name) as regexp_replace(lower(strip_accents(replace(name, 'ß', 'ss'))), '[^a-z0-9]', '', 'g');
create macro history_days() as date_diff('day', history_start(), horizon());
create macro years_of_history() as history_days() / 365.0;
-- the instant a day and a second-of-day draw make; most things happen between 7 and 23 o'clock
create macro moment(day, id, purpose) as
    day::timestamp + to_seconds(25200 + below(id, purpose, 57600));
-- a day of the history, or null outside the share `rate`
create macro maybe_day(id, purpose, rate) as
    case when chance(id, purpose, rate) then history_start() + below(id, purpose || '.day', history_days())::int end;

-- Households: consecutive people inside blocks of twelve. The head is their first member.
create table seats as
select p, max(case when starts then p end) over (partition by p // 12 order by p) as head
from (select p, p % 12 = 0 or chance(p, 'starts_household', starts_household()) as starts from range(people()) t(p));

create table origins as
select p, head, p - head as place, country, birth_of, name_of, family_of,
    case when p = head then date '1945-01-01' + below(p, 'birth', 21900)::int
         when p - head = 1 then date '1945-06-01' + (below(head, 'birth', 21900) * 0.98 + below(p, 'birth', 1400))::int
         when below(head, 'birth', 21900) + 8000 < 21000
             then date '1945-01-01' + (below(head, 'birth', 21900) + 8000 + below(birth_of, 'birth', 2500))::int
         else date '1990-01-01' + below(birth_of, 'birth', 7000)::int end as birth_date,
    case when p - head = 1 and chance(p, 'pair', 0.92) then 1 - below(head, 'sex', 2)
         when name_of <> p then below(head, 'sex', 2)
         else below(p, 'sex', 2) end as sex
from (
    select *,
        case when p - head = 3 and chance(p, 'twin', twin()) then p - 1 else p end as birth_of,
        case when p - head >= 2 and chance(p, 'junior', junior()) then head else p end as name_of,
        case when chance(head, 'flatmates', flatmates()) then p
             when p - head = 1 and not chance(p, 'shares_surname', shares_surname()) then p
             else head end as family_of
    from seats)
join (select country, unnest(range(low, high)) as ticket from countries) on ticket = below(head, 'country', 100);

create table names as
with named as (
    select p, head, place, o.country, sex, birth_date, g.value as first_name, s.value as surname, m.value as mother,
        case when place = 1 and chance(p, 'renames', renames_a_year() * years_of_history())
             then history_start() + below(p, 'renames.day', history_days())::int end as renamed_on,
        n.value as new_surname
    from origins o
    join name_slots g on g.country = o.country and g.slot = below(name_of, 'first', 1024)
        and g.kind = 'given_' || sex || '_' || case when birth_date < date '1966-01-01' then 0
                                                    when birth_date < date '1988-01-01' then 1 else 2 end
    join name_slots s on s.country = o.country and s.kind = 'surname' and s.slot = below(family_of, 'surname', 8192)
    join name_slots m on m.country = o.country and m.kind = 'surname' and m.slot = below(family_of, 'mother', 8192)
    join name_slots n on n.country = o.country and n.kind = 'surname'
        and n.slot = below(case when family_of = p then head else p end, case when family_of = p then 'surname' else 'renamed' end, 8192)
), full_names as (
    select * exclude (surname, mother), case when country = 'ES' then surname || ' ' || mother
        when place = 1 and country in ('NL', 'DE') and chance(p, 'double', 0.06) then surname || '-' || mother
        else surname end as last_name
    from named
)
select a.* exclude (first_name, last_name, sex, birth_date),
    coalesce(b.first_name, a.first_name) as first_name, coalesce(b.last_name, a.last_name) as last_name,
    coalesce(b.sex, a.sex) as sex, b.p as namesake_of,
    case when chance(a.p, 'namesake_birth', namesake_same_birth()) then coalesce(b.birth_date, a.birth_date)
         else a.birth_date end as birth_date
from full_names a
left join full_names b
    on a.p > 0 and chance(a.p, 'namesake', namesake()) and b.p = below(a.p, 'namesake_of', greatest(a.p, 1));

-- Addresses: a household's first one (0), and the one it moves to (1).
create table addresses as
select head, which, street, house_number, town as city, area, country,
    case country
        when 'NL' then area || ' ' || chr((65 + place_in_town % 20)::int) || chr((65 + place_in_town // 20 % 20)::int)
        when 'DE' then area || lpad((place_in_town % 100)::varchar, 2, '0')
        when 'BE' then area || (place_in_town % 10)::varchar
        when 'GB' then area || ' ' || (1 + place_in_town % 9)::varchar
            || 'ABDEFGHJLN'[1 + place_in_town // 9 % 10] || 'PQRSTUWXYZ'[1 + place_in_town // 90 % 10]
        else area || lpad((place_in_town % 100)::varchar, 2, '0') end as postcode
from (
    select head, which, a.country, s.value as street, t.town, t.area, s.slot as place_in_town,
        (1 + floor(u(id, 'house') * u(id, 'house.2') * 220)::int)::varchar
            || case when chance(id, 'house.letter', 0.06) then pick(id, 'letter', ['a', 'b', 'c']) else '' end as house_number
    from (select head, country, which, 2 * head + which as id,
              case when which = 1 and chance(head, 'stays_in_town', 0.5) then 2 * head else 2 * head + which end as town_id
          from (select distinct head, country from origins), (values (0), (1)) w(which)) a
    join name_slots s on s.country = a.country and s.kind = 'street' and s.slot = below(id, 'street', 4096)
    join towns t on t.country = a.country and t.slot = below(town_id, 'town', 512));

create table companies as
select company, s.value || ' ' || c.company_form as company_name, fold(s.value) || company || '.example' as domain
from (select company, min_by(country, p) as country from (select p // 60 as company, p, country from names) group by company) n
join countries c using (country)
join name_slots s on s.country = n.country and s.kind = 'surname' and s.slot = below(company, 'company', 8192);

-- E-mail addresses: 1 = private, 2 = a second one (private, or of the company). An address somebody
-- earlier already has gets a number behind it.
create table emails as
with parts as (
    select n.p, which, fold(first_name) as f, fold(last_name) as l, year(birth_date) as born, d.value as mail_domain,
        2 * n.p + which as id, c.domain as company_domain
    from (select *, unnest([1, 2]) as which from names) n
    join name_slots d on d.country = n.country and d.kind = 'domain' and d.slot = below(2 * n.p + which, 'domain', 64)
    left join companies c on chance(n.p, 'works_b2b', works_b2b()) and place <= 1 and c.company = n.p // 60
    where which = 1 or c.domain is not null or chance(n.p, 'second_email', second_email())
), addressed as (
    select p, which, case when which = 2 and company_domain is not null then company_domain else mail_domain end as domain,
        case when which = 2 and company_domain is not null then f || '.' || l
             else case below(id, 'email', 10)
                 when 0 then f || l when 1 then left(f, 1) || '.' || l when 2 then f || '_' || l
                 when 3 then f || '.' || l || born % 100 when 4 then f || born % 100 when 5 then l || '.' || f
                 when 6 then f || l || born else f || '.' || l end end as local_part
    from parts
)
select p, which, local_part || case when taken > 1 then '_' || taken else '' end || '@' || domain as email
from (select *, row_number() over (partition by local_part, domain order by p, which) as taken from addressed);

-- Phone numbers, E.164. Ranges kept for fiction come first where libphonenumber knows them as valid
-- (DE, GB); after those, and in countries without one, numbers are one to one with people.
create macro phone_of(p, country) as case
    when country = 'DE' and p < 5000
        then '+49' || ['3023125', '6990009', '4066969', '2214710', '8999998'][1 + p // 1000] || lpad((p % 1000)::varchar, 3, '0')
    when country = 'GB' and p < 11000
        then '+44' || ['207946', '113496', '114496', '115496', '116496', '117496', '118496', '121496', '131496', '141496',
                       '151496'][1 + p // 1000] || '0' || lpad((p % 1000)::varchar, 3, '0')
    when country = 'NL' then '+316' || (10000000 + scramble(p, 7919317, 40000000))::varchar
    when country = 'DE' then '+4917' || lpad(scramble(p, 7919317, 100000000)::varchar, 8, '0')
    when country = 'ES' then '+346' || lpad(scramble(p, 7919317, 100000000)::varchar, 8, '0')
    when country = 'BE' then '+32' || (470000000 + scramble(p, 7919317, 30000000))::varchar
    when country = 'FR' then '+336' || (10000000 + scramble(p, 7919317, 20000000))::varchar
    else '+4474' || lpad(scramble(p, 7919317, 100000000)::varchar, 8, '0') end;

create table person as
with sharing as (
    select *, case when place > 0 and chance(p, 'family_email', family_email()) then head else p end as email_of,
        case when place > 0 and chance(p, 'family_phone', family_phone()) then head else p end as phone_of_person,
        maybe_day(head, 'moves', moves_a_year() * years_of_history()) as moved_on
    from names
)
select n.p, n.head, n.place, n.country, n.sex, n.birth_date, n.first_name, n.last_name, n.new_surname, n.renamed_on,
    n.namesake_of, h.first_name as head_first_name, a.street, a.house_number, a.postcode, a.city,
    b.street as street_2, b.house_number as house_number_2, b.postcode as postcode_2, b.city as city_2, n.moved_on,
    e.email, s.email as email_2, phone_of(n.phone_of_person, n.country) as phone,
    c.company_name, c.domain as company_domain,
    maybe_day(n.p, 'erasure', erasure_a_year() * years_of_history()) as erasure_on,
    case when not chance(n.p, 'registers_again', registers_again())
         then maybe_day(n.p, 'erasure', erasure_a_year() * years_of_history()) end as gone_on,
    chance(n.p, 'in_shop', in_shop()) as in_shop, chance(n.p, 'in_crm', in_crm()) as in_crm,
    chance(n.p, 'in_newsletter', case when chance(n.p, 'in_shop', in_shop()) then in_newsletter_of_shoppers()
                                      else in_newsletter_of_others() end) as in_newsletter,
    chance(n.p, 'in_service', in_service()) as in_service, chance(n.p, 'in_leads', in_leads()) as in_leads
from sharing n
join names h on h.p = n.head
join addresses a on a.head = n.head and a.which = 0
join addresses b on b.head = n.head and b.which = 1
join emails e on e.p = n.email_of and e.which = 1
left join emails s on s.p = n.p and s.which = 2
left join companies c on chance(n.p, 'works_b2b', works_b2b()) and n.place <= 1 and c.company = n.p // 60;

-- What a system knows of everybody on a day: it hears of moves and new names with a lag of its own.
create macro since_lag(changed_on, p, system, most_days, day) as
    coalesce(changed_on + below(p, system || '.lag', most_days)::int <= day, false);
create macro known(system, most_days, day) as table
select p, head, country, first_name, head_first_name,
    case when since_lag(renamed_on, p, system, most_days, day) then new_surname else last_name end as last_name,
    case when moved then street_2 else street end as street,
    case when moved then house_number_2 else house_number end as house_number,
    case when moved then postcode_2 else postcode end as postcode,
    case when moved then city_2 else city end as city,
    birth_date, email, email_2, phone, company_name, company_domain,
    gone_on + below(p, system || '.erasure_lag', 3)::int <= day as is_gone,
    greatest(case when moved then moved_on + below(p, system || '.lag', most_days)::int end,
             case when since_lag(renamed_on, p, system, most_days, day)
                  then renamed_on + below(p, system || '.lag', most_days)::int end) as heard_on
from (select *, since_lag(moved_on, p, system, most_days, day) as moved from person);

-- Permission to write to somebody, as a system has it on a day: one opinion a person, which a few
-- systems missed.
create macro opted_out_on(p) as maybe_day(p, 'opt_out', opt_out_a_year() * years_of_history());
create macro accepts(p, system, day) as
    xor((chance(p, 'opt_in', opt_in()) and not coalesce(opted_out_on(p) <= day, false))::int,
        chance(p, system || '.conflict', conflicting_consent())::int) = 1;

-- How values are written
create macro money(cents) as (cents // 100)::varchar || '.' || lpad((cents % 100)::varchar, 2, '0');
create macro yes_no(flag) as case when flag then 'yes' else 'no' end;
create macro last_sunday(year, month) as make_date(year, month, 31) - (isodow(make_date(year, month, 31)) % 7)::int;
create macro is_summer(instant) as instant >= last_sunday(year(instant), 3)::timestamp + interval 1 hour
    and instant < last_sunday(year(instant), 10)::timestamp + interval 1 hour;
-- an instant (UTC) on the clock of the shop, with its offset
create macro shop_time(instant) as case when is_summer(instant) then strftime(instant + interval 2 hour, '%Y-%m-%d %H:%M:%S') || ' +0200'
    else strftime(instant + interval 1 hour, '%Y-%m-%d %H:%M:%S') || ' +0100' end;
