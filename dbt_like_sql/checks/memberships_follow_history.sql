-- Playing the history back gives the memberships: who entered last is in, who left last is out.
-- asset: segments.history
-- severity: error
-- owner: crm team
-- fix: segments.memberships and segments.history come from different runs; build segments again
with last_events as (
    select person_id, segmentation, segment, max_by(event, as_of) as event
    from segments.history
    group by person_id, segmentation, segment
),

played as (select person_id, segmentation, segment from last_events where event = 'entered')

select
    coalesce(p.person_id, m.person_id) as person_id, coalesce(p.segmentation, m.segmentation) as segmentation,
    coalesce(p.segment, m.segment) as segment, p.person_id is not null as by_history, m.person_id is not null as by_membership
from played as p
full join segments.memberships as m
    on p.person_id = m.person_id and p.segmentation = m.segmentation and p.segment = m.segment
where p.person_id is null or m.person_id is null
