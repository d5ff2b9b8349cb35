-- On the way from the rule to the file every gate can only take people away.
-- asset: activation.receipts
-- severity: error
-- owner: privacy officer
-- fix: Do not deliver the file. A gate let more people through than came to it
select destination, audience, in_rule, has_key, permitted, transfer_allowed, above_minimum, written
from activation.receipts
where not (
    in_rule >= has_key and has_key >= permitted and permitted >= transfer_allowed
    and transfer_allowed >= above_minimum and above_minimum >= written and written >= 0
)
