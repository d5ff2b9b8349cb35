-- Every unsubscription from a message, and every complaint about one, stops an address: of its record, or named beside it.
-- asset: staging.messages
-- severity: error
-- owner: privacy officer
-- fix: Somebody said no by a message whose record has no readable address. Deliver the record again, correct the message (`cdp quarantine list messages`), or send the refusal with its address; whoever has looked and knows that all are harmless raises unapplied_stops in project.yml
with refusals as (
    select source, record_id, _file as file, _line as line, false as is_unread
    from staging.messages
    where event_type in ('unsubscribed', 'complained')
    union all
    select source, record_id, file, line, true
    from quarantine.messages
    where outcome = 'quarantined' and event_type in ('unsubscribed', 'complained')
),

reached as (
    select source, record_id from staging.people where len(email_keys) > 0 or len(phone_keys) > 0
    union
    select source, record_id from staging.permissions where len(value_keys) > 0 and status <> 'granted'
)

select source, file, line
from refusals
cross join config.run as run
anti join reached on not is_unread and refusals.source = reached.source and refusals.record_id = reached.record_id
qualify count(*) over () > min(run.unapplied_stops) over ()
