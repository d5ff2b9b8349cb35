-- What every guard against wrong joins did in this run.
-- grain: guard
-- owner: data team
select
    guard, -- The guard
    unit, -- What it counts: identifiers, pairs, groups, blocks, persons, verdicts or links
    before, -- How many there were, or would have joined, without it; empty when it makes no sense
    affected, -- How many it acted on
    words -- What that means
from identity.guards
