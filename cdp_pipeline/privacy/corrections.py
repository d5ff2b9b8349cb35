"""Corrections that people asked for (GDPR Art. 16): one cell of one record each, laid over every later export.

What belongs here: DATA/corrections.csv, adding a line, and the table staging.corrections made of it. What
does not: laying the values over rows (staging/overlay.py) and which value wins (profiles/golden.py).

A correction holds until it is lifted, whatever the source delivers, also in a night that is made up
later. The newest line of a cell counts; an empty value empties the cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

import pyarrow as pa

from cdp_pipeline.errors import InputError, nearest
from cdp_pipeline.lake import Run, open_duckdb
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project import Project
from cdp_pipeline.shapes import Contract, FileFormat
from cdp_pipeline.steps import Outcome, Step, Table
from cdp_pipeline.whole_file import alone, write_whole

FILE = "corrections.csv"
NEVER = ("source", "record_id", "attributes", "created_at", "updated_at")
"""Columns of a people record that say whose it is or when; they are no subject of a correction."""
_TABLE = Table(
    "staging.corrections",
    "Cells of people records that were corrected at the person's request; they go before what an export says",
    {
        "source": "System of the record",
        "record_id": "The record",
        "column_name": "Column of people",
        "value": "What it must be; empty: nothing",
        "decided_at": "Day of the decision",
        "line": "Line of corrections.csv",
    },
    owner="privacy officer",
    grain=("source", "record_id", "column_name"),
    personal=frozenset({"record_id", "value"}),
)


@dataclass(frozen=True)
class Correction:
    """One line of the file; `decided_at` is YYYY-MM-DD."""

    source: str
    record_id: str
    column: str
    value: str
    decided_at: str
    reviewer: str = ""


COLUMNS = tuple(field.name for field in fields(Correction))


def read_corrections(data: Path) -> list[Correction]:
    """Every line in order; InputError lists every mistake with its line, never a value."""
    path = data / FILE
    if not path.exists():
        return []
    problems: list[str] = []
    found: list[Correction] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(f"{FILE}:1: expected the columns {','.join(COLUMNS)}")
        for said in reader:
            if None in said or None in said.values():
                problems.append(f"{FILE}:{reader.line_num}: expected {len(COLUMNS)} values")
                continue
            correction = Correction(**{name: str(said[name]).strip() for name in COLUMNS})
            try:
                date.fromisoformat(correction.decided_at)
            except ValueError:
                problems.append(f"{FILE}:{reader.line_num}: decided_at must be a day as YYYY-MM-DD")
            found.append(correction)
    if problems:
        raise InputError(problems)
    return found


def meant(snapshot: Path, subject: Subject, asked: str, column: str) -> list[tuple[str, str]]:
    """The records that a correction is for: the one typed as source:record_id, else all that fill the column.

    Raises InputError when there is none.
    """
    source, _, record_id = asked.strip().partition(":")
    if (source, record_id) in subject.records:
        return [(source, record_id)]
    people = str(snapshot / "staging" / "people.parquet").replace("'", "''")
    with open_duckdb(allowed=[snapshot]) as con:
        columns = {row[0] for row in con.execute(f"describe from '{people}'").fetchall()}
        rows = con.execute(
            f"select source, record_id from '{people}' where {column} is not null order by all"
        ).fetchall() if column in columns else []  # fmt: skip
    found = [(str(a), str(b)) for a, b in rows if (a, b) in set(subject.records)]
    if not found:
        raise InputError(f"no record of this person fills {column}: name the record to correct, source:record_id")
    return found


def correct(
    data: Path,
    contract: Contract,
    records: Sequence[tuple[str, str]],
    column: str,
    value: str,
    decided: date,
    reviewer: str,
) -> int:
    """Write a correction of `column` for each (source, record_id); returns how many lines are new.

    Raises InputError when people have no such column, or the value is none that the column takes.
    """
    problem = mistake(contract, column, value)
    if problem:
        raise InputError(problem)
    with alone(data / FILE):
        known = read_corrections(data)
        newest = {(c.source, c.record_id, c.column): c.value for c in known}
        fresh = [
            Correction(source, record_id, column, value, str(decided), reviewer)
            for source, record_id in records
            if newest.get((source, record_id, column)) != value
        ]
        if fresh:
            _write(data, [*known, *fresh])
        return len(fresh)


def lift(data: Path, records: Sequence[tuple[str, str]], column: str) -> int:
    """Take the corrections of a column of these records away; returns how many lines went."""
    with alone(data / FILE):
        known = read_corrections(data)
        kept = [c for c in known if (c.source, c.record_id) not in set(records) or c.column != column]
        if len(kept) == len(known):
            raise InputError(f"nothing to lift: no correction of {column} on this record")
        _write(data, kept)
        return len(known) - len(kept)


def mistake(contract: Contract, column: str, value: str) -> str:
    """Why a value cannot stand in a column of people, without the value; empty when it can."""
    from cdp_pipeline.staging.parsing import create_macros, typed
    from cdp_pipeline.words import Words

    allowed = [name for name in contract.columns if name not in NEVER]
    if column not in allowed:
        return f"people have no column {column} to correct{nearest(column, allowed)}; there are: {', '.join(allowed)}"
    spec = contract.columns[column]
    if not value:
        return f"{column} is required" if spec.required else ""
    if spec.max_length and len(value) > spec.max_length:
        return f"{column}: too long, at most {spec.max_length} characters"
    with open_duckdb() as con:
        create_macros(con, Words())
        parsed = con.execute(f"select {typed('v', spec, FileFormat())} from (select ? as v)", [value]).fetchall()
    return "" if parsed[0][0] is not None else f"{column}: not a {spec.type} (a date is written YYYY-MM-DD)"


def _write(data: Path, corrections: Sequence[Correction]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(correction) for correction in corrections)
    write_whole(data / FILE, text.getvalue(), "corrections")


# ---- the table -------------------------------------------------------------------------------


def steps(project: Project) -> tuple[Step, ...]:
    """The one step: staging.corrections. It looks at a file of the data folder, so it is never skipped."""
    return (
        (Step((_TABLE,), ("raw.erased_rows",), _run, "1", uses_exports=True),) if "people" in project.contracts else ()
    )


def _run(run: Run) -> Outcome:
    contract = run.project.contracts["people"]
    cells: dict[tuple[str, str, str], tuple[str, str, int]] = {}
    for line, said in enumerate(read_corrections(run.data), 2):
        cell = (said.source, said.record_id, said.column)
        counts = said.column in contract.columns and said.column not in NEVER
        if counts and said.decided_at >= cells.get(cell, ("", "", 0))[1]:
            cells[cell] = (said.value, said.decided_at, line)
    rows = [
        {
            "source": source, "record_id": record_id, "column_name": column,
            "value": value or None, "decided_at": date.fromisoformat(decided), "line": line,
        }
        for (source, record_id, column), (value, decided, line) in sorted(cells.items())
    ]  # fmt: skip
    with run.connect() as con:
        con.register("rows", pa.Table.from_pylist(rows, schema=SCHEMA))
        run.write(con, _TABLE.name, "select * from rows", _TABLE.grain)
    return {_TABLE.name: {"corrected_cells": len(rows)}}


SCHEMA = pa.schema(
    [
        ("source", pa.string()), ("record_id", pa.string()), ("column_name", pa.string()), ("value", pa.string()),
        ("decided_at", pa.date32()), ("line", pa.int64()),
    ]
)  # fmt: skip
