-- Every unsubscription from a message, and every complaint about one, stops an address: of its record, or named beside
-- it. Of a record that no file ever held there is nothing to stop.
-- asset: staging.messages
-- severity: error
-- owner: privacy officer
-- fix: Somebody said no by a message that cannot be read, or whose record has no readable address. Deliver the record again, correct the message (`cdp quarantine list messages`), or send the refusal with its address; whoever has looked and knows that all are harmless raises unapplied_stops in project.yml
with records as (
    select source, record_id from staging.people
    union
    select source, record_id from quarantine.people where outcome = 'quarantined'
),

refusals as (
    select source, record_id, _file as file, _line as line, true as is_read
    from staging.messages
    where event_type in ('unsubscribed', 'complained')
        and (record_id is null or (source, record_id) in (select (source, record_id) from records))
    union all
    select source, record_id, file, line, false
    from quarantine.messages
    where outcome = 'quarantined' and event_type in ('unsubscribed', 'complained')
),

applied as (
    select source, record_id, true as is_read from staging.people where len(email_keys) > 0 or len(phone_keys) > 0
    union
    select source, record_id, unnest([true, false]) as is_read
    from staging.permissions
    where len(value_keys) > 0 and status <> 'granted'
)

select source, file, line
from refusals
cross join config.run as run
anti join applied using (source, record_id, is_read)
qualify count(*) over () > min(run.unapplied_stops) over ()
