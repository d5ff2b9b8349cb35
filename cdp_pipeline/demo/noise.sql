-- What a source makes of a person: `noisy(profiles, system)` takes a table of clean profiles
--   record_id, p, key (number of the record, drives the draws), country, first_name, last_name,
--   head_first_name, email, phone, street, house_number, postcode, city, birth_date, may_mistype
-- and gives the cells as written, plus `edits`, a list of {field, old, new, kind}.

-- one spelling slip: substitution, misspelling by sound, deletion, insertion, transposition; `which`,
-- `place` in [0, 1) and `letter` were drawn for the record
create macro place_in(value, place) as 1 + floor(place * length(value))::int;
create macro slip(value, which, place, letter) as case
    when which < 0.35 then substr(value, 1, place_in(value, place) - 1) || letter || substr(value, place_in(value, place) + 1)
    when which < 0.65 then replace(replace(replace(replace(replace(
        value, 'sch', 'sh'), 'ij', 'y'), 'ck', 'k'), 'll', 'l'), 'nn', 'n')
    when which < 0.82 and length(value) > 3 then
        substr(value, 1, place_in(value, place) - 1) || substr(value, place_in(value, place) + 1)
    when which < 0.90 then substr(value, 1, place_in(value, place)) || letter || substr(value, place_in(value, place) + 1)
    else substr(value, 1, place_in(value, place) - 1) || substr(value, place_in(value, place) + 1, 1)
        || substr(value, place_in(value, place), 1) || substr(value, place_in(value, place) + 2) end;
create macro wrong_digits(value, place) as
    left(value, -2) || lpad(((right(value, 2)::int + 1 + floor(place * 98)::int) % 100)::varchar, 2, '0');
create macro accents(value) as strip_accents(value) <> value;
create macro garbled(value) as  -- UTF-8 bytes read as Latin-1
    replace(replace(replace(replace(replace(replace(value, 'é', 'Ã©'), 'ë', 'Ã«'), 'ü', 'Ã¼'), 'ö', 'Ã¶'), 'ñ', 'Ã±'), 'í', 'Ã­');
-- which noise, by one draw: the rates stack up from zero
create macro blanked(x) as x < blank();
create macro placed(x) as x between blank() and blank() + placeholder();
create macro typed(x) as x between blank() + placeholder() and blank() + placeholder() + typo();
create macro fourth(x) as x between blank() + placeholder() + typo() and blank() + placeholder() + typo() + nickname();
create macro fifth(x) as x between blank() + placeholder() + typo() + nickname()
    and blank() + placeholder() + typo() + nickname() + copied_from_family();
create macro cell(v, k) as {'value': v, 'kind': k};
create macro plain(value, x) as case
    when accents(value) and x < accents_lost() then cell(strip_accents(value), 'accents_lost')
    when accents(value) and garbled(value) <> value and x > 1 - mojibake()
        then cell(garbled(value), 'mojibake')
    else cell(value, null) end;
create macro edit(field, old, seen) as
    case when seen.kind is not null and old is distinct from seen.value
         then [{'field': field, 'old': old, 'new': seen.value, 'kind': seen.kind}] else [] end;

