-- No share moved by more than fifteen hundredths against the last seven days of runs: fields that are filled, segments, orders of nobody known.
-- asset: reports.unusual_numbers
-- severity: warn
-- owner: data team
-- fix: See reports.unusual_numbers; a share that jumps mostly comes from a column that was renamed or emptied in an export, see reports.delivery_drift
select subject, measure, amount_now, amount_usually
from reports.unusual_numbers
where kind = 'share'
