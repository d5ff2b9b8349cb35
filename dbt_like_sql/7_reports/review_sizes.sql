-- Decisions that wait for a person, and what would move with them.
-- grain: decision
-- owner: data team
select
    decision, -- merge: two people who may be one. split: one person who may be two
    cast(count(*) as bigint) as questions, -- Pairs to look at
    cast(sum(records_moved) as bigint) as records_moved, -- Records that would change their person
    cast(sum(orders_moved) as bigint) as orders_moved, -- Orders that would change their person
    cast(sum(revenue_moved) as decimal(18, 4)) as revenue_moved -- Revenue that would, in the project's currency
from identity.review_queue
group by decision
