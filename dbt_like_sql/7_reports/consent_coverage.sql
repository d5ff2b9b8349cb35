-- What people permit, purpose by purpose: every person once for each purpose and channel that anybody was asked
-- for. Marketing by e-mail, text, WhatsApp or phone is permitted where some address of the person permits it, and else
-- has the answer of the golden one; elsewhere a refusal beats a consent.
-- grain: purpose, channel, state
-- owner: privacy officer
with said as (
    select
        p.person_id, p.purpose, p.channel, p.is_permitted, p.reason,
        p.purpose in ('email_marketing', 'sms_marketing', 'whatsapp_marketing', 'phone_marketing') as is_by_address,
        is_by_address and p.namespace = if(p.channel = 'email', 'email', 'phone') and p.is_permitted as is_way,
        not is_by_address or coalesce(p.value = case p.namespace when 'email' then c.email when 'phone' then c.phone end, false) as is_in_use,
        case p.reason
            when 'objected' then 8 when 'complaint' then 7 when 'withdrawn' then 6 when 'bounced' then 5 when 'denied' then 4
            when 'needs consent' then 3 when 'no order with it' then 2 when 'pending' then 1 else 0
        end as strictness
    from profiles.permissions as p
    join profiles.contacts as c on p.person_id = c.person_id
    where p.recipient is null
),

answers as (
    select
        person_id, purpose, channel,
        if(
            bool_or(is_way) or bool_and(is_permitted) filter (where is_in_use), 'permitted',
            max_by(reason, struct_pack(strictness, reason)) filter (where is_in_use and not is_permitted)
        ) as answer
    from said
    group by person_id, purpose, channel
),

uses as (select distinct purpose, channel from profiles.permissions where recipient is null),

states as (
    select
        u.purpose, u.channel,
        case
            when a.answer is not null then a.answer
            when u.channel = 'email' and c.email is null then 'no address'
            when u.channel in ('sms', 'whatsapp', 'phone') and c.phone is null then 'no address'
            else 'never asked'
        end as state
    from uses as u
    cross join profiles.contacts as c
    left join answers as a on u.purpose = a.purpose and u.channel = a.channel and c.person_id = a.person_id
)

select
    purpose, -- What it is about
    channel, -- Through what
    state, -- permitted, why not, never asked or no address
    cast(count(*) as bigint) as people -- People
from states
group by purpose, channel, state
