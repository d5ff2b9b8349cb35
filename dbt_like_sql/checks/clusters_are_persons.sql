-- A cluster of nodes is a person and a person is a cluster; every node is in one, and it bears the smallest of its numbers.
-- asset: identity.person_records
-- severity: error
-- owner: data team
-- fix: identity.clusters and identity.person_records come from different states; run the identity layer again
with nodes as (
    select distinct r.node_key, p.person_id
    from identity.records as r
    join identity.person_records as p on r.source = p.source and r.record_id = p.record_id
),

both_sides as (
    select coalesce(n.node_key, c.node_key) as node_key, n.person_id, c.cluster
    from nodes as n
    full join identity.clusters as c on n.node_key = c.node_key
)

select person_id, cluster, 'a node without a person or a cluster' as problem
from both_sides
where person_id is null or cluster is null
union all
select person_id, min(cluster), 'a person of several clusters'
from both_sides
group by person_id
having count(distinct cluster) > 1
union all
select min(person_id), cluster, 'a cluster of several persons, or by another name'
from both_sides
group by cluster
having count(distinct person_id) > 1 or min(node_key) <> cluster
