-- From records to people: how many systems know the person behind each record.
-- grain: source, systems
-- owner: data team
with persons as (
    select person_id, count(distinct source) as systems
    from identity.person_records
    group by person_id
)

select
    r.source, -- System
    cast(p.systems as bigint) as systems, -- Number of systems that know the person
    cast(count(*) as bigint) as records, -- Records of the system that belong to such people
    cast(count(distinct r.person_id) as bigint) as people -- Such people in this system
from identity.person_records as r
join persons as p on r.person_id = p.person_id
group by r.source, p.systems
