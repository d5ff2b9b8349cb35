-- Every golden value comes from an existing record of that very person.
-- asset: profiles.golden_values
-- severity: error
-- owner: data team
-- fix: Golden values are older than identity; build profiles again
with given as (
    select
        person_id, field,
        if(source = 'correction', split_part(record_id, ':', 1), source) as source,
        if(source = 'correction', substr(record_id, strpos(record_id, ':') + 1), record_id) as record_id
    from profiles.golden_values
)

select g.person_id, g.field, g.source, g.record_id
from given as g
left join identity.person_records as r
    on g.source = r.source and g.record_id = r.record_id and g.person_id = r.person_id
left join staging.people as p on g.source = p.source and g.record_id = p.record_id
where r.person_id is null or p.record_id is null
