-- Recency, frequency and money of everybody who bought, each as a score from 1 to 5.
-- The score is 1 + the fifths of all buyers who are strictly below: equal values always get equal scores.
-- Who objects to profiling, or is under age, has no score and counts for nobody else's. Whose revenue is not known has
-- no score for money, counts for nobody else's, and has no segment.
-- grain: person_id
-- owner: crm team
-- check: rfm_recency between 1 and 5 and rfm_frequency between 1 and 5 and rfm_monetary between 1 and 5
with buyers as (
    select p.person_id, p.recency_days, p.orders_count, p.net_revenue
    from profiles.purchases as p
    anti join profiles.suppressions as x on p.person_id = x.person_id
    where p.orders_count > 0
),

measures as (
    select person_id, 'recency' as measure, cast(-recency_days as decimal(18, 4)) as amount
    from buyers
    union all
    select person_id, 'frequency', cast(orders_count as decimal(18, 4))
    from buyers
    union all
    select person_id, 'monetary', net_revenue
    from buyers
    where net_revenue is not null
),

histogram as (select measure, amount, count(*) as buyers from measures group by measure, amount),

cumulated as (
    select
        measure, amount,
        sum(buyers) over (partition by measure order by amount rows between unbounded preceding and current row) - buyers as below,
        sum(buyers) over (partition by measure) as total
    from histogram
),

scores as (
    select m.person_id, m.measure, cast(1 + (5 * c.below) // c.total as bigint) as score
    from measures as m
    join cumulated as c on m.measure = c.measure and m.amount = c.amount
),

rfm as (
    select
        person_id,
        max(score) filter (where measure = 'recency') as r,
        max(score) filter (where measure = 'frequency') as f,
        max(score) filter (where measure = 'monetary') as m
    from scores
    group by person_id
)

select
    person_id, -- Person
    r as rfm_recency, -- 5: among the fifth who bought last; 1: among the longest ago
    f as rfm_frequency, -- 5: more orders than four fifths of the buyers have
    m as rfm_monetary, -- 5: more net revenue than four fifths of the buyers whose revenue is known
    case
        when m is null then null
        when r >= 4 and f + m >= 8 then 'champions'
        when r >= 3 and f + m >= 6 then 'loyal'
        when r >= 4 then 'recent'
        when r = 3 then 'promising'
        when f + m >= 8 then 'must not lose'
        when f + m >= 5 then 'at risk'
        else 'hibernating'
    end as rfm_segment -- The scores in words
from rfm
