-- Every e-mail, phone, login and device of a person, by its key, as permissions are.
-- grain: person_id, namespace, value
-- owner: data team
with written as (
    select
        source, record_id, 'email' as namespace, email_keys as keys, email as first_address, is_email_verified as is_verified,
        coalesce(updated_at, created_at) as changed_at
    from staging.people
    union all
    select source, record_id, 'phone', phone_keys, null, null, coalesce(updated_at, created_at)
    from staging.people
    union all
    select source, record_id, 'login_id', login_id_keys, null, null, coalesce(updated_at, created_at)
    from staging.people
    union all
    select source, record_id, namespace, value_keys, if(namespace = 'email', value, null), is_verified, valid_from
    from staging.identifiers
),

each as (
    select
        * exclude (keys, first_address), unnest(keys) as value, unnest(range(1, len(keys) + 1)) as place,
        lower(first_address) as first_address
    from written
),

addressed as (
    select
        r.person_id, e.*, if(e.place = 1, coalesce(e.first_address, e.value), e.value) as address
    from each as e
    join identity.person_records as r on e.source = r.source and e.record_id = r.record_id
),

newest as (
    select person_id, namespace, value, address, max(changed_at) as changed_at
    from addressed
    group by person_id, namespace, value, address
),

listed as (
    select person_id, namespace, value, list(address order by changed_at desc nulls last, address) as addresses
    from newest
    group by person_id, namespace, value
)

select
    a.person_id, -- Person
    a.namespace, -- email, phone, login_id, device_id or customer_id
    a.value, -- [personal] The identifier's key
    min(l.addresses) as addresses, -- [personal] As records write it, the newest first: an e-mail with its +tag, else the key
    cast(count(distinct struct_pack(a.source, a.record_id)) as bigint) as records, -- Records of the person that carry it
    coalesce(bool_or(a.is_verified), false) as is_verified, -- A source says that the person proved to own it
    max(a.changed_at) as changed_at, -- When a record that carries it last changed (UTC); empty when none says
    cast(count(*) over (partition by a.namespace, a.value) as bigint) as persons -- People who share it
from addressed as a
join listed as l on a.person_id = l.person_id and a.namespace = l.namespace and a.value = l.value
group by a.person_id, a.namespace, a.value
