-- Who is restricted or under age is in no segment and no audience; who objects to profiling is in none that looks at
-- behaviour.
-- asset: segments.sizes
-- severity: error
-- owner: privacy officer
-- fix: Do not export. Memberships are older than profiles.suppressions; build segments again
select m.segmentation, m.segment, count(*) as people
from segments.memberships as m
join profiles.suppressions as x on m.person_id = x.person_id
join segments.sizes as s on m.segmentation = s.segmentation and m.segment = s.segment
where x.is_out_of_audiences or s.is_profiling
group by m.segmentation, m.segment
