-- Every retired person id leads, over any number of redirects, to a person who exists; and none is still in use.
-- asset: identity.redirects
-- severity: error
-- owner: data team
-- fix: A redirect was lost or goes round in a circle; roll back to the last snapshot and run again
with recursive walks as (
    select person_id, to_person_id
    from identity.redirects
    union
    select w.person_id, r.to_person_id
    from walks as w
    join identity.redirects as r on w.to_person_id = r.person_id
),

arrived as (
    select distinct w.person_id
    from walks as w
    join identity.persons as p on w.to_person_id = p.person_id
)

select r.person_id, r.to_person_id
from identity.redirects as r
left join arrived as a on r.person_id = a.person_id
left join identity.persons as p on r.person_id = p.person_id
where a.person_id is null or p.person_id is not null
