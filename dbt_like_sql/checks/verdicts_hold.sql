-- Records that a steward called the same are one person, records called different are two.
-- asset: identity.person_records
-- severity: error
-- owner: data team
-- fix: Do not publish. A verdict that binds was overruled; see identity.verdicts and report it with `cdp explain` of both records
select v.record_key_l, v.record_key_r, v.verdict
from identity.verdicts as v
join identity.records as l on v.record_key_l = l.record_key
join identity.records as r on v.record_key_r = r.record_key
join identity.person_records as a on l.source = a.source and l.record_id = a.record_id
join identity.person_records as b on r.source = b.source and r.record_id = b.record_id
where v.is_in_force and (v.verdict = 'same') <> (a.person_id = b.person_id)
