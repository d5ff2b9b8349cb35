-- What is not as usual today: a size that is less than half or more than twice the median of up to seven days before,
-- and differs by twenty at least; a share that moved by more than fifteen hundredths. Below three days nothing is usual yet.
-- grain: subject, measure
-- owner: data team
with ranked as (
    select m.*, row_number() over (partition by m.subject, m.measure order by m.as_of desc) as place
    from reports.measurements as m
    join config.run as run on m.as_of < run.as_of
),

usual as (
    select subject, measure, median(amount) as amount
    from ranked
    where place <= 7
    group by subject, measure
    having count(*) >= 3
),

today as (
    select m.*
    from reports.measurements as m
    join config.run as run on m.as_of = run.as_of
),

compared as (
    select
        u.subject, u.measure, k.kind, coalesce(t.amount, 0) as amount_now, u.amount as amount_usually
    from usual as u
    join (select distinct subject, measure, kind from ranked) as k on u.subject = k.subject and u.measure = k.measure
    left join today as t on u.subject = t.subject and u.measure = t.measure
)

select
    subject, -- What was measured
    measure, -- What of it
    kind, -- size or share
    cast(amount_now as decimal(18, 6)) as amount_now, -- Today; 0 when it is not there
    cast(amount_usually as decimal(18, 6)) as amount_usually -- Median of up to seven days before
from compared
where (kind = 'share' and abs(amount_now - amount_usually) > 0.15)
    or (
        kind = 'size' and abs(amount_now - amount_usually) >= 20
        and (amount_now < amount_usually / 2 or amount_now > amount_usually * 2)
    )
