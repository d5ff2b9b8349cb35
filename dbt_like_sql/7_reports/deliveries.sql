-- What came in: files and rows of every source, by what became of the file.
-- grain: source, status
-- owner: data team
-- check: rows_read = rows_loaded + rows_rejected + rows_withheld or status <> 'loaded'
select
    coalesce(source, 'nobody claims it') as source, -- Source YAML that claims the file
    status, -- loaded, refused, duplicate, superseded, unclaimed or unready
    cast(count(*) as bigint) as files, -- Files
    cast(sum(rows_read) as bigint) as rows_read, -- Rows found in them; empty when no file of theirs was read
    cast(sum(rows_loaded) as bigint) as rows_loaded, -- Rows that could be read
    cast(sum(rows_rejected) as bigint) as rows_rejected, -- Rows that are no rows: too many fields, an open quote and the like
    cast(sum(rows_withheld) as bigint) as rows_withheld -- Rows not kept, because a flag of their own forbids it
from raw.files
group by all
