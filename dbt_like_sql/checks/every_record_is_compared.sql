-- Every people record stands once among the records that identity compares, and no record does that does not exist.
-- asset: identity.records
-- severity: error
-- owner: data team
-- fix: Identity lost or invented records; run `cdp run` on a fresh run folder and report it when it stays
select source, record_id, count(*) filter (where origin = 'people') as people, count(*) filter (where origin = 'compared') as compared
from (
    select source, record_id, 'people' as origin
    from staging.people
    union all
    select source, record_id, 'compared'
    from identity.records
)
group by source, record_id
having people <> 1 or compared <> 1
