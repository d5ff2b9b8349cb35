-- What an identifier may be used for today. The newest change wins, except that a withdrawal, complaint, hard
-- bounce or objection holds until a later opt-in with proof. A stop that names no recipient stops them all.
-- Equal times: the strictest wins. Marketing by e-mail, sms or whatsapp needs consent, or an existing customer
-- who ordered with this very identifier; advertising needs consent.
-- grain: namespace, value, purpose, channel, recipient
-- owner: privacy officer
-- check: not is_permitted or status = 'granted'
with changes as (
    select
        *,
        status in ('withdrawn', 'complaint', 'bounced', 'objected') as is_stop,
        case status when 'granted' then 0 when 'pending' then 1 when 'denied' then 2 else 3 end as strictness
    from profiles.permission_changes
),

uses as (select distinct namespace, value, purpose, channel, recipient from changes),

applicable as (
    select
        c.* exclude (recipient), u.recipient,
        max(c.changed_at) filter (where c.is_stop) over every_change as stopped_at,
        max(c.changed_at) filter (where c.status = 'granted' and c.has_proof) over every_change as proven_at
    from uses as u
    join changes as c
        on u.namespace = c.namespace and u.value = c.value and u.purpose = c.purpose and u.channel = c.channel
        and (c.recipient is not distinct from u.recipient or (c.recipient is null and c.is_stop))
    window every_change as (partition by u.namespace, u.value, u.purpose, u.channel, u.recipient)
),

standing as (
    select *
    from applicable
    where is_stop or stopped_at is null or proven_at > stopped_at
    qualify row_number() over (
        partition by namespace, value, purpose, channel, recipient
        order by changed_at desc, strictness desc, source, basis
    ) = 1
),

buyers as (
    select distinct 'email' as namespace, lower(trim(nfc_normalize(p.email))) as value
    from profiles.order_facts as o
    join staging.people as p on o.source = p.source and o.record_id = p.record_id
    where o.is_sale
    union all
    select distinct 'phone', r.phone_key
    from profiles.order_facts as o
    join identity.records as r on o.source = r.source and o.record_id = r.record_id
    where o.is_sale
),

judged as (
    select
        s.*,
        case
            when s.status <> 'granted' then s.status
            when s.purpose in ('email_marketing', 'sms_marketing', 'whatsapp_marketing', 'advertising')
                and s.basis in ('legitimate_interest', 'contract') then 'needs consent'
            when s.basis = 'existing_customer' and s.purpose = 'advertising' then 'needs consent'
            when s.basis = 'existing_customer' and b.value is null then 'no order with it'
            else 'granted'
        end as reason
    from standing as s
    left join buyers as b on s.namespace = b.namespace and s.value = b.value
)

select
    namespace, -- Kind of identifier
    value, -- [personal] The identifier, normalised
    purpose, -- What it may be used for
    channel, -- Through what
    recipient, -- Who may receive it; empty: nobody is named
    status, -- State that stands today
    basis, -- Legal basis of that state
    source, -- System that recorded it
    changed_at, -- Since when (UTC)
    reason = 'granted' as is_permitted, -- It may be used
    reason -- granted, or why not
from judged
