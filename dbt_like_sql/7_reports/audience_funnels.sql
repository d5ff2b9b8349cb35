-- How an audience becomes a file: who is in the rule, who can be found by the destination, who permits it.
-- grain: destination, audience
-- owner: crm team
select
    destination, -- Where the file goes
    audience, -- The audience
    in_rule, -- People the rule finds
    has_key, -- Of them, people with something the destination can find them by
    permitted, -- Of them, people who permit it
    transfer_allowed, -- Of them, people whose data may go to the destination's country
    above_minimum, -- Of them, people left when the audience is large enough
    written, -- People in the file
    removed, -- People in the removal file: they were in it and no longer may be
    needs, -- Permissions the destination asks
    recipient, -- Who receives the file, where, on which basis
    reason -- One sentence: how many were written, or why nobody
from activation.receipts
