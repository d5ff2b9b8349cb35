-- The last pass of identity counted the records, nodes and pairs that are there.
-- asset: identity.pairs
-- severity: error
-- owner: data team
-- fix: A table of identity is not the one that the last pass wrote; run `cdp identity train`, which solves everything again
with last_pass as (select * from identity.passes qualify row_number() over (order by as_of desc) = 1),

counted as (
    select count(*) as records, count(distinct node_key) as nodes, (select count(*) from identity.pairs) as pairs
    from identity.records
)

select p.as_of, p.records, c.records as records_found, p.nodes, c.nodes as nodes_found, p.pairs, c.pairs as pairs_found
from last_pass as p
cross join counted as c
where p.records <> c.records or p.nodes <> c.nodes or p.pairs <> c.pairs
