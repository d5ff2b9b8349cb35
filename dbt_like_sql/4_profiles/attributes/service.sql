-- Contacts of a person with customer service.
-- grain: person_id
-- owner: service team
with tickets as (
    select
        r.person_id, t.source, t.ticket_id, t.opened_at, t.satisfaction,
        t.solved_at is null and coalesce(lower(t.status), '') not in ('solved', 'closed', 'deleted') as is_open,
        bool_or(t.solved_at is not null or t.status is not null) over (partition by t.source) as tells_state
    from staging.tickets as t
    join identity.person_records as r on t.source = r.source and t.record_id = r.record_id
)

select
    person_id, -- Person
    cast(count(*) as bigint) as tickets_count, -- [zero] Service contacts
    if(bool_and(tells_state), cast(count(*) filter (where is_open) as bigint), null) as open_tickets_count, -- [zero] Service contacts not solved yet; empty when a system of theirs never says what is solved
    max(opened_at) as last_ticket_at, -- Last contact (UTC)
    max_by(satisfaction, struct_pack(opened_at, source, ticket_id)) filter (where satisfaction is not null) as last_satisfaction -- Last rating the person gave
from tickets
group by person_id
