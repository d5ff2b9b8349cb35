-- No verdict contradicts another one, an account or a clean source.
-- asset: identity.verdicts
-- severity: warn
-- owner: data team
-- fix: See conflict in identity.verdicts, look at both records with `cdp explain`, and correct the line in data/verdicts.csv
select line, record_key_l, record_key_r, verdict, is_in_force
from identity.verdicts
where status = 'conflicting'
