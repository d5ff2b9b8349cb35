-- Every change of a permission, with its identifier written in one way: e-mail in lower case, phone in E.164, account
-- id behind the system that issued it, recipient in lower case. An unsubscription or a complaint about a message is a
-- change too, also when the system that sent it forgot to say so in its list of permissions.
-- grain: source, namespace, value, purpose, channel, recipient, status, basis, changed_at
-- owner: privacy officer
with told as (
    select source, record_id, namespace, value, purpose, channel, recipient, status, basis, proof, changed_at
    from staging.permissions
    union all
    select
        m.source, m.record_id,
        if(m.channel in ('sms', 'whatsapp'), 'phone', 'email'),
        if(m.channel in ('sms', 'whatsapp'), p.phone, p.email),
        concat(coalesce(m.channel, 'email'), '_marketing'),
        coalesce(m.channel, 'email'),
        null,
        if(m.event_type = 'complained', 'complaint', 'withdrawn'),
        null, null, m.occurred_at
    from staging.messages as m
    join staging.people as p on m.source = p.source and m.record_id = p.record_id
    where m.event_type in ('unsubscribed', 'complained') and coalesce(m.channel, 'email') in ('email', 'sms', 'whatsapp')
),

spelled as (
    select
        * replace (nullif(lower(trim(recipient)), '') as recipient),
        case namespace
            when 'email' then lower(trim(nfc_normalize(value)))
            when 'phone' then regexp_replace(regexp_replace(replace(value, '(0)', ''), '[^0-9+]', '', 'g'), '^[+]?00', '+', 'g')
            else trim(value)
        end as spelling
    from told
    where trim(value) <> ''
),

-- The record a change was recorded on knows the country of its own number.
own as (
    select
        p.source, p.record_id, r.phone_key,
        regexp_replace(regexp_replace(replace(p.phone, '(0)', ''), '[^0-9+]', '', 'g'), '^[+]?00', '+', 'g') as spelling
    from staging.people as p
    join identity.records as r on p.source = r.source and p.record_id = r.record_id
    where r.phone_key is not null
),

normalised as (
    select
        s.*,
        case s.namespace
            when 'phone' then coalesce(own.phone_key, p.phone, s.spelling)
            when 'login_id' then coalesce(a.account, s.spelling)
            else s.spelling
        end as identifier
    from spelled as s
    left join own
        on s.source = own.source and s.record_id = own.record_id
        and (s.spelling = own.spelling or length(s.spelling) >= 9 and right(s.spelling, 8) = right(own.phone_key, 8))
    left join profiles.phone_spellings as p on s.spelling = p.spelling
    left join identity.accounts as a on s.source = a.source and s.spelling = a.login_id
)

select
    source, -- System that recorded the change
    max(record_id) as record_id, -- [personal] People record it was recorded on
    namespace, -- Kind of identifier
    identifier as value, -- [personal] The identifier, normalised
    purpose, -- What it may be used for
    channel, -- Through what
    recipient, -- Who may receive it, when the consent names someone
    status, -- granted, denied, withdrawn, complaint, bounced, pending or objected
    basis, -- Legal basis named by the source
    coalesce(bool_or(trim(proof) <> ''), false) as has_proof, -- The source keeps proof of it
    changed_at -- When it changed (UTC)
from normalised
group by source, namespace, identifier, purpose, channel, recipient, status, basis, changed_at
