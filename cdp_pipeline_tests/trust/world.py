"""A small invented customer base with two nights of exports.

What belongs here: making and delivering exports, and a project without idle sources. What does not: running anything
on them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cdp_pipeline_tests.acceptance.published import cdp

SECOND = "2026-06-30"


def two_nights(folder: Path, people: int) -> Callable[[], object]:
    """Makes `folder/exports` with the files of a first night; returns what delivers those of the second."""
    exports, waiting = folder / "exports", folder / "waiting"
    made = cdp("demo", "--people", str(people), "--days", "2", "--out", exports)
    if made.returncode:
        raise RuntimeError(made.stderr)
    (exports / SECOND).rename(waiting)
    return lambda: waiting.rename(exports / SECOND)


def deliver_again(exports: Path, name: str) -> Path:
    """A newer delivery of the newest export with `name` in its path, without its last line; returns the file."""
    newest = max(path for path in exports.rglob(f"*{name}*") if path.suffix != ".done")
    again = exports / "2026-07-01" / newest.name.replace("2026-06-30", "2026-07-01")
    again.parent.mkdir(exist_ok=True)
    again.write_bytes(b"".join(newest.read_bytes().splitlines(keepends=True)[:-1]))
    again.with_name(f"{again.name}.done").touch()
    return again


def lean_project(project: Path) -> Path:
    """Take the sources out of a copy of dbt_like_sql for which the demo has no file: they cost time and do nothing."""
    from cdp_pipeline.demo.deliveries import DELIVERIES

    systems = {delivery.system for delivery in DELIVERIES}
    for source in sorted((project / "1_sources").glob("*.yml")):
        if source.stem.partition("_")[0] not in systems or "_api_" in source.stem:
            source.unlink()
    return project
