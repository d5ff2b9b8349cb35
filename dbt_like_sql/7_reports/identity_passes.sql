-- The last ten runs of the identity layer: all solved again, or only what was new.
-- grain: as_of
-- owner: data team
select
    as_of, -- Day of the run
    kind, -- full or incremental
    why, -- Why it was that kind
    records, -- People records
    new_nodes, -- Different contents among them that the run before did not know
    pairs_scored, -- Pairs the match model scored
    f1_against_incremental -- Full pass: how far its people agree with those published before; 1 = it changed nothing
from identity.passes
qualify row_number() over (order by as_of desc) <= 10
