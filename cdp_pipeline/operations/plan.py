"""What a run would do, before it does it: `cdp plan`.

What belongs here: asking of each step what `perform` would ask, without making anything. What does not: whether the
project is right (validation.py), and doing it (steps.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb

from cdp_pipeline.operations.validation import validate
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.privacy.keys import secret_key
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline.run.manifest import Manifest
from cdp_pipeline.run.steps import Step, key_of
from cdp_pipeline.sources.arrivals import claimed_by, ready_files

ARRIVALS = "raw.arrivals"


@dataclass(frozen=True)
class Planned:
    """A step: `runs`, `may run` (when what it reads comes out another), or `reused`; and why."""

    step: Step
    verdict: Literal["runs", "may run", "reused"]
    reason: str


def plan(run: Run, pipeline: Pipeline) -> list[Planned]:
    """Every step of a run on what is published, in order; reads the manifest and the names of the exports, no content.

    A step that looks at files beside the tables (requests, verdicts, the drop zone) always runs; what it makes counts as
    unchanged, but for the exports: their files are compared by path, size and time.
    """
    manifest = run.manifest() if run.published else Manifest()
    changed_files = _changed_files(run) if run.published else {}
    changed: set[str] = set()
    planned = []
    for step in pipeline.steps:
        one = _planned(run, step, manifest, changed, changed_files)
        if one.verdict != "reused" and not (step.uses_exports and step.names[0] not in changed):
            changed |= set(step.names)
        planned.append(one)
    return planned


def _planned(
    run: Run, step: Step, manifest: Manifest, changed: set[str], changed_files: Mapping[str, set[str]]
) -> Planned:
    entries = [manifest.tables.get(name) for name in step.names]
    source = step.names[0].removeprefix("raw.")
    others = sorted((changed & set(step.inputs)) - {ARRIVALS})
    if not all(entries):
        return Planned(step, "runs", "never made")
    if step.names[0] == ARRIVALS:
        files = sum(map(len, changed_files.values()))
        changed |= {ARRIVALS} if files else set()
        return Planned(step, "runs", f"{files} export files are new, changed or gone")
    if step.uses_exports:
        return Planned(step, "runs", "looks at files that people or systems put there")
    if ARRIVALS in step.inputs and source in run.project.sources and not others:
        if own := changed_files.get(source):
            return Planned(step, "runs", f"{len(own)} files of its own are new, changed or gone")
        if ARRIVALS in changed and entries[0] and key_of(run, step, manifest) == entries[0].key:
            return Planned(step, "reused", "looks for files of its own and has none")
    if entries[0] and key_of(run, step, manifest) != entries[0].key:
        day = date.fromisoformat(manifest.as_of)
        is_of_another_day = key_of(replace(run, as_of=day), step, manifest) == entries[0].key
        return Planned(step, "runs", "another day" if is_of_another_day else "its file, settings or code changed")
    if others:
        return Planned(step, "may run", f"reads {', '.join(others[:3])}{' …' if len(others) > 3 else ''}")
    return Planned(step, "reused", "nothing that it reads changed")


def _changed_files(run: Run) -> dict[str, set[str]]:
    """Source → its export files that are not those of the published state."""
    with duckdb.connect() as con:
        rows = con.execute(
            "select file || ':' || bytes || ':' || modified_ns from read_parquet(?) where source is not null",
            [str(run.path(ARRIVALS))],
        ).fetchall()
    before, now = {str(row[0]) for row in rows}, set(ready_files(run.exports, run.project.sources))
    changed: dict[str, set[str]] = {}
    for key in before ^ now:
        file = key.rsplit(":", 2)[0]
        if source := claimed_by(file, run.project.sources):
            changed.setdefault(source, set()).add(file)
    return changed


def plan_of(project: Path, exports: Path, data: Path, as_of: date) -> list[Planned]:
    """The plan of `cdp run` with these options."""
    settings, pipeline = validate(project)
    snapshot = published_snapshot(data)
    key = secret_key(settings.settings.key_env, data, exports)
    return plan(Run(settings, exports, data, as_of, "plan", key, published=snapshot, at=snapshot), pipeline)
