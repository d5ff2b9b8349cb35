-- Identifiers too common to link anybody: placeholders and values shared by strangers.
-- grain: kind, reason
-- owner: data team
select
    kind, -- email, phone or another kind of identifier
    coalesce(reason, 'no reason given') as reason, -- Why it links nobody
    cast(count(*) as bigint) as identifiers, -- Different values
    cast(coalesce(sum(records), 0) as bigint) as records -- Records that carry them
from identity.blocked_identifiers
group by all
