-- The household a person lives in, for one catalogue a household. What counts as one: identity.households.
-- grain: person_id
-- owner: crm team
-- check: household_size >= 1
select
    h.person_id, -- Person
    h.household_id, -- Household; empty without an address. Made anew in each run, so nothing to keep elsewhere
    h.people as household_size, -- People of the household that are known
    row_number() over (
        partition by h.household_id
        order by coalesce(c.permits_post_marketing, false) desc, if(b.person_id is null, 0, b.net_revenue) desc nulls last, p.since, h.person_id
    ) = 1 as is_household_contact -- [false] Whom to write to when a household gets one letter: of those who permit post, if any, who is known to have brought most
from identity.households as h
join identity.persons as p on h.person_id = p.person_id
left join profiles.consent as c on h.person_id = c.person_id
left join profiles.purchases as b on h.person_id = b.person_id
