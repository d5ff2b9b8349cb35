-- What each system knows about its own records, field by field, to hold against the profiles.
-- grain: source, field
-- owner: crm team
with cells as (
    select
        source, record_id,
        columns(* exclude (source, record_id, attributes, is_email_verified, created_at, updated_at, _file, _line)) is not null
    from staging.people
),

fields as (unpivot cells on columns(* exclude (source, record_id)) into name field value is_filled)

select
    source, -- System
    field, -- Field of the record
    cast(count(*) as bigint) as records, -- Records of the system
    cast(count(*) filter (where is_filled) as bigint) as filled, -- Records that have it
    cast(count(*) filter (where is_filled) / count(*) as decimal(18, 4)) as share -- Share of the records, 0 to 1
from fields
group by source, field
