-- Every row that was read is accounted for once: erased, not mapped, empty, dropped, superseded, quarantined or staged.
-- asset: staging.reconciliation
-- severity: error
-- owner: data team
-- fix: Rows were lost or doubled between raw and staging; see the mapping of that source
select source_name, file, table_name, rows_read, rows_erased, rows_not_mapped, rows_empty, rows_dropped, rows_superseded, rows_quarantined, rows_staged
from staging.reconciliation
where rows_read <> rows_erased + rows_not_mapped + rows_empty + rows_dropped + rows_superseded + rows_quarantined + rows_staged
