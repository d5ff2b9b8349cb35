-- Every e-mail, phone, login and device of a person, normalised as permissions are.
-- grain: person_id, namespace, value
-- owner: data team
with written as (
    select source, record_id, 'email' as namespace, email as value, is_email_verified as is_verified, null as phone_key, coalesce(updated_at, created_at) as changed_at
    from staging.people
    union all
    select p.source, p.record_id, 'phone', p.phone, null, r.phone_key, coalesce(p.updated_at, p.created_at)
    from staging.people as p
    left join identity.records as r on p.source = r.source and p.record_id = r.record_id
    union all
    select source, record_id, 'login_id', login_id, null, null, coalesce(updated_at, created_at)
    from staging.people
    union all
    select source, record_id, namespace, value, is_verified, null, valid_from
    from staging.identifiers
),

spelled as (
    select
        *,
        case namespace
            when 'email' then lower(trim(nfc_normalize(value)))
            when 'phone' then regexp_replace(regexp_replace(replace(value, '(0)', ''), '[^0-9+]', '', 'g'), '^[+]?00', '+', 'g')
            else trim(value)
        end as spelling
    from written
    where trim(value) <> ''
),

normalised as (
    select
        r.person_id, s.source, s.record_id, s.namespace, s.is_verified, s.changed_at,
        coalesce(s.phone_key, p.phone, a.account, s.spelling) as value
    from spelled as s
    join identity.person_records as r on s.source = r.source and s.record_id = r.record_id
    left join profiles.phone_spellings as p on s.namespace = 'phone' and s.spelling = p.spelling
    left join identity.accounts as a
        on s.namespace in ('login_id', 'customer_id') and s.source = a.source and s.spelling = a.login_id
)

select
    person_id, -- Person
    namespace, -- email, phone, login_id, device_id or customer_id
    value, -- [personal] The identifier, normalised
    cast(count(distinct struct_pack(source, record_id)) as bigint) as records, -- Records of the person that carry it
    coalesce(bool_or(is_verified), false) as is_verified, -- A source says that the person proved to own it
    max(changed_at) as changed_at, -- When a record that carries it last changed (UTC); empty when none says
    cast(count(*) over (partition by namespace, value) as bigint) as persons -- People who share it
from normalised
where value <> ''
group by person_id, namespace, value
