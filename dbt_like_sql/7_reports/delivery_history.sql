-- Every export file that was ever loaded, with what it held: what the next delivery of its source is held against.
-- grain: source, fingerprint
-- owner: data team
-- empty previous.reports.delivery_history: as_of date, source varchar, fingerprint varchar, file varchar, delivered_at timestamp, rows_loaded bigint, unmapped_columns varchar[], missing_columns varchar[]
with known as (
    select h.*
    from previous.reports.delivery_history as h
    join config.run as run on h.as_of < run.as_of
),

arrived as (
    select source, fingerprint, min(delivered_at) as delivered_at
    from raw.arrivals
    group by source, fingerprint
),

held as (
    select source, fingerprint, min(file) as file, max(rows_loaded) as rows_loaded, max(unmapped_columns) as unmapped_columns, max(missing_columns) as missing_columns
    from raw.files
    where status = 'loaded'
    group by source, fingerprint
)

select
    coalesce(k.as_of, run.as_of) as as_of, -- Day of the run that first saw it
    coalesce(h.source, k.source) as source, -- Source YAML that claims it
    coalesce(h.fingerprint, k.fingerprint) as fingerprint, -- SHA-256 of its bytes
    coalesce(k.file, h.file) as file, -- Export file
    coalesce(k.delivered_at, a.delivered_at, timezone('UTC', timezone(run.zone, cast(run.as_of as timestamp)))) as delivered_at, -- Date and time in its path, else its last change (UTC)
    coalesce(h.rows_loaded, k.rows_loaded) as rows_loaded, -- Rows that could be read
    coalesce(h.unmapped_columns, k.unmapped_columns) as unmapped_columns, -- Columns that no mapping names
    coalesce(h.missing_columns, k.missing_columns) as missing_columns -- Mapped columns that it does not have
from held as h
full join known as k on h.source = k.source and h.fingerprint = k.fingerprint
left join arrived as a on h.source = a.source and h.fingerprint = a.fingerprint
cross join config.run as run
