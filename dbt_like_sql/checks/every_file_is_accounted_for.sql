-- Every file that arrived has its line in raw.files, every set-aside line is counted there, and the ledger
-- knows only loaded files.
-- asset: staging.reconciliation
-- severity: error
-- owner: data team
-- fix: A file, or lines of one, were lost between the drop zone and the ledger; keep the file and report it
with unlisted as (
    select a.file, 'arrived, but not in raw.files' as problem
    from raw.arrivals as a
    left join raw.files as f on a.fingerprint = f.fingerprint and a.source is not distinct from f.source
    where f.fingerprint is null
),

set_aside as (
    select source, file, count(*) as lines
    from quarantine.lines
    group by source, file
),

rejects as (
    select source, file, sum(rows_rejected) as lines
    from raw.files
    group by source, file
),

miscounted as (
    select coalesce(r.file, s.file) as file, 'lines set aside are not the lines counted' as problem
    from rejects as r
    full join set_aside as s on r.source = s.source and r.file = s.file
    left join raw.erased_rows as e on r.source = e.source_name and r.file = e.file
    where coalesce(r.lines, 0) <> coalesce(s.lines, 0) + coalesce(e.rejects_erased, 0)
),

unloaded as (
    select l.file, 'in the ledger, but not loaded' as problem
    from staging.reconciliation as l
    left join raw.files as f on l.source_name = f.source and l.file = f.file and f.status = 'loaded'
    where f.file is null and l.source_name <> 'erased'
),

unread as (
    select f.file, 'loaded, but not in the ledger' as problem
    from raw.files as f
    join raw.arrivals as a on f.fingerprint = a.fingerprint and f.source = a.source and a.status = 'accepted'
    left join staging.reconciliation as l on f.source = l.source_name and f.file = l.file
    where f.status = 'loaded' and f.rows_loaded > 0 and l.file is null
)

select file, problem from unlisted
union
select file, problem from miscounted
union
select file, problem from unloaded
union
select file, problem from unread
