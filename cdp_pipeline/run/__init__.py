"""The folder of a run: tables, manifest, steps that are skipped when nothing changed, locks, whole files."""
