-- What a person did on the site and in the app, in visits that could be attributed.
-- grain: person_id
-- owner: analytics team
select
    s.person_id, -- Person
    cast(count(*) as bigint) as web_sessions_count, -- [zero] Visits
    cast(count(*) filter (where s.started_at >= timezone('UTC', timezone(run.zone, run.as_of - interval 30 days))) as bigint) as web_sessions_last_30_days, -- [zero] Visits in the 30 days before the day of the run, and on it
    cast(if(bool_and(s.pages is not null), sum(s.pages), null) as bigint) as web_pages_count, -- [zero] Pages seen; empty when a source of the visits never tells pages
    nullif(cast(count(distinct struct_pack(s.source, s.device_id)) filter (where s.device_id is not null) as bigint), 0) as web_devices_count, -- [zero] Devices; empty when no visit tells its device
    min(s.started_at) as web_first_seen_at, -- First visit (UTC)
    max(s.ended_at) as web_last_seen_at, -- Last sign of life on the site (UTC)
    min_by(s.campaign_source, struct_pack(s.started_at, s.session_key)) filter (where s.campaign_source is not null) as web_first_source, -- Where the first visit with a known origin came from
    min_by(s.campaign_name, struct_pack(s.started_at, s.session_key)) filter (where s.campaign_name is not null) as web_first_campaign -- First campaign
from profiles.sessions as s
cross join config.run as run
where s.person_id is not null
group by s.person_id
