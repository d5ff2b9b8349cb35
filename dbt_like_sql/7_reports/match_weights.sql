-- How much each agreement or difference says about two records being one person, in bits: +1 doubles the odds.
-- grain: comparison, level
-- owner: data team
select
    comparison, -- What is compared
    level, -- Number of the level inside its comparison
    label, -- What the level means
    m, -- Share of pairs of one person that are on this level
    u, -- Share of pairs of two different people that are on this level
    match_weight -- log2(m / u)
from identity.model_weights
