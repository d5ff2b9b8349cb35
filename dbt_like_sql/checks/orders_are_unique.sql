-- An order, and a line of an order, is there once.
-- asset: staging.order_lines
-- severity: error
-- owner: webshop team
-- fix: Two mappings of one source write the same key; see the mappings into orders and order_lines
select source, order_id, line_number, count(*) as rows
from (
    select source, order_id, null as line_number
    from staging.orders
    union all
    select source, order_id, line_number
    from staging.order_lines
)
group by source, order_id, line_number
having count(*) > 1
