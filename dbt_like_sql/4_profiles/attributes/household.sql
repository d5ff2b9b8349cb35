-- The household a person lives in, for one catalogue a household. What counts as one: identity.households.
-- grain: person_id
-- owner: crm team
-- check: household_size >= 1
with revenue as (
    select f.person_id, sum(f.net_amount) as net_revenue
    from profiles.order_facts as f
    join config.run as run on f.currency = run.currency
    where f.person_id is not null
    group by f.person_id
)

select
    h.person_id, -- Person
    h.household_id, -- Household; empty without an address. Made anew in each run, so nothing to keep elsewhere
    h.people as household_size, -- People of the household that are known
    row_number() over (
        partition by h.household_id
        order by coalesce(c.permits_post_marketing, false) desc, coalesce(r.net_revenue, 0) desc, p.since, h.person_id
    ) = 1 as is_household_contact -- [false] Whom to write to when a household gets one letter: of those who permit post, if any, who brought most
from identity.households as h
join identity.persons as p on h.person_id = p.person_id
left join profiles.consent as c on h.person_id = c.person_id
left join revenue as r on h.person_id = r.person_id
