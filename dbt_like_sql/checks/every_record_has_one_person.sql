-- Every people record belongs to exactly one person, and no person has a record that does not exist.
-- asset: identity.person_records
-- severity: error
-- owner: data team
-- fix: Identity lost or invented records; run `cdp run` on a fresh run folder and report it when it stays
select source, record_id, count(*) filter (where origin = 'people') as people, count(*) filter (where origin = 'person') as persons
from (
    select source, record_id, 'people' as origin
    from staging.people
    union all
    select source, record_id, 'person'
    from identity.person_records
)
group by source, record_id
having people <> 1 or persons <> 1
