-- Every refusal is applied: none names somebody whom nobody can read, or a purpose or channel that is unknown.
-- asset: quarantine.permissions
-- severity: error
-- owner: privacy officer
-- fix: Somebody said no and nobody knows who. See `cdp quarantine list permissions`: correct and replay the rows, or mend the export; whoever has looked and knows that all are harmless raises unapplied_stops in project.yml
select source_name, file, line
from quarantine.permissions
cross join config.run as run
where outcome in ('quarantined', 'mended') and contains(reasons, 'refusal_not_applied')
    or outcome = 'quarantined' and regexp_matches(reasons, '(namespace|purpose|channel): ')
qualify count(*) over () > min(run.unapplied_stops) over ()
