-- The ledger counts exactly the rows that are there: used rows in staging, and kept-out rows in quarantine,
-- per file and table.
-- asset: staging.reconciliation
-- severity: error
-- owner: data team
-- fix: A table of staging or quarantine is not the one that was counted; run again on a fresh run folder
with used as (
    select _file as file, 'people' as table_name from staging.people
    union all select _file, 'identifiers' from staging.identifiers
    union all select _file, 'links' from staging.links
    union all select _file, 'permissions' from staging.permissions
    union all select _file, 'products' from staging.products
    union all select _file, 'orders' from staging.orders
    union all select _file, 'order_lines' from staging.order_lines
    union all select _file, 'events' from staging.events
    union all select _file, 'tickets' from staging.tickets
    union all select _file, 'messages' from staging.messages
),

kept_out as (
    select file, outcome, 'people' as table_name from quarantine.people
    union all select file, outcome, 'identifiers' from quarantine.identifiers
    union all select file, outcome, 'links' from quarantine.links
    union all select file, outcome, 'permissions' from quarantine.permissions
    union all select file, outcome, 'products' from quarantine.products
    union all select file, outcome, 'orders' from quarantine.orders
    union all select file, outcome, 'order_lines' from quarantine.order_lines
    union all select file, outcome, 'events' from quarantine.events
    union all select file, outcome, 'tickets' from quarantine.tickets
    union all select file, outcome, 'messages' from quarantine.messages
),

there as (
    select file, table_name, 'staged' as outcome, count(*) as rows
    from used
    group by file, table_name
    union all
    select file, table_name, outcome, count(*)
    from kept_out
    group by file, table_name, outcome
),

ledger as (
    select file, table_name, 'staged' as outcome, rows_staged as rows from staging.reconciliation
    union all select file, table_name, 'quarantined', rows_quarantined from staging.reconciliation
    union all select file, table_name, 'superseded', rows_superseded from staging.reconciliation
    union all select file, table_name, 'dropped', rows_dropped from staging.reconciliation
    union all select file, table_name, 'mended', rows_mended from staging.reconciliation
    union all select file, table_name, 'replayed', rows_replayed from staging.reconciliation
),

counted as (
    select file, table_name, outcome, sum(rows) as rows
    from ledger
    group by file, table_name, outcome
)

select
    coalesce(t.file, c.file) as file, coalesce(t.table_name, c.table_name) as table_name,
    coalesce(t.outcome, c.outcome) as outcome, t.rows as rows_there, c.rows as rows_in_ledger
from there as t
full join counted as c on t.file = c.file and t.table_name = c.table_name and t.outcome = c.outcome
where coalesce(t.rows, 0) <> coalesce(c.rows, 0)
