"""The one-cell law for people who were erased: delivered again with one cell changed, they stay out.

What belongs here: erasing everybody of many copies at once, delivering them again, and counting who came back. What
does not: the deliveries and changes (one_cell_deliveries.py, one_cell_changes.py), and erasure as a user asks for it
(erasure.py).

A row is back when it is staged and says whose it is. One that has another plain identifier instead, and nothing else
by which the person was known, is somebody else's to all who can see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from cdp_pipeline.identity.placeholders import Placeholders
from cdp_pipeline.lake import Run, fingerprint
from cdp_pipeline.privacy.facts import FACTS, spell
from cdp_pipeline.privacy.subject import told_of
from cdp_pipeline.privacy.tombstones import add_tombstones, hashed, secret
from cdp_pipeline_tests.trust.one_cell_changes import is_another
from cdp_pipeline_tests.trust.one_cell_deliveries import IDENTIFIERS, Copy
from cdp_pipeline_tests.trust.one_cell_world import AS_OF, KEY, Outcome, Where, deliver, outcomes

LAYERS = ("raw", "staging", "quarantine")
ANONYMOUS = ("products",)


def returned(folder: Path, project: Path, changed: Iterable[Copy]) -> tuple[list[tuple[Copy, str]], int]:
    """Copies in which somebody came back, with the tables; and how many copies were tried."""
    batch = list(changed)
    known, _ = deliver(
        folder / "known", [Copy(copy.source, copy.number, copy.again) for copy in batch], project, LAYERS
    )
    add_tombstones(folder / "again", _tombstones(known))
    run, owners = deliver(folder / "again", batch, project, LAYERS)
    told = outcomes(run, owners)
    found = [(copy, ", ".join(back)) for copy in batch if (back := sorted(set(_back(copy, told[copy.number]))))]
    return found, len(batch)


def _tombstones(run: Run) -> Iterator[dict[str, object]]:
    """Everything by which the people of a run are known, hashed."""
    keep = "source"
    with run.connect(*(f"staging.{table}" for table in FACTS)) as con:
        con.execute(f"create temp table told as {told_of(con, tuple(FACTS), keep)}")
        systems = [str(row[0]) for row in con.execute("select distinct source from staging.people").fetchall()]
        spell(con, "told", Placeholders(), run.project.settings.country, systems)
        rows = con.execute(
            "select distinct kind, identity from spelled where identity is not null order by all"
        ).fetchall()
    for kind, identity in rows:
        yield {
            "kind": kind, "key": hashed(secret(KEY), str(kind), str(identity)), "since": AS_OF, "request_id": "R1",
            "made_with": fingerprint(KEY),
        }  # fmt: skip


def _back(copy: Copy, after: Outcome) -> Iterator[str]:
    for table, rows in after.staged.items():
        for where, _ in rows:
            if table not in ANONYMOUS and not _is_somebody_else(copy, where):
                yield table


def _is_somebody_else(copy: Copy, where: Where) -> bool:
    """Whether nothing in the changed row tells who it was about, and what it says instead is plainly another's."""
    change = copy.change
    assert change
    person, place, _ = where
    if place != (change.cell.file, change.cell.row) or not is_another(change):
        return False
    _, row = copy.row(change.cell.file, change.cell.night, change.cell.row)
    row |= {column: after for column, (_, after) in change.cells.items()}
    known = [copy.tokens[person][name] for name in IDENTIFIERS]
    return not any(value in cell for value in known for cell in row.values())
