-- No person has more records than largest_person of matching.yml; more is mostly a shared e-mail or phone.
-- asset: identity.persons
-- severity: warn
-- owner: data team
-- fix: Look at the person with `cdp explain PERSON`; one who truly has that many records needs a higher largest_person in matching.yml
select p.person_id, p.records
from identity.persons as p
join identity.limits as limits on p.records > limits.largest_person
