-- What became of the rows of each source in each core table:
-- read = erased + not mapped + empty + dropped + superseded + quarantined + used.
-- grain: source_name, table_name
-- owner: data team
-- check: rows_read = rows_erased + rows_not_mapped + rows_empty + rows_dropped + rows_superseded + rows_quarantined + rows_used
select
    source_name, -- Source YAML
    table_name, -- Core table the rows feed
    cast(sum(rows_read) as bigint) as rows_read, -- Rows of the files
    cast(sum(rows_erased) as bigint) as rows_erased, -- Lines that are no longer in raw: about somebody erased, or kept too long
    cast(sum(rows_not_mapped) as bigint) as rows_not_mapped, -- Rows that are no row of this table, such as continuation lines
    cast(sum(rows_empty) as bigint) as rows_empty, -- Rows whose cells for this table are all empty
    cast(sum(rows_dropped) as bigint) as rows_dropped, -- Rows dropped by a rule of the source
    cast(sum(rows_superseded) as bigint) as rows_superseded, -- Older versions of a row that came again
    cast(sum(rows_quarantined) as bigint) as rows_quarantined, -- Rows that break the contract
    cast(sum(rows_staged) as bigint) as rows_used, -- Rows used
    cast(sum(rows_mended) as bigint) as rows_mended, -- Rows that were used after a cell was emptied or replaced
    cast(coalesce(sum(rows_quarantined) / nullif(sum(rows_quarantined) + sum(rows_superseded) + sum(rows_staged), 0), 0) as decimal(18, 4)) as bad_share -- Share of the mapped rows that break the contract, 0 to 1
from staging.reconciliation
group by source_name, table_name
