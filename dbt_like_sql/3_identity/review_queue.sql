-- Pairs a person should look at, those that change most first: one row for each two people who may be one
-- (decision merge), and one for each person held together by a doubtful link only (decision split).
-- A verdict goes into data/verdicts.csv with the two record keys: same or different. It binds from the next run on.
-- Doubtful is a match weight inside review_band of matching.yml; a merge is also asked for when the weight is above
-- it and the rest of the evidence spoke against. What anybody judged is not asked again.
-- A side is all records of a person; for a split all records that hang firmly together on that side of the link.
-- grain: record_key_l, record_key_r
-- owner: data team
-- check: (decision = 'split') = (person_id_l = person_id_r) and records_moved >= 1
with recursive charged as (
    select
        o.source, o.record_id, count(*) as orders,
        sum(if(o.currency = run.currency, o.total_amount - coalesce(o.refunded_amount, 0), 0)) as revenue
    from staging.orders as o
    cross join config.run as run
    where o.cancelled_at is null
    group by o.source, o.record_id
),

nodes as (
    select
        r.node_key, min(p.person_id) as person_id, min(r.record_key) as record_key, min_by(r.source, r.record_key) as source,
        count(*) as records, coalesce(sum(c.orders), 0) as orders, coalesce(sum(c.revenue), 0) as revenue
    from identity.records as r
    join identity.person_records as p on r.source = p.source and r.record_id = p.record_id
    left join charged as c on r.source = c.source and r.record_id = c.record_id
    group by r.node_key
),

pairs as (
    select
        p.node_key_l, p.node_key_r, p.match_weight, p.reason, p.veto is not null as is_vetoed,
        p.match_weight >= limits.review_low as is_worth_a_look, p.match_weight >= limits.review_high as is_firm,
        a.person_id as person_id_l, b.person_id as person_id_r
    from identity.pairs as p
    join nodes as a on p.node_key_l = a.node_key
    join nodes as b on p.node_key_r = b.node_key
    cross join identity.limits as limits
    where p.is_kept or p.match_weight >= limits.review_low or p.veto is not null
),

judged as (
    select distinct least(a.person_id, b.person_id) as person_a, greatest(a.person_id, b.person_id) as person_b
    from identity.verdicts as v
    join identity.records as l on v.record_key_l = l.record_key
    join identity.records as r on v.record_key_r = r.record_key
    join nodes as a on l.node_key = a.node_key
    join nodes as b on r.node_key = b.node_key
    where v.is_in_force
),

loose_people as (
    select distinct person_id_l as person_id
    from pairs
    where person_id_l = person_id_r and is_worth_a_look and not is_firm
),

firm_links as (
    select node_key_l as node_key, node_key_r as other_key from pairs where person_id_l = person_id_r and is_firm
    union all
    select node_key_r, node_key_l from pairs where person_id_l = person_id_r and is_firm
),

reached as (
    select n.node_key, n.node_key as start_key
    from nodes as n
    join loose_people as p on n.person_id = p.person_id
    union
    select f.other_key, r.start_key
    from reached as r
    join firm_links as f on r.node_key = f.node_key
),

firm_parts as (select node_key, min(start_key) as part from reached group by node_key),

sides as (
    select coalesce(f.part::varchar, n.person_id) as side, sum(n.records) as records, sum(n.orders) as orders, sum(n.revenue) as revenue
    from nodes as n
    left join firm_parts as f on n.node_key = f.node_key
    group by 1
    union all
    select n.person_id, sum(n.records), sum(n.orders), sum(n.revenue)
    from nodes as n
    join loose_people as p on n.person_id = p.person_id
    group by n.person_id
),

asked as (
    select
        p.*, if(p.person_id_l = p.person_id_r, 'split', 'merge') as decision,
        if(p.person_id_l = p.person_id_r, a.part::varchar, p.person_id_l) as side_l,
        if(p.person_id_l = p.person_id_r, b.part::varchar, p.person_id_r) as side_r
    from pairs as p
    left join firm_parts as a on p.node_key_l = a.node_key
    left join firm_parts as b on p.node_key_r = b.node_key
    where p.is_vetoed or p.person_id_l <> p.person_id_r or a.part <> b.part
),

links as (
    select
        *,
        count(*) filter (where is_vetoed) over (partition by decision, least(side_l, side_r), greatest(side_l, side_r)) as contradictions,
        row_number() over (
            partition by decision, least(side_l, side_r), greatest(side_l, side_r)
            order by is_worth_a_look and not is_vetoed desc, match_weight desc, node_key_l, node_key_r
        ) as nth_best
    from asked
),

questions as (
    select l.*
    from links as l
    left join judged as j
        on l.decision = 'merge' and least(l.person_id_l, l.person_id_r) = j.person_a
        and greatest(l.person_id_l, l.person_id_r) = j.person_b
    where l.nth_best = 1 and l.is_worth_a_look and not l.is_vetoed and side_l <> side_r and j.person_a is null
    qualify l.decision = 'merge'
        or row_number() over (partition by l.decision, l.person_id_l order by l.match_weight, l.node_key_l, l.node_key_r) = 1
)

select
    cast(row_number() over (
        order by least(x.revenue, y.revenue) desc, least(x.orders, y.orders) desc, least(x.records, y.records) desc,
            abs(q.match_weight), q.node_key_l, q.node_key_r
    ) as bigint) as rank, -- 1 is the pair whose decision changes most: revenue moved, then orders, then records
    q.decision, -- merge: are these two people one? split: are these records of one person really of one?
    a.record_key as record_key_l, -- Record of one side (identity.records); what to write into verdicts.csv
    b.record_key as record_key_r, -- Record of the other side
    a.source as source_l, -- System of the first record
    b.source as source_r, -- System of the second record
    q.person_id_l, -- Person of the first record
    q.person_id_r, -- Person of the second record; the same for a split
    q.match_weight, -- log2 odds that both are one person: 0 is even, 6 is 64 to 1
    q.reason, -- What agrees and what does not, in words
    cast(q.contradictions as bigint) as contradictions, -- Further pairs of the two sides that cannot be one person (another birth date or first name)
    cast(x.records as bigint) as records_l, -- Records on the first side
    cast(y.records as bigint) as records_r, -- Records on the second side
    cast(x.orders as bigint) as orders_l, -- Orders on the first side, cancelled ones left out
    cast(y.orders as bigint) as orders_r, -- Orders on the second side
    cast(x.revenue as decimal(18, 4)) as revenue_l, -- Charged less paid back on the first side, in the project's currency
    cast(y.revenue as decimal(18, 4)) as revenue_r, -- The same on the second side
    cast(least(x.records, y.records) as bigint) as records_moved, -- Records that would change their person: those of the smaller side
    cast(least(x.orders, y.orders) as bigint) as orders_moved, -- Orders that would change their person
    cast(least(x.revenue, y.revenue) as decimal(18, 4)) as revenue_moved -- Revenue that would change its person
from questions as q
join nodes as a on q.node_key_l = a.node_key
join nodes as b on q.node_key_r = b.node_key
join sides as x on q.side_l = x.side
join sides as y on q.side_r = y.side
