-- Each way a phone number is written, and the number (E.164) it stands for. A spelling that stands for
-- two numbers, such as a national number of two countries, stands for none.
-- grain: spelling
-- owner: data team
with written as (
    select
        regexp_replace(regexp_replace(replace(p.phone, '(0)', ''), '[^0-9+]', '', 'g'), '^[+]?00', '+', 'g') as spelling,
        r.phone_key
    from staging.people as p
    join identity.records as r on p.source = r.source and p.record_id = r.record_id
    where p.phone is not null and r.phone_key is not null
)

select
    spelling, -- [personal] Digits as written, with + for an international prefix
    if(min(phone_key) = max(phone_key), min(phone_key), null) as phone -- [personal] The number in E.164
from written
where spelling <> ''
group by spelling
