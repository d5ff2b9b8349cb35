"""The engine from night to night without files: what one night leaves is what the next one starts from.

What belongs here: handing the tables over. What does not: assertions, and real runs (acceptance/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from cdp_pipeline.identity import engine
from cdp_pipeline.identity.ids import ids
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model.model import Model
from cdp_pipeline.identity.normalise.normalise import Inputs
from cdp_pipeline.identity.passes import Known
from cdp_pipeline_tests.identity.people import DAY, KEY, MATCHING, Row
from cdp_pipeline_tests.identity.population import loaded

PERSONS = ("person_records", "persons", "changes", "redirects", "records")
STATE = ("clusters", "pairs", "records", "passes")


@dataclass(frozen=True)
class Solved:
    """One night: `con` holds the engine's temp tables."""

    con: duckdb.DuckDBPyConnection
    model: Model
    numbers: engine.Numbers
    day: date

    def persons(self) -> dict[str, str]:
        """record_id -> person_id."""
        return dict(self.con.execute("select record_id, person_id from person_records").fetchall())

    def events(self) -> list[tuple[object, ...]]:
        """What happened to ids tonight: change, person_id, other_person_id, records, cause."""
        return self.con.execute(
            """select change, person_id, other_person_id, records, cause from changes
               where as_of = $day order by all""",
            {"day": self.day},
        ).fetchall()


def night(
    rows: Sequence[Row],
    before: Solved | None = None,
    identifiers: Sequence[Sequence[str]] = (),
    *,
    is_full: bool = False,
    knows_ids: bool = True,
    matching: Matching = MATCHING,
) -> Solved:
    """Solve `rows` the night after `before`, with its model.

    `is_full`: everything is solved again. `knows_ids` False: with the model alone, as if nothing was published.
    """
    con = loaded(rows, identifiers)
    day = before.day + timedelta(days=1) if before else DAY
    previous, known = ids.Previous(), Known(basis="test")
    if before and knows_ids:
        _hand_over(before.con, con)
        previous = ids.Previous(**{name: f"before.{name}" for name in PERSONS})
        if not is_full:
            known = Known(basis="test", **{name: f"before.{name}" for name in STATE})
    model = before.model if before else None
    done = engine.resolve(con, Inputs(), matching, previous, model, KEY, day, "NL", known)
    return Solved(con, done.model, done.numbers, day)


def _hand_over(old: duckdb.DuckDBPyConnection, new: duckdb.DuckDBPyConnection) -> None:
    new.execute("create schema before")
    for name in sorted({*PERSONS, *STATE}):
        new.register("moving", old.sql(f"from {name}").to_arrow_table())
        new.execute(f"create table before.{name} as from moving")
        new.unregister("moving")
