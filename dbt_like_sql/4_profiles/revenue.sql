-- What a person bought and sent back, one row a currency; amounts in different currencies are never added. This is
-- the known part of whoever ordered in several: profiles.customers has their revenue empty.
-- grain: person_id, currency
-- owner: webshop team
-- check: net_amount = gross_amount - refunded_amount
select
    person_id, -- Person
    currency, -- Currency of the amounts
    cast(count(*) filter (where is_sale) as bigint) as orders, -- Orders that were charged or still may be, and not given back whole
    cast(sum(gross_amount) as decimal(18, 4)) as gross_amount, -- Charged
    cast(if(bool_and(refunded_amount is not null), sum(refunded_amount), null) as decimal(18, 4)) as refunded_amount, -- Paid back; empty when that of an order is not known
    cast(if(bool_and(net_amount is not null), sum(net_amount), null) as decimal(18, 4)) as net_amount -- Charged less what the sources say was paid back
from profiles.order_facts
where person_id is not null
group by person_id, currency
