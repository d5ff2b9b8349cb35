-- What brought pairs of records together, and how many pairs were turned down.
-- grain: provenance, is_kept
-- owner: data team
select
    provenance, -- model, login, merge or a rule
    is_kept, -- The pair is one person
    cast(count(*) as bigint) as pairs -- Pairs of records
from identity.pairs
group by provenance, is_kept
