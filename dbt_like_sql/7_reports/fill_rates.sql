-- How complete profiles are: the share of people for whom a field is known.
-- grain: field
-- owner: crm team
with cells as (
    select person_id, columns(* exclude (person_id)) is not null
    from profiles.contacts
),

fields as (unpivot cells on columns(* exclude (person_id)) into name field value is_filled)

select
    field, -- Field of the profile
    cast(count(*) as bigint) as people, -- People
    cast(count(*) filter (where is_filled) as bigint) as filled, -- People for whom it is known
    cast(count(*) filter (where is_filled) / count(*) as decimal(18, 4)) as share -- Share of the people, 0 to 1
from fields
group by field
