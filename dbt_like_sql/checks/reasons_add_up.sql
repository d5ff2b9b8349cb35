-- Everybody in the rule of an audience counts under exactly one reason, and as many are written as the receipt says.
-- asset: activation.reasons
-- severity: error
-- owner: privacy officer
-- fix: Do not deliver the file. Receipts and reasons come from different runs; build activation again
with counted as (
    select destination, audience, sum(people) as people, coalesce(sum(people) filter (where reason = 'written'), 0) as written
    from activation.reasons
    group by destination, audience
)

select
    coalesce(r.destination, c.destination) as destination, coalesce(r.audience, c.audience) as audience,
    r.in_rule, c.people, r.written, c.written as counted_as_written
from activation.receipts as r
full join counted as c on r.destination = c.destination and r.audience = c.audience
where coalesce(r.in_rule, 0) <> coalesce(c.people, 0) or coalesce(r.written, 0) <> coalesce(c.written, 0)
