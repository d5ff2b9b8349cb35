-- Every golden value comes from an existing record of that very person.
-- asset: profiles.golden_values
-- severity: error
-- owner: data team
-- fix: Golden values are older than identity; build profiles again
select g.person_id, g.field, g.source, g.record_id
from profiles.golden_values as g
left join identity.person_records as r
    on g.source = r.source and g.record_id = r.record_id and g.person_id = r.person_id
left join staging.people as p on g.source = p.source and g.record_id = p.record_id
where r.person_id is null or p.record_id is null
