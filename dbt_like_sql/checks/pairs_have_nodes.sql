-- Both nodes of every pair belong to a record, and each pair is there once.
-- asset: identity.pairs
-- severity: error
-- owner: data team
-- fix: Pairs of records that are gone were kept from an earlier night; run `cdp identity train`, which solves everything again
with nodes as (select distinct node_key from identity.records)

select p.node_key_l, p.node_key_r, count(*) as pairs
from identity.pairs as p
left join nodes as l on p.node_key_l = l.node_key
left join nodes as r on p.node_key_r = r.node_key
group by p.node_key_l, p.node_key_r
having count(*) > 1 or p.node_key_l >= p.node_key_r or count(l.node_key) = 0 or count(r.node_key) = 0
