-- The one person behind each account; an account found on two people belongs to nobody.
-- grain: login_id
-- owner: data team
with logins as (
    select source, record_id, login_id
    from staging.people
    union all
    select source, record_id, value as login_id
    from staging.identifiers
    where namespace = 'login_id'
)

select
    trim(l.login_id) as login_id, -- [personal] Account id
    min(r.person_id) as person_id -- Person
from logins as l
join identity.person_records as r on l.source = r.source and l.record_id = r.record_id
where trim(l.login_id) <> ''
group by trim(l.login_id)
having count(distinct r.person_id) = 1
