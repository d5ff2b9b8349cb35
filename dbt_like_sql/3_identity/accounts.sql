-- Every account id as each system writes it, its one key (behind the system that issued it) and the one person behind
-- it. An account found on two people belongs to nobody.
-- grain: source, login_id
-- owner: data team
-- check: account <> ''
with written as (
    select source, record_id, trim(login_id) as login_id, login_id_keys as keys from staging.people
    union
    select source, record_id, trim(value), value_keys from staging.identifiers where namespace in ('login_id', 'customer_id')
    union
    select source, null, trim(login_id), login_id_keys from staging.events
    union
    select source, null, trim(value), value_keys from staging.permissions where namespace = 'login_id'
),
issued as (
    select distinct source, record_id, login_id, keys[1] as account
    from written
    where login_id <> '' and len(keys) > 0
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
    i.account,   -- [personal] Its key: the same behind the system that issued it
    o.person_id  -- The one person who has the account
from issued as i
left join owners as o on i.account = o.account
