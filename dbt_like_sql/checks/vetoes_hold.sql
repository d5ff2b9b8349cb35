-- Nobody is made of two records that contradict one another (another birth date or first name), unless an account,
-- a source's own word or a verdict holds that person together.
-- asset: identity.person_records
-- severity: warn
-- owner: data team
-- fix: Look at the person with `cdp explain PERSON`; a verdict in data/verdicts.csv takes it apart
with nodes as (
    select r.node_key, min(p.person_id) as person_id
    from identity.records as r
    join identity.person_records as p on r.source = p.source and r.record_id = p.record_id
    group by r.node_key
),

kept as (
    select n.person_id, p.veto, p.provenance
    from identity.pairs as p
    join nodes as n on p.node_key_l = n.node_key
    where p.is_kept
)

select person_id, count(*) filter (where veto is not null) as contradictions
from kept
group by person_id
having count(*) filter (where veto is not null) > 0
    and count(*) filter (where provenance not in ('model', 'email_rule')) = 0
