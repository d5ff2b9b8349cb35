-- Who lives together: people at one address who share a last name, or everybody at an address of few people.
-- An address is postcode, street and house number; in countries whose postcodes are that fine, postcode and house
-- number say it. A person lives where most of the records say, at equal numbers where the newest record says.
-- A household joins nobody: its people stay people of their own. Its id is that of its smallest person id, so it
-- may change when that person leaves; a person without an address has no row.
-- An address of up to 6 people with up to 3 last names is one household. At a larger one (a block of flats, a company)
-- only people of one last name are, and only up to 6 of them.
-- grain: person_id
-- owner: crm team
-- check: people >= 1 and (people > 1) = (evidence <> 'nobody else')
with described as (
    select
        p.person_id, r.name_last, r.updated_at, coalesce(r.country_code, run.country) as country,
        if(
            coalesce(r.country_code, run.country) in ('NL', 'GB', 'IE', 'CA'), r.place_key, r.postcode_key || ' ' || r.address_key
        ) as address
    from identity.records as r
    join identity.person_records as p on r.source = p.source and r.record_id = p.record_id
    cross join config.run as run
),

addresses as (
    select
        person_id, country || ' ' || address as address,
        row_number() over (partition by person_id order by count(*) desc, max(updated_at) desc nulls last, country, address) as rank
    from described
    where address is not null
    group by person_id, country, address
),

names as (
    select person_id, name_last, row_number() over (partition by person_id order by count(*) desc, name_last) as rank
    from described
    where name_last is not null
    group by person_id, name_last
),

residents as (
    select
        a.person_id, a.address, n.name_last,
        count(*) over (partition by a.address) <= 6
        and count(distinct n.name_last) over (partition by a.address) <= 3 as is_small,
        if(n.name_last is null, 1, count(*) over (partition by a.address, n.name_last)) as namesakes
    from addresses as a
    left join names as n on a.person_id = n.person_id and n.rank = 1
    where a.rank = 1
),

grouped as (
    select
        *,
        case
            when is_small then address
            when namesakes between 2 and 6 then address || ' ' || name_last
            else person_id
        end as home
    from residents
)

select
    person_id, -- Person
    'H' || substr(min(person_id) over (partition by home), 2) as household_id, -- Household; made anew in each run from the smallest person id in it
    cast(count(*) over (partition by home) as bigint) as people, -- People of the household
    case
        when count(*) over (partition by home) = 1 then 'nobody else'
        when namesakes > 1 then 'same address and last name'
        else 'same address'
    end as evidence -- same address and last name (of somebody else in the household), same address, or nobody else (of the people known)
from grouped
