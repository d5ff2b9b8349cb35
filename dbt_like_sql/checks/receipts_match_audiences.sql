-- A receipt counts in its rule exactly the people who are in the audience.
-- asset: activation.receipts
-- severity: error
-- owner: privacy officer
-- fix: The receipt and segments.memberships come from different runs; build activation again
with audiences as (
    select segment as audience, count(*) as people
    from segments.memberships
    where kind = 'audience'
    group by segment
)

select r.destination, r.audience, r.in_rule, coalesce(a.people, 0) as people
from activation.receipts as r
left join audiences as a on r.audience = a.audience
where r.in_rule <> coalesce(a.people, 0)
