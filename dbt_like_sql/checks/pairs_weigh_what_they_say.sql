-- The weight of a pair follows from what is written beside it: vetoed is -40, hard evidence is at most 40, a doubt lowers
-- what the model says and never raises it, and only the e-mail rule raises it.
-- asset: identity.pairs
-- severity: error
-- owner: data team
-- fix: A pair was changed after it was scored; run `cdp identity train`, which solves everything again
select node_key_l, node_key_r, match_weight, model_weight, provenance, veto
from identity.pairs
where match_weight is null or match_weight < -40 or isnan(match_weight)
    or (provenance not in ('model', 'email_rule') and match_weight > 40)
    or (veto is not null and provenance = 'model' and match_weight <> -40)
    or (veto is null and match_weight = -40)
    or (veto is null and provenance = 'model' and match_weight > model_weight)
    or (provenance = 'email_rule' and match_weight < model_weight)
