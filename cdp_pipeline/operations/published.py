"""Whether what is published still is what was published, and which command mends it when it is not.

What belongs here: the finding on the published state. What does not: digests (publishing/damage.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cdp_pipeline.errors import InputError
from cdp_pipeline.operations.finding import Finding
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.publishing.damage import damaged_files, damaged_tables
from cdp_pipeline.publishing.snapshots import snapshots
from cdp_pipeline.run.lake import published_snapshot

_SHOWN = 5
_MODEL = "identity/"
"""The match model: the one file beside the tables that a night takes over from the night before."""


def published_findings(data: Path, project: Project, pipeline: Pipeline | None) -> Iterator[Finding]:
    """One finding on the published state, none when nothing is published; reads every byte of it."""
    try:
        snapshot = published_snapshot(data)
        tables = damaged_tables(snapshot, project) if snapshot else []
    except InputError as error:
        words = str(error).partition(": ")[0]
        yield Finding("published state", "bad", words, _going_back(data, project))
        return
    if snapshot is None:
        return
    files = damaged_files(snapshot)
    damaged = [*tables, *files]
    if not damaged:
        yield Finding("published state", "ok", "every file is what was published")
        return
    more = f" and {len(damaged) - _SHOWN} more" if len(damaged) > _SHOWN else ""
    words = f"damaged, not what was published: {', '.join(damaged[:_SHOWN])}{more}"
    yield Finding("published state", "bad", words, _cure(data, project, pipeline, tables, files))


def _cure(data: Path, project: Project, pipeline: Pipeline | None, tables: Sequence[str], files: Sequence[str]) -> str:
    if set(tables) & _taken_over(tables, pipeline):
        return _going_back(data, project)
    if any(name.startswith(_MODEL) for name in files):
        return "cdp identity train, then cdp run: the match model is trained anew"
    audience = "; do not deliver the audience file" if any(name.startswith("activation/") for name in files) else ""
    return f"cdp run makes it anew from what is whole{audience}"


def _taken_over(tables: Sequence[str], pipeline: Pipeline | None) -> set[str]:
    """Those of `tables` that a run goes on from: what it makes from the others is not among them."""
    if pipeline is None:
        return set(tables)
    before = {read.removeprefix("previous.") for step in pipeline.steps for read in step.reads if "previous." in read}
    return {name for name in tables if name.startswith("raw.") or name in before or name not in pipeline.tables}


def _going_back(data: Path, project: Project) -> str:
    """The newest of the other states that is whole, by name; unchanged tables are one file in many states."""
    for state in snapshots(data):
        if not state.is_current and state.as_of and not damaged_tables(data / "snapshots" / state.id, project):
            return f"cdp rollback {state.id}, which is whole (as of {state.as_of}); then cdp run"
    return "no other state that is kept is whole: cdp restore COPY, a backup of the data folder; then cdp run"
