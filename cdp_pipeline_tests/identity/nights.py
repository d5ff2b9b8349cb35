"""Several nights of the engine on invented people, each starting from what the last one left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import duckdb
import pyarrow as pa

from cdp_pipeline.identity import engine
from cdp_pipeline.identity.ids import ids
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model.model import Model
from cdp_pipeline.identity.normalise.normalise import Inputs
from cdp_pipeline.identity.passes import Known
from cdp_pipeline.ledgers.verdicts import STATED
from cdp_pipeline_tests.identity import people as invented

KEPT = ("records", "clusters", "pairs", "passes", "person_records", "persons", "changes", "redirects")
Verdict = tuple[int, int, str]


@dataclass(frozen=True)
class State:
    """What a night leaves: tables, the model, and its numbers."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    model: Model | None = None
    numbers: dict[str, int | float | str] = field(default_factory=dict)
    day: date = invented.DAY
    con: duckdb.DuckDBPyConnection | None = None

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        assert self.con
        return self.con.sql(sql).fetchall()

    @property
    def groups(self) -> set[frozenset[str]]:
        assert self.con
        return invented.groups(self.con)

    @property
    def persons(self) -> dict[str, str]:
        assert self.con
        return invented.persons(self.con)

    @property
    def kind(self) -> str:
        return str(self.numbers["pass"])

    def key(self, record_id: str) -> int:
        """record_key of a record."""
        return int(str(self.rows(f"select record_key from records where record_id = '{record_id}'")[0][0]))


def stated(verdicts: Sequence[Verdict]) -> pa.Table:
    """Verdicts as the file would hold them, the last the newest."""
    rows = [
        (min(a, b), max(a, b), word, datetime.fromisoformat(f"2026-01-{at + 1:02d}"), "r", "", at + 2)
        for at, (a, b, word) in enumerate(verdicts)
    ]
    return pa.table([list(c) for c in zip(*rows, strict=True)] if rows else [[]] * len(STATED), schema=STATED)


def night(
    rows: Sequence[invented.Row],
    before: State | None = None,
    *,
    full: bool = False,
    identifiers: Sequence[Sequence[str]] = (),
    links: Sequence[Sequence[str]] = (),
    verdicts: Sequence[Verdict] = (),
    matching: Matching = invented.MATCHING,
    asked: int = 0,
    days: int = 1,
) -> State:
    """One run over `rows`, `days` after `before`; `full` forgets the solved state but neither ids nor model."""
    before = before or State()
    con = invented.con_with(rows, identifiers, links)
    day = before.day + timedelta(days=days)
    for name, table in before.tables.items():
        con.register("moving", table)
        con.execute(f"create table before_{name} as from moving")
        con.unregister("moving")
    con.register("moving", stated(verdicts))
    con.execute("create table stated as from moving")
    con.unregister("moving")
    here = {name: f"before_{name}" for name in before.tables}
    solved = {name: here[name] for name in ("clusters", "pairs", "records", "passes") if name in here and not full}
    known = {k: here[k] for k in ("person_records", "persons", "changes", "redirects", "records") if k in here}
    resolution = engine.resolve(
        con,
        Inputs(),
        matching,
        ids.Previous(**known),
        before.model,
        invented.KEY,
        day,
        "NL",
        Known(basis=matching.model_dump_json(), asked=asked, stated="stated", **solved),
    )
    tables = {name: con.sql(f"from {name}").to_arrow_table() for name in KEPT}
    return State(tables, resolution.model, resolution.numbers, day, con)
