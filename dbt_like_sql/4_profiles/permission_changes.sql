-- Every change of a permission, for every identifier that its cell holds, by the identifier's key. An unsubscription or
-- a complaint about a message is a change too, also when the system that sent it forgot to say so in its list of
-- permissions.
-- grain: source, namespace, value, purpose, channel, recipient, status, basis, changed_at
-- owner: privacy officer
with told as (
    select source, record_id, namespace, value_keys as keys, purpose, channel, recipient, status, basis, proof, changed_at
    from staging.permissions
    union all
    select
        m.source, m.record_id,
        if(m.channel in ('sms', 'whatsapp'), 'phone', 'email'),
        if(m.channel in ('sms', 'whatsapp'), p.phone_keys, p.email_keys),
        concat(coalesce(m.channel, 'email'), '_marketing'),
        coalesce(m.channel, 'email'),
        null,
        if(m.event_type = 'complained', 'complaint', 'withdrawn'),
        null, null, m.occurred_at
    from staging.messages as m
    join staging.people as p on m.source = p.source and m.record_id = p.record_id
    where m.event_type in ('unsubscribed', 'complained') and coalesce(m.channel, 'email') in ('email', 'sms', 'whatsapp')
),

each as (
    select * exclude (keys) replace (nullif(lower(trim(recipient)), '') as recipient), unnest(keys) as identifier
    from told
)

select
    source, -- System that recorded the change
    max(record_id) as record_id, -- [personal] People record it was recorded on
    namespace, -- Kind of identifier
    identifier as value, -- [personal] The identifier's key
    purpose, -- What it may be used for
    channel, -- Through what
    recipient, -- Who may receive it, when the consent names someone
    status, -- granted, denied, withdrawn, complaint, bounced, pending or objected
    basis, -- Legal basis named by the source
    coalesce(bool_or(trim(proof) <> ''), false) as has_proof, -- The source keeps proof of it
    changed_at -- When it changed (UTC)
from each
group by source, namespace, identifier, purpose, channel, recipient, status, basis, changed_at
