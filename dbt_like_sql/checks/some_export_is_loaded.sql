-- At least one export could be loaded, now or on an earlier night.
-- asset: raw.files
-- severity: error
-- owner: data team
-- fix: see raw.files for the reason of every file; is the exports folder the right one?
select 1 as nothing
where not exists (select 1 from raw.files where status = 'loaded')
