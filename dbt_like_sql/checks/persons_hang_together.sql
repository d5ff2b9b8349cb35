-- Every person is held together by kept pairs: from any record one can walk to any other.
-- asset: identity.person_records
-- severity: error
-- owner: data team
-- fix: Records were put together without any evidence that is written down; report it with the person's rows of identity.pairs
with recursive nodes as (
    select distinct r.node_key, p.person_id
    from identity.records as r
    join identity.person_records as p on r.source = p.source and r.record_id = p.record_id
),

links as (
    select node_key_l as node_key, node_key_r as other_key from identity.pairs where is_kept
    union all
    select node_key_r, node_key_l from identity.pairs where is_kept
),

reached as (
    select min(node_key) as node_key, person_id from nodes group by person_id
    union
    select n.node_key, n.person_id
    from reached as r
    join links as l on r.node_key = l.node_key
    join nodes as n on l.other_key = n.node_key and r.person_id = n.person_id
)

select n.person_id, count(*) as nodes, count(r.node_key) as reached
from nodes as n
left join reached as r on n.node_key = r.node_key and n.person_id = r.person_id
group by n.person_id
having count(*) > count(r.node_key)
