-- profiles.customers has exactly one row for each person, and nobody else.
-- asset: profiles.customers
-- severity: error
-- owner: crm team
-- fix: An attribute theme gives more than one row a person, or profiles is older than identity; build profiles again
select person_id, count(*) filter (where origin = 'person') as persons, count(*) filter (where origin = 'customer') as customers
from (
    select person_id, 'person' as origin
    from identity.persons
    union all
    select person_id, 'customer'
    from profiles.customers
)
group by person_id
having persons <> 1 or customers <> 1
