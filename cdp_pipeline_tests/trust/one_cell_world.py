"""What the product makes of many copies of small deliveries: one run from files to permissions, told copy by copy.

What belongs here: running the steps without Dagster, and sorting the published tables by copy and by person.
What does not: the files (one_cell_deliveries.py), and what must be true of the outcome (one_cell.py).

Identity uses the shipped weights: what is learnt from invented people says nothing.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Step
from cdp_pipeline_tests.trust.laws import SQL
from cdp_pipeline_tests.trust.one_cell_deliveries import Copy, Line, deliveries

AS_OF = date(2026, 6, 30)
KEY = b"a key of these proofs"
WANTED = ("profiles.permissions", "staging.reconciliation", "raw.files", "identity.records")
_LABELS = ("email_key", "phone_key", "email_keys", "phone_keys", "other_emails", "other_phones", "login_id")
Where = tuple[str, tuple[int, int], int]
"""Person, place (file and row), night: the one row of a copy that a line is."""


@dataclass
class Outcome:
    """What became of one copy. Values are folded, so that outcomes of two copies of a source can be compared."""

    staged: dict[str, list[tuple[Where, dict[str, str | None]]]] = field(default_factory=lambda: defaultdict(list))
    kept_out: list[tuple[str, Where, str, str]] = field(default_factory=list)  # table, where, outcome, reasons
    unread: set[Where] = field(default_factory=set)  # lines that reach no table, and are listed
    refused: set[str] = field(default_factory=set)  # files
    empty: Counter[tuple[str, str]] = field(default_factory=Counter)  # file, table: rows counted as empty
    permitted: set[tuple[str, str, str, str]] = field(default_factory=set)  # person, token, purpose, channel
    reachable: set[tuple[str, str, str]] = field(default_factory=set)  # person, purpose, channel
    strangers: set[str] = field(default_factory=set)  # what one of its people shares with somebody else
    withheld: int = 0

    def rows(self, table: str) -> Counter[Where]:
        """How many rows of a table each line became, staged or kept out with a reason."""
        found = Counter(where for where, _ in self.staged[table])
        found.update(where for name, where, outcome, _ in self.kept_out if name == table and outcome != "mended")
        return found


@cache
def product(project: Path, sources: frozenset[str]) -> tuple[Project, tuple[Step, ...]]:
    """The project with some of its sources only, and its steps from files to permissions."""
    whole = read_project(project)
    whole = replace(whole, sources={name: spec for name, spec in whole.sources.items() if name in sources})
    steps = build_pipeline(whole).steps
    maker = {name: step for step in steps for name in step.names}
    todo, needed = list(WANTED), set[str]()
    while todo:
        step = maker[todo.pop()]
        if step.names[0] not in needed:
            needed.add(step.names[0])
            todo += step.inputs
    return whole, tuple(step for step in steps if step.names[0] in needed)


def shipped_weights(folder: Path) -> Path:
    """A copy of dbt_like_sql that never trains a match model."""
    made = Path(shutil.copytree(SQL, folder, dirs_exist_ok=True))
    path = made / "3_identity" / "matching.yml"
    path.write_text(re.sub(r"smallest: \d+", "smallest: 1000000", path.read_text("utf-8")), encoding="utf-8")
    return made


def deliver(
    folder: Path, copies: Iterable[Copy], project: Path, layers: Sequence[str] = ()
) -> tuple[Run, dict[str, dict[int, tuple[Copy, Line]]]]:
    """Write the files of the copies and run the steps, or those of some layers, of their sources.

    Returns the run, and whose every line of every file is.
    """
    exports, sources = folder / "exports", set[str]()
    for name in ("exports", "runs"):
        shutil.rmtree(folder / name, ignore_errors=True)
    owners: dict[str, dict[int, tuple[Copy, Line]]] = defaultdict(dict)
    for copy in copies:
        sources |= {file.source for files in deliveries()[copy.source] for file in files}
        for line in copy.write(exports):
            owners[line.file][line.line] = copy, line
    whole, steps = product(project, frozenset(sources))
    run = Run(whole, exports, folder, AS_OF, "run", KEY)
    run.folder.mkdir(parents=True, exist_ok=True)
    for step in steps:
        if not layers or step.tables[0].layer in layers:
            step.run(run)
    return run, owners


def outcomes(run: Run, owners: Mapping[str, Mapping[int, tuple[Copy, Line]]]) -> dict[int, Outcome]:
    """Number of a copy -> what became of it."""
    told: dict[int, Outcome] = defaultdict(Outcome)
    _read_files(run, owners, told)
    records = _read_rows(run, owners, told)
    if run.path("profiles.permissions").exists():
        _read_permissions(run, owners, told, records)
        _read_strangers(run, told, records)
    return told


def _rows(run: Run, table: str, columns: str = "*") -> list[dict[str, Any]]:
    with run.connect(table) as con:
        result = con.execute(f"select {columns} from {table}")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _read_files(run: Run, owners: Any, told: dict[int, Outcome]) -> None:
    by_code = {file.partition("/")[0]: next(iter(lines.values()))[0] for file, lines in owners.items()}
    for row in _rows(run, "raw.files"):
        copy = by_code[row["file"].partition("/")[0]]
        told[copy.number].withheld += row["rows_withheld"] or 0
        if row["status"] != "loaded":
            told[copy.number].refused.add(row["file"])
    for table in ("quarantine.lines", "quarantine.unused_lines"):
        for row in _rows(run, table) if run.path(table).exists() else ():
            if owner := owners[row["file"]].get(row["line"]):  # else it starts inside a record
                told[owner[0].number].unread.add((owner[1].person, owner[1].place, owner[1].night))
    for row in _rows(run, "staging.reconciliation"):
        if row["file"] in owners:
            copy = by_code[row["file"].partition("/")[0]]
            told[copy.number].empty[row["file"], row["table_name"]] += row.get("rows_empty") or 0


def _read_rows(run: Run, owners: Any, told: dict[int, Outcome]) -> dict[tuple[str, str], tuple[Copy, str]]:
    """Fill in what was staged and kept out; whose every people record is."""
    records = {}
    for table in run.project.contracts:
        for row in _rows(run, f"staging.{table}"):
            if row["_file"] not in owners:
                continue
            copy, line = owners[row["_file"]][row["_line"]]
            where = (line.person, line.place, line.night)
            values = {c: copy.fold(v) for c, v in row.items() if not c.startswith("_")}
            told[copy.number].staged[table].append((where, values))
            if table == "people":
                records[row["source"], row["record_id"]] = copy, line.person
        for row in _rows(run, f"quarantine.{table}", "file, line, outcome, reasons"):
            if row["file"] in owners:
                copy, line = owners[row["file"]][row["line"]]
                where = (line.person, line.place, line.night)
                told[copy.number].kept_out.append((table, where, row["outcome"], row["reasons"] or ""))
    return records


def _read_permissions(run: Run, owners: Any, told: dict[int, Outcome], records: Any) -> None:
    copies = {copy.number: copy for lines in owners.values() for copy, _ in lines.values()}
    known = {value: (copy, *who) for copy in copies.values() for value, who in copy.identifiers.items()}
    for row in _rows(run, "profiles.identifier_permissions", "value, purpose, channel, is_permitted"):
        if row["is_permitted"] and row["value"] in known:
            copy, person, token = known[row["value"]]
            told[copy.number].permitted.add((person, token, row["purpose"], row["channel"]))
    people = defaultdict(set)
    for row in _rows(run, "identity.person_records", "source, record_id, person_id"):
        if owner := records.get((row["source"], row["record_id"])):
            people[row["person_id"]].add((owner[0].number, owner[1]))
    for row in _rows(run, "profiles.permissions", "person_id, purpose, channel, is_permitted"):
        for number, person in people[row["person_id"]] if row["is_permitted"] else ():
            told[number].reachable.add((person, row["purpose"], row["channel"]))
    for owners_of in people.values():
        if len(owners_of) > 1:
            for number, _ in owners_of:
                told[number].strangers.add("one person")


def _read_strangers(run: Run, told: dict[int, Outcome], records: Any) -> None:
    """Keys by which records find each other, on records of two people."""
    shared: dict[tuple[str, str], set[tuple[int, str]]] = defaultdict(set)
    for row in _rows(run, "identity.records"):
        owner = records.get((row["source"], row["record_id"]))
        for column in _LABELS if owner else ():
            values = row.get(column)
            for value in values if isinstance(values, list) else [values]:
                if value and not re.fullmatch(r"\?\d+", str(value)):  # half a number tells nobody by itself
                    shared[column, str(value)].add((owner[0].number, owner[1]))
    for (column, _), who in shared.items():
        if len(who) > 1:
            for number, _ in who:
                told[number].strangers.add(f"the same {column}")
