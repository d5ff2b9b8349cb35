-- What a person bought and sent back, one row a currency; amounts in different currencies are never added.
-- grain: person_id, currency
-- owner: webshop team
-- check: net_amount = gross_amount - refunded_amount
select
    person_id, -- Person
    currency, -- Currency of the amounts
    cast(count(*) filter (where is_sale) as bigint) as orders, -- Orders that were charged or still may be
    cast(sum(gross_amount) as decimal(18, 4)) as gross_amount, -- Charged
    cast(sum(refunded_amount) as decimal(18, 4)) as refunded_amount, -- Paid back
    cast(sum(net_amount) as decimal(18, 4)) as net_amount -- Charged less paid back
from profiles.order_facts
where person_id is not null
group by person_id, currency
