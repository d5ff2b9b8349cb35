-- What each identifier of a person may be used for. A permission belongs to its identifier: when records
-- merge, the person has both identifiers, and each keeps exactly the permission it had.
-- grain: person_id, namespace, value, purpose, channel, recipient
-- owner: privacy officer
-- check: not is_permitted or status = 'granted'
select
    i.person_id, -- Person
    p.namespace, -- Kind of identifier
    p.value, -- [personal] The identifier's key
    i.addresses, -- [personal] As the person's records write it, the newest first
    p.purpose, -- What it may be used for
    p.channel, -- Through what
    p.recipient, -- Who may receive it; empty: nobody is named
    p.status, -- State that stands today
    p.basis, -- Legal basis of that state
    p.is_permitted, -- It may be used
    p.changed_at, -- Since when (UTC)
    p.reason -- granted, or why not
from profiles.identifiers as i
join profiles.identifier_permissions as p on i.namespace = p.namespace and i.value = p.value
