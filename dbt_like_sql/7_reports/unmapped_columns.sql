-- Columns of the exports that nobody mapped: they are not kept.
-- grain: source, column_name
-- owner: data team
with columns as (
    select source, file, unnest(unmapped_columns) as column_name
    from raw.files
    where status = 'loaded'
)

select
    source, -- Source YAML that claims the file
    column_name, -- Column of the export
    cast(count(distinct file) as bigint) as files -- Files that have it
from columns
group by source, column_name
