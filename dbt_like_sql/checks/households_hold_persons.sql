-- A household is made of persons who exist, each in one household, and counts them rightly.
-- asset: identity.households
-- severity: error
-- owner: data team
-- fix: identity.households is older than identity.persons; run the identity layer again
with counted as (
    select household_id, count(*) as people
    from identity.households
    group by household_id
)

select h.person_id, h.household_id, h.people, c.people as people_found
from identity.households as h
join counted as c on h.household_id = c.household_id
left join identity.persons as p on h.person_id = p.person_id
where p.person_id is null or h.people <> c.people
