"""A run in an empty folder, and tables in it: what tests of the lake and of publishing start from.

What belongs here: making a run and putting a table into it. What does not: assertions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline.run.manifest import Entry
from cdp_pipeline.run.run_folder import open_run

KEY = b"a key of these tests"


def small_run(data: Path, name: str = "first", project: Project | None = None) -> Run:
    """An open run on whatever is published in `data`; its project is empty unless one is given."""
    return open_run(
        Run(
            project=project or Project(data, Settings(name="test")),
            exports=data / "exports",
            data=data,
            as_of=date(2026, 6, 30),
            id=name,
            key=KEY,
            published=published_snapshot(data),
        )
    )


def put(
    run: Run, table: str, select: str, order_by: Sequence[str] = (), inputs: Mapping[str, str] | None = None
) -> str:
    """Write a table, record it in the manifest, and return its digest."""
    with run.connect() as con:
        rows = run.write(con, table, select, order_by)
    run.record({table: Entry("key", run.digest(table), rows, dict(inputs or {}))})
    return run.digest(table)
