-- Files that were not used, each with its reason. Copies and older snapshots are counted in deliveries.
-- grain: file, fingerprint
-- owner: data team
select
    file, -- Export file, relative to the exports folder
    fingerprint, -- SHA-256 of its bytes; empty when it was not read
    coalesce(source, 'nobody claims it') as source, -- Source YAML that claims the file
    status, -- refused, unclaimed or unready
    coalesce(reason, 'no reason given') as reason -- Why it was not used
from raw.files
where status in ('refused', 'unclaimed', 'unready')