create macro noisy(profiles, system) as table
with draws as (
    select *, u(key, system || '.first') as u_first, u(key, system || '.last') as u_last, u(key, system || '.email') as u_email,
        u(key, system || '.phone') as u_phone, u(key, system || '.street') as u_street,
        u(key, system || '.postcode') as u_postcode, u(key, system || '.city') as u_city, u(key, system || '.birth') as u_birth,
        u(key, system || '.accents') as u_accents, u(key, system || '.slip') as slip_which, u(key, system || '.place') as slip_place,
        below(key, system || '.choice', 3) as choice, ['a', 'e', 'o', 'n', 'r', 's', 't', 'm'][1 + below(key, system || '.letter', 8)] as slip_letter
    from query_table(profiles)
), seen as (
    select d.*,
        case when first_name is null then cell(null, null)
             when blanked(u_first) then cell(null, 'blank')
             when placed(u_first) then cell(['-', 'n/a', 'test'][1 + choice % 3], 'placeholder')
             when typed(u_first) then cell(slip(first_name, slip_which, slip_place, slip_letter), 'typo')
             when fourth(u_first) then cell(coalesce(n.nickname, left(first_name, 1) || '.'),
                                            case when n.nickname is null then 'initial' else 'nickname' end)
             when fifth(u_first) and head_first_name <> first_name then cell(head_first_name, 'copied_from_family')
             else plain(first_name, u_accents) end as first_cell,
        case when last_name is null then cell(null, null)
             when blanked(u_last) then cell(null, 'blank')
             when placed(u_last) then cell(['-', 'n/a', 'test'][1 + choice % 3], 'placeholder')
             when typed(u_last) then cell(slip(last_name, slip_which, slip_place, slip_letter), 'typo')
             when fourth(u_last) then cell(upper(last_name), 'upper_case')
             else plain(last_name, u_accents) end as last_cell,
        case when email is null then cell(null, null)
             when not may_mistype then cell(email, null)
             when placed(u_email + blank()) then
                 cell(['noreply@example.com', 'test@test.test', 'geen@example.org'][1 + choice % 3], 'placeholder')
             when u_email between 0.1 and 0.1 + typo_domain() then
                 cell(regexp_replace(email, '@(.)(.)(.)(.*\.(example|test))$', '@\1\3\2\4'), 'typo_domain')
             when u_email between 0.2 and 0.2 + email_variant() then
                 cell(regexp_replace(email, '@', ['+shop', '+news', '+nl'][1 + choice % 3] || '@'), 'plus_address')
             when u_email between 0.3 and 0.3 + typo() * 0.5 then
                 cell(slip(split_part(email, '@', 1), slip_which, slip_place, slip_letter) || '@' || split_part(email, '@', 2), 'typo')
             when u_email between 0.4 and 0.4 + email_upper_case() then
                 cell(case when u_email < 0.4 + email_upper_case() / 2 then upper(email)
                           else upper(left(email, 1)) || substr(email, 2) end, 'case')
             else cell(email, null) end as email_cell,
        case when phone is null then cell(null, null)
             when placed(u_phone) then cell(['0000000000', '-', '+31600000000'][1 + choice % 3], 'placeholder')
             when typed(u_phone) then cell(wrong_digits(phone, slip_place), 'typo')
             else cell(phone, null) end as phone_cell,
        case when street is null then cell(null, null)
             when blanked(u_street) then cell(null, 'blank')
             when typed(u_street) then cell(slip(street, slip_which, slip_place, slip_letter), 'typo')
             when fourth(u_street) then cell(replace(replace(replace(street, 'straat', 'str.'), 'straße', 'str.'), 'Calle ', 'C/ '),
                                             'abbreviation')
             else plain(street, u_accents) end as street_cell,
        case when postcode is null then cell(null, null)
             when blanked(u_postcode) then cell(null, 'blank')
             when placed(u_postcode) then cell(['-', '0000', '00000'][1 + choice % 3], 'placeholder')
             when typed(u_postcode) and country in ('DE', 'ES', 'FR') then cell(wrong_digits(postcode, slip_place), 'typo')
             when fourth(u_postcode) then cell(lower(replace(postcode, ' ', '')), 'spacing')
             else cell(postcode, null) end as postcode_cell,
        case when city is null then cell(null, null)
             when blanked(u_city) then cell(null, 'blank')
             when typed(u_city) then cell(slip(city, slip_which, slip_place, slip_letter), 'typo')
             when fourth(u_city) then cell(upper(city), 'upper_case')
             else plain(city, u_accents) end as city_cell,
        case when birth_date is null then cell(null::date, null)
             when u_birth < month_day_swapped() and day(birth_date) <= 12
                 then cell(make_date(year(birth_date), day(birth_date), month(birth_date)), 'month_day_swapped')
             when u_birth between 0.5 and 0.5 + typo()
                 then cell(birth_date + (1 + floor(slip_place * 28))::int, 'typo')
             else cell(birth_date, null) end as birth_cell
    from draws d
    left join nicknames n using (first_name)
)
select record_id, p, key, country, first_cell.value as first_name, last_cell.value as last_name, email_cell.value as email,
    phone_cell.value as phone, street_cell.value as street, house_number, postcode_cell.value as postcode,
    city_cell.value as city, birth_cell.value as birth_date,
    edit('first_name', first_name, first_cell) || edit('last_name', last_name, last_cell) || edit('email', email, email_cell)
    || edit('phone', phone, phone_cell) || edit('street', street, street_cell) || edit('postcode', postcode, postcode_cell)
    || edit('city', city, city_cell)
    || edit('birth_date', birth_date::varchar, {'value': birth_cell.value::varchar, 'kind': birth_cell.kind}) as edits
from seen;

-- A phone as a person types it into a free field
create macro typed_phone(phone, id) as case
    when phone not like '+__%' or length(phone) < 11 then phone
    else case below(id, 'phone_style', 4)
        when 0 then phone
        when 1 then case when phone like '+34%' then substr(phone, 4) else '0' || substr(phone, 4) end
        when 2 then substr(phone, 1, 3) || ' ' || substr(phone, 4, 1) || ' ' || substr(phone, 5)
        else '00' || substr(phone, 2) end end;

-- Profiles of nobody: the shape of a table of clean profiles, and of what a source sees before its first day.
create table nobody (
    record_id varchar, p bigint, key bigint, country varchar, first_name varchar, last_name varchar, head_first_name varchar,
    email varchar, phone varchar, street varchar, house_number varchar, postcode varchar, city varchar, birth_date date,
    may_mistype boolean);
create table account_seen as from noisy('nobody', 'shop');
create table order_seen as from noisy('nobody', 'shop');
create table contact_seen as from noisy('nobody', 'crm');
