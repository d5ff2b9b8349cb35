-- What an identifier may be used for today. The newest change wins, except that a withdrawal, complaint, hard
-- bounce or objection holds until a later opt-in with proof (consent: being a customer lifts nothing), and nothing
-- that was granted before that opt-in comes back. A stop that names no recipient stops them all.
-- Equal times: the strictest wins. A newer grant does not undo an older one on a better basis. What a grant needs:
-- a basis; a double opt-in its confirmation; an existing customer a recent order with this very identifier and proof
-- of having been told how to object. Messages and calls need one of these or consent; advertising needs consent.
-- grain: namespace, value, purpose, channel, recipient
-- owner: privacy officer
-- check: not is_permitted or status = 'granted'
with changes as (
    select
        *,
        status in ('withdrawn', 'complaint', 'bounced', 'objected') as is_stop,
        status = 'granted' and has_proof and coalesce(basis in ('consent', 'double_opt_in'), false) as is_opt_in,
        case status when 'granted' then 0 when 'pending' then 1 when 'denied' then 2 else 3 end as strictness
    from profiles.permission_changes
),

uses as (select distinct namespace, value, purpose, channel, recipient from changes),

applicable as (
    select
        c.* exclude (recipient), u.recipient,
        max(c.changed_at) filter (where c.is_stop) over every_change as stopped_at,
        max(c.changed_at) filter (where c.status <> 'granted') over every_change as refused_at
    from uses as u
    join changes as c
        on u.namespace = c.namespace and u.value = c.value and u.purpose = c.purpose and u.channel = c.channel
        and (c.recipient is not distinct from u.recipient or (c.recipient is null and c.is_stop))
    window every_change as (partition by u.namespace, u.value, u.purpose, u.channel, u.recipient)
),

lifted as (
    select *, min(changed_at) filter (where is_opt_in and changed_at > stopped_at) over every_change as lifted_at
    from applicable
    window every_change as (partition by namespace, value, purpose, channel, recipient)
),

standing as (
    select *
    from lifted
    where is_stop or stopped_at is null or lifted_at is not null
    qualify row_number() over (
        partition by namespace, value, purpose, channel, recipient
        order by changed_at desc, strictness desc, source, basis
    ) = 1
),

buyers as (
    select distinct
        unnest(['email', 'phone']) as namespace,
        unnest([p.email_keys[1], p.phone_keys[1]]) as value
    from profiles.order_facts as o
    join staging.people as p on o.source = p.source and o.record_id = p.record_id
    cross join config.run as run
    where o.is_sale and o.order_date >= run.as_of - run.existing_customer_days
),

-- The grants in force where a grant stands: all since the last refusal, and after a stop since it was lifted.
grants as (
    select
        a.namespace, a.value, a.purpose, a.channel, a.recipient, a.basis, a.changed_at,
        case
            when a.basis is null then 'no basis named'
            when a.basis in ('legitimate_interest', 'contract')
                and a.purpose in ('email_marketing', 'sms_marketing', 'whatsapp_marketing', 'phone_marketing', 'advertising')
                then 'needs consent'
            when a.basis = 'existing_customer' and a.purpose = 'advertising' then 'needs consent'
            when a.basis = 'double_opt_in' and not a.has_proof then 'not confirmed'
            when a.basis = 'existing_customer' and b.value is null then 'no recent order with it'
            when a.basis = 'existing_customer' and not a.has_proof then 'not told how to object'
            else 'granted'
        end as reason
    from lifted as a
    join standing as s
        on a.namespace = s.namespace and a.value = s.value and a.purpose = s.purpose and a.channel = s.channel
        and a.recipient is not distinct from s.recipient
    left join buyers as b on a.namespace = b.namespace and a.value = b.value
    where
        s.status = 'granted' and a.status = 'granted'
        and (a.refused_at is null or a.changed_at > a.refused_at)
        and (a.stopped_at is null or a.changed_at >= a.lifted_at)
),

best as (
    select *
    from grants
    qualify row_number() over (
        partition by namespace, value, purpose, channel, recipient
        order by
            reason = 'granted' desc,
            case basis when 'double_opt_in' then 1 when 'consent' then 2 when 'existing_customer' then 3 else 4 end,
            changed_at desc, basis, reason
    ) = 1
)

select
    s.namespace, -- Kind of identifier
    s.value, -- [personal] The identifier's key
    s.purpose, -- What it may be used for
    s.channel, -- Through what
    s.recipient, -- Who may receive it; empty: nobody is named
    s.status, -- State that stands today
    coalesce(g.basis, s.basis) as basis, -- Legal basis of that state; of several grants in force the best
    s.source, -- System that recorded it
    s.changed_at, -- Since when (UTC)
    coalesce(g.reason, s.status) = 'granted' as is_permitted, -- It may be used
    coalesce(g.reason, s.status) as reason -- granted, or why not
from standing as s
left join best as g
    on s.namespace = g.namespace and s.value = g.value and s.purpose = g.purpose and s.channel = g.channel
    and s.recipient is not distinct from g.recipient
