-- How many people have one record, two, three, and so on; and how many systems know them.
-- grain: records, systems
-- owner: data team
with persons as (
    select person_id, count(*) as records, count(distinct source) as systems
    from identity.person_records
    group by person_id
)

select
    cast(records as bigint) as records, -- Records of one person
    cast(systems as bigint) as systems, -- Systems that know the person
    cast(count(*) as bigint) as people -- People
from persons
group by records, systems
