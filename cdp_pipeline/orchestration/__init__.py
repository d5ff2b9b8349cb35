"""The pipeline in Dagster: assets, jobs, schedules, sensors, and the history of runs."""
