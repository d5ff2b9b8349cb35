-- The size of a segment is the number of its memberships, and who came and went is in the history of the day.
-- asset: segments.sizes
-- severity: error
-- owner: crm team
-- fix: segments.sizes is older than segments.memberships; build segments again
with members as (
    select segmentation, segment, count(*) as people
    from segments.memberships
    group by segmentation, segment
),

moves as (
    select
        h.segmentation, h.segment,
        count(*) filter (where h.event = 'entered') as entered, count(*) filter (where h.event = 'left') as gone
    from segments.history as h
    join config.run as run on h.as_of = run.as_of
    group by h.segmentation, h.segment
)

select coalesce(s.segmentation, m.segmentation) as segmentation, coalesce(s.segment, m.segment) as segment, s.people, m.people as members
from segments.sizes as s
full join members as m on s.segmentation = m.segmentation and s.segment = m.segment
left join moves as v on s.segmentation = v.segmentation and s.segment = v.segment
where s.segment is null
    or s.people <> coalesce(m.people, 0)
    or s.people <> s.previous_people + s.entered - s."left"
    or s.entered <> coalesce(v.entered, 0)
    or s."left" <> coalesce(v.gone, 0)
