"""The one-cell law for people who were erased: delivered again with one cell changed, they stay out.

What belongs here: erasing everybody of many copies at once, delivering them again, and counting who came back. What
does not: the deliveries and changes (one_cell_deliveries.py, one_cell_changes.py), and erasure as a user asks for it
(erasure.py).

A row is back when it is staged and says whose it is: by an identifier, or by name. With another plain identifier in
its place a name alone is somebody else's, to all who can see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.ledgers.tombstones import add_tombstones, hashed, secret
from cdp_pipeline.privacy.identities import spell
from cdp_pipeline.privacy.subject import told_of
from cdp_pipeline.project.registry import facts_of
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.run.lake import Run, fingerprint
from cdp_pipeline_tests.trust.one_cell_changes import is_another
from cdp_pipeline_tests.trust.one_cell_deliveries import Copy
from cdp_pipeline_tests.trust.one_cell_spellings import kind_of
from cdp_pipeline_tests.trust.one_cell_world import AS_OF, KEY, Outcome, deliver, outcomes

LAYERS = ("raw", "staging", "quarantine")
ANONYMOUS = ("products",)
_CONTACT, _NAME = r"\{(code|phone|other_phone)\b", r"\{(first|last|street)\b"
_NUMBER = r"\{(id|account|order|device)\b"
"""Numbers tell whose a row is only in a column that names somebody: nobody looks for them in the path of a page."""


def returned(folder: Path, project: Path, changed: Iterable[Copy]) -> tuple[list[tuple[Copy, str]], int]:
    """Copies in which somebody came back, with the tables; and how many copies were tried."""
    batch = [_by_that_alone(copy) for copy in changed]
    as_it_was = [Copy(copy.source, copy.number, copy.again) for copy in batch]
    known, owners = deliver(folder / "known", as_it_was, project, LAYERS)
    erased = outcomes(known, owners)
    add_tombstones(folder / "again", _tombstones(known))
    run, owners = deliver(folder / "again", batch, project, LAYERS)
    told = outcomes(run, owners)
    found = [
        (copy, ", ".join(back))
        for copy in batch
        if (back := sorted(set(_back(copy, erased[copy.number], told[copy.number], run.project.contracts))))
    ]
    return found, len(batch)


def _by_that_alone(copy: Copy) -> Copy:
    """The copy with nothing else to know its person by in the row, where an address or number is only written otherwise."""
    change = copy.change
    assert change
    kinds = {kind_of(before) for before, _ in change.cells.values()}
    if change.kind != "respell" or not kinds <= {"mail", "phone"}:
        return copy
    _, row = copy.row(change.cell.file, change.cell.night, change.cell.row)
    others = {column: (text, "") for column, text in row.items() if text and kind_of(text) in ("mail", "phone", "id")}
    return replace(copy, change=replace(change, cells={**others, **change.cells}))


def _tombstones(run: Run) -> Iterator[dict[str, object]]:
    """Everything by which the people of a run are known, hashed."""
    contracts = run.project.contracts
    facts = {table: own for table in contracts if (own := facts_of(table, contracts))}
    with run.connect(*(f"staging.{table}" for table in facts)) as con:
        con.execute(f"create temp table told as {told_of(con, facts, 'source')}")
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


def _back(copy: Copy, before: Outcome, after: Outcome, contracts: Mapping[str, Contract]) -> Iterator[str]:
    assert copy.change
    people = {where[0] for rows in before.staged.values() for where, _ in rows}  # of the others nothing was ever held
    ids = [before for before, _ in copy.change.cells.values() if kind_of(before) == "id"]
    is_nobodys = is_another(copy.change) or (ids and copy.change.kind in ("garble", "swap"))  # a number that nobody has
    anywhere = _CONTACT if is_nobodys else f"{_CONTACT}|{_NAME}"
    number = "$." if is_nobodys else _NUMBER
    for table, rows in after.staged.items():
        columns = contracts[table].columns
        naming = {c for _, row in rows for c in row if c not in columns or columns[c].sensitivity != "public"}
        if table not in ANONYMOUS and any(
            re.search(f"{anywhere}|{number}" if column in naming else anywhere, value or "")
            for where, row in rows
            if where[0] in people
            for column, value in row.items()
        ):
            yield table
