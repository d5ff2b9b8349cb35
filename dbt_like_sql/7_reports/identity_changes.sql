-- What happened to person ids on the day of this run.
-- grain: change
-- owner: data team
select
    c.change, -- created, merged, split, repointed or retired
    cast(count(*) as bigint) as events -- Events
from identity.changes as c
join config.run as run on c.as_of = run.as_of
group by c.change
