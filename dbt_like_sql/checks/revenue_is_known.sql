-- What a buyer brought is known in the project's currency.
-- asset: profiles.customers
-- severity: warn
-- owner: webshop team
-- fix: These people have no revenue, no score for money and no RFM segment, and no rule about revenue finds them. They were charged in another currency (the parts are in profiles.revenue), or an order was partly paid back and its source does not say how much
select person_id, order_currencies
from profiles.customers
where orders_count > 0 and net_revenue is null
