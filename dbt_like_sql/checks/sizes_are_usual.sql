-- No table, audience or median is less than half or more than twice what it was in the last seven days of runs.
-- asset: reports.unusual_numbers
-- severity: warn
-- owner: data team
-- fix: See reports.unusual_numbers; a size that fell mostly comes from an export that was not delivered whole, one that grew from rows delivered twice under new keys
select subject, measure, amount_now, amount_usually
from reports.unusual_numbers
where kind = 'size'
