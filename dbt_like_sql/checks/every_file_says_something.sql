-- No loaded file is without effect: of its rows at least one is used, older than another one, or left out by name.
-- asset: staging.reconciliation
-- severity: error
-- owner: data team
-- fix: Every cell that this source reads is empty in this file: its columns have other names than the source knows, or hold nothing. Map them, or take the file out of the exports
select source_name, file
from staging.reconciliation
group by source_name, file
having sum(rows_read) > sum(rows_erased) and sum(rows_staged + rows_superseded + rows_quarantined + rows_dropped + rows_erased) = 0
