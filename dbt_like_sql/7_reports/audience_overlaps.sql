-- Which audiences reach the same people.
-- grain: segment_a, segment_b
-- owner: crm team
with audiences as (select segment from segments.sizes where kind = 'audience')

select
    segment_a, -- First audience by name
    segment_b, -- Second audience by name
    people, -- People in both
    share_of_a, -- Share of the first one's people, 0 to 1
    share_of_b -- Share of the second one's people, 0 to 1
from segments.overlaps
where segment_a in (select segment from audiences) and segment_b in (select segment from audiences)
