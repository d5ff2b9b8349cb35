-- People who are left out of scores and of segments about behaviour, whatever they permit: whose data is restricted,
-- who objects, and who is known to be under age. Under age is whoever any record says so: a merge with an adult
-- changes nothing.
-- grain: person_id
-- owner: privacy officer
with reasons as (
    select person_id, 'objects to profiling' as reason, 4 as weight
    from profiles.permissions
    where purpose = 'profiling' and recipient is null and status not in ('granted', 'pending')
    union all
    select r.person_id, 'under age', 3
    from staging.people as p
    join identity.person_records as r on p.source = r.source and p.record_id = r.record_id
    cross join config.run as run
    where p.birth_date > run.as_of - to_years(run.adult_age)
    union all
    select person_id, kind, if(kind = 'restricted', 1, 2)
    from profiles.restrictions
)

select
    person_id, -- Person
    min_by(reason, struct_pack(weight, reason)) as reason, -- [personal] The weightiest reason: restricted, objected, under age, objects to profiling
    min(weight) < 4 as is_out_of_audiences -- Left out of every audience too; who only objects to profiling may get what goes to all
from reasons
group by person_id
