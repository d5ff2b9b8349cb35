-- No more person ids change in one run than the churn budget of project.yml allows.
-- asset: identity.changes
-- severity: error
-- owner: data team
-- fix: see identity.changes of this day; a source whose e-mails or phones turned wrong merges or splits many people at once
with today as (
    select count(distinct c.person_id) as people
    from identity.changes as c
    join config.run as run on c.as_of = run.as_of
    where c.change in ('merged', 'split', 'repointed', 'retired')
),

known as (
    select count(*) as people from identity.persons
)

select today.people as changed, known.people as known
from today
cross join known
cross join config.run as run
where today.people > 20 and today.people > run.churn_budget * known.people
