-- The newest delivery of every source beside the seven before it: how old it is, how large, and which columns came,
-- went or have another name. A column is new when none of the seven had it, and gone when all of them did.
-- grain: source
-- owner: data team
with ranked as (
    select *, row_number() over (partition by source order by delivered_at desc, file desc, fingerprint) as place
    from reports.delivery_history
),

latest as (select * from ranked where place = 1),

earlier as (select * from ranked where place between 2 and 8),

usual as (
    select source, count(*) as deliveries, median(rows_loaded) as rows_loaded
    from earlier
    group by source
),

columns_now as (
    select source, unnest(unmapped_columns) as name, true as is_there from latest
    union all
    select source, unnest(missing_columns), false from latest
),

columns_then as (
    select source, name, is_there, count(*) as times
    from (
        select source, unnest(unmapped_columns) as name, true as is_there from earlier
        union all
        select source, unnest(missing_columns), false from earlier
    )
    group by source, name, is_there
),

came as (
    select n.source, n.name
    from columns_now as n
    join usual as u on n.source = u.source
    left join columns_then as t on n.source = t.source and n.name = t.name and t.is_there
    where n.is_there and t.name is null
),

went as (
    select n.source, n.name
    from columns_now as n
    join usual as u on n.source = u.source
    left join columns_then as t on n.source = t.source and n.name = t.name and not t.is_there
    where not n.is_there and t.name is null
    union
    select t.source, t.name
    from columns_then as t
    join usual as u on t.source = u.source and t.times = u.deliveries
    left join columns_now as n on t.source = n.source and t.name = n.name
    where t.is_there and n.name is null
),

renamed as (
    select w.source, w.name, c.name as new_name
    from went as w
    join came as c on w.source = c.source and jaro_winkler_similarity(lower(w.name), lower(c.name)) >= 0.85
    qualify row_number() over (
        partition by w.source, w.name order by jaro_winkler_similarity(lower(w.name), lower(c.name)) desc, c.name
    ) = 1
),

told as (
    select source, 'came' as what, name as words from came
    union all
    select source, 'went', name from went
    union all
    select source, 'renamed', name || ' → ' || new_name from renamed
),

columns_told as (
    select
        source,
        string_agg(words, ', ' order by words) filter (where what = 'came') as new_columns,
        string_agg(words, ', ' order by words) filter (where what = 'went') as gone_columns,
        string_agg(words, ', ' order by words) filter (where what = 'renamed') as renamed_columns
    from told
    group by source
)

select
    l.source, -- Source YAML
    l.delivered_at as last_delivered_at, -- When its newest file was delivered (UTC)
    cast(date_diff('hour', l.delivered_at, timezone('UTC', timezone(run.zone, cast(run.as_of as timestamp)))) as bigint) as hours_old, -- Hours from then to the start of the day of the run; below 0: on that day
    l.as_of = run.as_of as is_new, -- This run saw it first
    l.rows_loaded as rows_now, -- Rows in it
    cast(if(u.deliveries >= 3, u.rows_loaded, null) as decimal(18, 1)) as rows_usually, -- Median of up to seven deliveries before; empty below three
    coalesce(c.new_columns, '') as new_columns, -- Columns that none of those had
    coalesce(c.gone_columns, '') as gone_columns, -- Columns that all of those had
    coalesce(c.renamed_columns, '') as renamed_columns -- Gone columns with a new one of nearly the same name
from latest as l
left join usual as u on l.source = u.source
left join columns_told as c on l.source = c.source
cross join config.run as run
