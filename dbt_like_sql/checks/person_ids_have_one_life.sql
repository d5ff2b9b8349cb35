-- An id is given to one person once: who lives has been created and never ended, and who ended lives no more.
-- asset: identity.changes
-- severity: error
-- owner: data team
-- fix: identity.changes and identity.persons come from different states, or a retired id came back; roll back to the last snapshot and run again
with born as (
    select person_id, min(as_of) as born_on
    from (
        select person_id, as_of from identity.changes where change = 'created'
        union all
        select other_person_id, as_of from identity.changes where other_person_id is not null
    )
    group by person_id
),

created as (
    select person_id, count(*) as times
    from identity.changes
    where change = 'created'
    group by person_id
),

ended as (
    select person_id, count(*) as times, min(as_of) as ended_on
    from identity.changes
    where change in ('merged', 'retired')
    group by person_id
)

select
    coalesce(b.person_id, p.person_id, e.person_id) as person_id, b.born_on, e.ended_on, p.person_id is not null as is_alive
from born as b
full join identity.persons as p on b.person_id = p.person_id
full join ended as e on coalesce(b.person_id, p.person_id) = e.person_id
left join created as c on coalesce(b.person_id, p.person_id, e.person_id) = c.person_id
where b.person_id is null
    or (p.person_id is not null) = (e.person_id is not null)
    or e.times > 1 or c.times > 1 or e.ended_on < b.born_on
