-- Every account id as each system writes it, in one form and with the one person behind it. An id is unique inside
-- the system that issued it: shopify:7 names its issuer (any system with people), a plain 7 belongs to the system
-- that wrote it. An account found on two people belongs to nobody.
-- grain: source, login_id
-- owner: data team
-- check: account <> ''
with written as (
    select source, record_id, trim(login_id) as login_id from staging.people
    union
    select source, record_id, trim(value) from staging.identifiers where namespace in ('login_id', 'customer_id')
    union
    select source, null, trim(login_id) from staging.events
    union
    select source, null, trim(value) from staging.permissions where namespace = 'login_id'
),
systems as (
    select distinct source as system from staging.people
),
issued as (
    select
        w.source, w.record_id, w.login_id,
        coalesce(s.system, w.source) || ':'
            || trim(if(s.system is null, w.login_id, substr(w.login_id, len(s.system) + 2))) as account
    from written as w
    left join systems as s on starts_with(w.login_id, s.system || ':')
    where w.login_id <> ''
),
owners as (
    select i.account, min(p.person_id) as person_id
    from issued as i
    join identity.person_records as p on i.source = p.source and i.record_id = p.record_id
    group by i.account
    having count(distinct p.person_id) = 1
)
select distinct
    i.source,    -- System that wrote the id
    i.login_id,  -- [personal] Account id as that system writes it
    i.account,   -- [personal] The same behind the system that issued it
    o.person_id  -- The one person who has the account
from issued as i
left join owners as o on i.account = o.account
