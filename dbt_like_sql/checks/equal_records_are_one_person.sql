-- Records of one node have the same content, so they belong to one person.
-- asset: identity.person_records
-- severity: error
-- owner: data team
-- fix: identity.records and identity.person_records come from different states; run the identity layer again
select r.node_key, count(distinct p.person_id) as persons
from identity.records as r
join identity.person_records as p on r.source = p.source and r.record_id = p.record_id
group by r.node_key
having count(distinct p.person_id) > 1
