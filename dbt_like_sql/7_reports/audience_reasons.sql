-- Why people of an audience are not in its file: everybody left out once, under one reason.
-- grain: destination, audience, reason
-- owner: crm team
select
    destination, -- Where the file goes
    audience, -- The audience
    reason, -- The gate that kept them back, or what their permission lacks
    people -- People
from activation.reasons
where reason <> 'written'
