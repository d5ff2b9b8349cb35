-- Size of every segment and audience, its share of all people, and who came and went since the last run.
-- grain: segmentation, segment
-- owner: crm team
-- check: people = previous_people + entered - left_people
with everybody as (select count(*) as people from profiles.customers)

select
    s.segmentation, -- Exclusive segmentation, or audience
    s.segment, -- Segment, or name of the audience
    s.kind, -- exclusive or audience
    s.people, -- People in it
    cast(coalesce(s.people / nullif(e.people, 0), 0) as decimal(18, 4)) as share, -- Share of all people, 0 to 1
    s.previous_people, -- People in it before this day
    s.entered, -- People who came in on this day
    s."left" as left_people, -- People who went out on this day
    s.unknown -- People of whom the rule cannot be told, because a count it needs is not known; they are not in it
from segments.sizes as s
cross join everybody as e
