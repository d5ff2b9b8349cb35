-- Every person has at least one record, and as many as identity.persons says.
-- asset: identity.persons
-- severity: error
-- owner: data team
-- fix: identity.persons and identity.person_records come from different states; run the identity layer again
with counted as (
    select person_id, count(*) as records
    from identity.person_records
    group by person_id
)

select coalesce(p.person_id, c.person_id) as person_id, p.records as records_said, c.records as records_found
from identity.persons as p
full join counted as c on p.person_id = c.person_id
where p.records is distinct from c.records
