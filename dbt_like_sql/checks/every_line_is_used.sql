-- Every line of a file makes a row of some table, or its source calls it a continuation.
-- asset: quarantine.unused_lines
-- severity: warn
-- owner: data team
-- fix: A kind of row that the source does not know: map it, or say in `continuation` that it only adds to another line
select source_name, file, count(*) as lines
from quarantine.unused_lines
group by source_name, file
