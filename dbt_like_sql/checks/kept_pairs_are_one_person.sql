-- A kept pair joins records of one person, and a pair that is not kept has records of two.
-- asset: identity.person_records
-- severity: error
-- owner: data team
-- fix: identity.pairs and identity.person_records come from different states; run the identity layer again
with nodes as (
    select r.node_key, min(p.person_id) as person_id
    from identity.records as r
    join identity.person_records as p on r.source = p.source and r.record_id = p.record_id
    group by r.node_key
)

select p.node_key_l, p.node_key_r, p.is_kept
from identity.pairs as p
join nodes as l on p.node_key_l = l.node_key
join nodes as r on p.node_key_r = r.node_key
where p.is_kept <> (l.person_id = r.person_id)
