-- No order was placed after the day of the run, as days are in the project's zone.
-- asset: profiles.order_facts
-- severity: error
-- owner: webshop team
-- fix: The contract of orders lets a moment through that belongs to a later day; see max of ordered_at in 2_staging/orders.yml
select f.source, f.order_date, count(*) as orders
from profiles.order_facts as f
join config.run as run on f.order_date > run.as_of
group by f.source, f.order_date
