-- What came in: files and rows of every source, by what became of the file.
-- grain: source, status
-- owner: data team
-- check: rows_read = rows_loaded + rows_rejected + rows_withheld or status <> 'loaded'
select
    coalesce(source, 'nobody claims it') as source, -- Source YAML that claims the file
    status, -- loaded, refused, duplicate, superseded, unclaimed or unready
    cast(count(*) as bigint) as files, -- Files
    cast(coalesce(sum(rows_read), 0) as bigint) as rows_read, -- Rows found in them
    cast(coalesce(sum(rows_loaded), 0) as bigint) as rows_loaded, -- Rows that could be read
    cast(coalesce(sum(rows_rejected), 0) as bigint) as rows_rejected, -- Rows that are no rows: too many fields, an open quote and the like
    cast(coalesce(sum(rows_withheld), 0) as bigint) as rows_withheld -- Rows not kept, because a flag of their own forbids it
from raw.files
group by all
