-- Whoever may be written to or called has a grant for that purpose on exactly the e-mail or phone in use.
-- asset: profiles.customers
-- severity: error
-- owner: privacy officer
-- fix: Do not export. A permission reached an identifier it was never given for; see profiles.permission_changes
with uses as (
    select person_id, 'email' as namespace, email as value, 'email_marketing' as purpose
    from profiles.customers
    where permits_email_marketing
    union all
    select person_id, 'phone', phone, 'sms_marketing'
    from profiles.customers
    where permits_sms_marketing
    union all
    select person_id, 'phone', phone, 'whatsapp_marketing'
    from profiles.customers
    where permits_whatsapp_marketing
    union all
    select person_id, 'phone', phone, 'phone_marketing'
    from profiles.customers
    where permits_phone_marketing
)

select u.person_id, u.purpose
from uses as u
where not exists (
    select 1
    from profiles.permission_changes as c
    join profiles.identifiers as i on c.namespace = i.namespace and c.value = i.value
    where i.person_id = u.person_id and c.namespace = u.namespace and c.purpose = u.purpose and c.status = 'granted'
        and (i.value = u.value or list_contains(i.addresses, u.value))
)
