-- Every customer is in exactly one segment of each exclusive segmentation; who is left out of segments may be in none.
-- asset: segments.memberships
-- severity: error
-- owner: crm team
-- fix: Memberships are older than customers; build segments again
with segmentations as (select distinct segmentation from segments.memberships where kind = 'exclusive'),

expected as (
    select c.person_id, s.segmentation
    from profiles.customers as c
    cross join segmentations as s
),

found as (
    select person_id, segmentation, count(*) as segments
    from segments.memberships
    where kind = 'exclusive'
    group by person_id, segmentation
)

select coalesce(e.person_id, f.person_id) as person_id, coalesce(e.segmentation, f.segmentation) as segmentation, f.segments
from expected as e
full join found as f on e.person_id = f.person_id and e.segmentation = f.segmentation
left join profiles.suppressions as x on x.person_id = coalesce(e.person_id, f.person_id)
where e.person_id is null or f.segments > 1 or (f.segments is null and x.person_id is null)
