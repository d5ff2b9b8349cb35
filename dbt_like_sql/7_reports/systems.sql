-- How many records each system has, and how many people they turned out to be.
-- grain: source
-- owner: data team
-- check: people_only_here <= people and people <= records
with persons as (
    select person_id, count(distinct source) as systems
    from identity.person_records
    group by person_id
)

select
    r.source, -- System
    cast(count(*) as bigint) as records, -- Records of people in it
    cast(count(distinct r.person_id) as bigint) as people, -- People they turned out to be
    cast(count(distinct r.person_id) filter (where p.systems = 1) as bigint) as people_only_here -- People no other system knows
from identity.person_records as r
join persons as p on r.person_id = p.person_id
group by r.source
