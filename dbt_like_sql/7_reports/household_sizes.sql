-- Households by the number of their people that are known.
-- grain: people
-- owner: crm team
select
    people, -- People of one household
    cast(count(distinct household_id) as bigint) as households -- Households of that size
from identity.households
group by people
