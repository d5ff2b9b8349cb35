-- Every line of a loaded export was loaded, rejected, or withheld because a flag of its own forbids to keep it.
-- asset: raw.files
-- severity: error
-- owner: data team
-- fix: The reader lost lines of that file; keep the file and report it
select file, source, rows_read, rows_loaded, rows_rejected, rows_withheld
from raw.files
where status = 'loaded' and rows_read <> rows_loaded + rows_rejected + coalesce(rows_withheld, 0)
