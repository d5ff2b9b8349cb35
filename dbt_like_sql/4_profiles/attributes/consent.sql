-- What a person permits, one column a purpose. `permits_` of messages and calls is about the golden address alone:
-- e-mail about the golden e-mail, sms, whatsapp and calls about the golden phone. `is_reachable_by_` is about any
-- address of the person: a destination takes the best one that is permitted. What needs no address (post, advertising,
-- analytics, profiling) needs a permission on some identifier and a refusal on none. Nothing said is no.
-- grain: person_id
-- owner: privacy officer
-- no profiling: permits_email_marketing, permits_sms_marketing, permits_whatsapp_marketing, permits_phone_marketing
-- no profiling: is_reachable_by_email, is_reachable_by_sms, is_reachable_by_whatsapp, is_reachable_by_phone
-- no profiling: permits_post_marketing, permits_advertising, permits_analytics, permits_profiling
-- no profiling: email_permission_status, email_permission_basis, email_permission_changed_at
with said as (
    select
        p.*,
        p.namespace = 'email' and coalesce(list_contains(p.addresses, c.email), false) as is_golden_email,
        p.namespace = 'phone' and p.value = c.phone as is_golden_phone
    from profiles.permissions as p
    join profiles.contacts as c on p.person_id = c.person_id
    where p.recipient is null
)

select
    person_id, -- Person
    coalesce(bool_and(is_permitted) filter (where is_golden_email and purpose = 'email_marketing' and channel = 'email'), false) as permits_email_marketing, -- [false] The golden e-mail may get marketing
    coalesce(bool_and(is_permitted) filter (where is_golden_phone and purpose = 'sms_marketing' and channel = 'sms'), false) as permits_sms_marketing, -- [false] The golden phone may get marketing by sms
    coalesce(bool_and(is_permitted) filter (where is_golden_phone and purpose = 'whatsapp_marketing' and channel = 'whatsapp'), false) as permits_whatsapp_marketing, -- [false] The golden phone may get marketing by WhatsApp
    coalesce(bool_and(is_permitted) filter (where is_golden_phone and purpose = 'phone_marketing' and channel = 'phone'), false) as permits_phone_marketing, -- [false] The golden phone may be called for marketing
    coalesce(bool_or(is_permitted) filter (where namespace = 'email' and purpose = 'email_marketing' and channel = 'email'), false) as is_reachable_by_email, -- [false] Some e-mail address of the person may get marketing
    coalesce(bool_or(is_permitted) filter (where namespace = 'phone' and purpose = 'sms_marketing' and channel = 'sms'), false) as is_reachable_by_sms, -- [false] Some phone of the person may get marketing by sms
    coalesce(bool_or(is_permitted) filter (where namespace = 'phone' and purpose = 'whatsapp_marketing' and channel = 'whatsapp'), false) as is_reachable_by_whatsapp, -- [false] Some phone of the person may get marketing by WhatsApp
    coalesce(bool_or(is_permitted) filter (where namespace = 'phone' and purpose = 'phone_marketing' and channel = 'phone'), false) as is_reachable_by_phone, -- [false] Some phone of the person may be called for marketing
    coalesce(bool_and(is_permitted) filter (where purpose = 'post_marketing'), false) as permits_post_marketing, -- [false] Marketing by post
    coalesce(bool_and(is_permitted) filter (where purpose = 'advertising'), false) as permits_advertising, -- [false] Audiences of advertising platforms
    coalesce(bool_and(is_permitted) filter (where purpose = 'analytics'), false) as permits_analytics, -- [false] Analysis of behaviour
    coalesce(bool_and(is_permitted) filter (where purpose = 'profiling'), false) as permits_profiling, -- [false] Segments about the person
    max(status) filter (where is_golden_email and purpose = 'email_marketing' and channel = 'email') as email_permission_status, -- State of the golden e-mail: granted, pending, denied, withdrawn, complaint, bounced, objected
    max(basis) filter (where is_golden_email and purpose = 'email_marketing' and channel = 'email') as email_permission_basis, -- Legal basis of that state
    max(changed_at) filter (where is_golden_email and purpose = 'email_marketing' and channel = 'email') as email_permission_changed_at -- Since when (UTC)
from said
group by person_id
