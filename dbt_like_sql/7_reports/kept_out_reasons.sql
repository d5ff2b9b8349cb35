-- Why rows were kept out, or used after a cell was mended, rule by rule. A row that breaks two rules is counted under both.
-- grain: table_name, source_name, outcome, reason
-- owner: data team
with kept_out as (
    select 'people' as table_name, source_name, outcome, reasons from quarantine.people
    union all
    select 'identifiers' as table_name, source_name, outcome, reasons from quarantine.identifiers
    union all
    select 'links' as table_name, source_name, outcome, reasons from quarantine.links
    union all
    select 'permissions' as table_name, source_name, outcome, reasons from quarantine.permissions
    union all
    select 'products' as table_name, source_name, outcome, reasons from quarantine.products
    union all
    select 'orders' as table_name, source_name, outcome, reasons from quarantine.orders
    union all
    select 'order_lines' as table_name, source_name, outcome, reasons from quarantine.order_lines
    union all
    select 'events' as table_name, source_name, outcome, reasons from quarantine.events
    union all
    select 'tickets' as table_name, source_name, outcome, reasons from quarantine.tickets
    union all
    select 'messages' as table_name, source_name, outcome, reasons from quarantine.messages
),

reasons as (
    select table_name, source_name, outcome, unnest(string_split(coalesce(reasons, 'no reason given'), '; ')) as reason
    from kept_out
)

select
    table_name, -- Core table the rows were meant for
    source_name, -- Source YAML
    outcome, -- quarantined, superseded, dropped, mended (used all the same) or replayed
    reason, -- The rule, as column: rule
    cast(count(*) as bigint) as rows_kept_out -- Rows
from reasons
group by all
