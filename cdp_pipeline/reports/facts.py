"""What a report page is made of: the rows of the report tables and the times of the run.

What belongs here: reading them. What does not: choosing words (advice.py and the sections) or drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Manifest, Verdict

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """One layer in this run: seconds of work, new tables, tables found unchanged."""

    name: str
    seconds: float
    new: int
    reused: int


@dataclass(frozen=True)
class Warned:
    """A check that did not pass, in words."""

    description: str
    rows: int
    is_blocking: bool
    fix: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything the page says. `tables` are report tables by name without the layer, rows in grain order.

    `about` holds the description of each report table, `segments` that of each segment and audience
    (as `segmentation.segment`). `floor`: smaller groups of people are not told exactly.
    """

    name: str
    as_of: date
    run_id: str
    floor: int
    currency: str
    tables: Mapping[str, tuple[Row, ...]]
    about: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    slowest: tuple[tuple[str, float], ...] = ()
    warned: tuple[Warned, ...] = ()
    checks: tuple[tuple[str, Verdict], ...] = ()

    def rows(self, table: str) -> tuple[Row, ...]:
        """Rows of a report table; none when the project does not have it."""
        return self.tables.get(table, ())

    @property
    def headline(self) -> Row:
        """The one row of reports.headlines; empty when the project does not have it."""
        return next(iter(self.rows("headlines")), {})


def read_facts(run: Run, tables: tuple[str, ...]) -> Facts:
    """Read the named report tables of a run and its manifest."""
    project = run.project
    rows_of: dict[str, tuple[Row, ...]] = {}
    with run.connect(*tables) as con:
        for table in tables:
            order = ", ".join(f'"{column}" nulls first' for column in project.models[table].grain)
            result = con.execute(f"select * from {table} order by {order}")
            names = [column[0] for column in result.description or ()]
            rows = result.fetchall()
            rows_of[table.removeprefix("reports.")] = tuple(dict(zip(names, row, strict=True)) for row in rows)
    segments = {name: shape.description for name, shape in project.segmentations.items()}
    segments |= {
        f"{name}.{s.name}": s.description for name, shape in project.segmentations.items() for s in shape.segments
    }
    segments |= {f"{name}.{shape.otherwise}": "No rule fits" for name, shape in project.segmentations.items()}
    segments |= {f"audience.{name}": shape.description for name, shape in project.audiences.items()}
    manifest = run.manifest()
    return Facts(
        name=project.settings.name,
        as_of=run.as_of,
        run_id=run.id,
        floor=project.settings.report_floor,
        currency=project.settings.currency,
        tables=rows_of,
        about={table.removeprefix("reports."): project.models[table].description for table in tables},
        segments=segments,
        stages=_stages(manifest, project.layers),
        slowest=_slowest(manifest),
        warned=_warned(manifest),
        checks=tuple(sorted(manifest.checks.items())),
    )


def _warned(manifest: Manifest) -> tuple[Warned, ...]:
    return tuple(
        Warned(verdict.description or name.replace("_", " "), verdict.failing_rows, verdict.is_blocking, verdict.fix)
        for name, verdict in sorted(manifest.checks.items())
        if not verdict.passed
    )


def _stages(manifest: Manifest, layers: Sequence[str]) -> tuple[Stage, ...]:
    """Seconds per layer, in the order of `layers`."""
    stages = []
    for layer in layers:
        entries = [entry for name, entry in manifest.tables.items() if name.startswith(f"{layer}.")]
        if entries:
            reused = sum(entry.is_reused for entry in entries)
            stages.append(Stage(layer, sum(entry.seconds for entry in entries), len(entries) - reused, reused))
    return tuple(stages)


def _slowest(manifest: Manifest) -> tuple[tuple[str, float], ...]:
    """The eight tables that took longest in this run, with their seconds."""
    times = {name: entry.seconds for name, entry in manifest.tables.items() if not entry.is_reused}
    return tuple(sorted(times.items(), key=lambda item: (-item[1], item[0]))[:8])
