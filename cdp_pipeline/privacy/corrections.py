"""Corrections that people asked for (GDPR Art. 16): one cell of one record each, laid over every later export.

What belongs here: adding and lifting one, and the table staging.corrections made of them. What does not: the file
(ledgers/corrections.py), laying the values over rows (staging/overlay.py) and which value wins (profiles/golden.py).

A correction holds until it is lifted, whatever the source delivers, also in a night that is made up
later. The newest line of a cell counts; an empty value empties the cell. Of a record that was named the old value goes;
of a person's records, what each of them said stays as a losing value, with its record (`replaced`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.errors import InputError, nearest
from cdp_pipeline.ledgers.corrections import Correction, read_corrections, write_corrections
from cdp_pipeline.ledgers.ledger import CORRECTIONS
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.shapes import Contract, FileFormat
from cdp_pipeline.run.lake import Run, open_duckdb
from cdp_pipeline.run.steps import Outcome, Step, described
from cdp_pipeline.run.whole_file import alone

_GIVEN = "correction"  # the source of a golden value that a correction gave (profiles/golden.py)
NEVER = ("source", "record_id", "attributes", "created_at", "updated_at")
"""Columns of a people record that say whose it is or when; they are no subject of a correction."""


def meant(snapshot: Path, subject: Subject, query: str, column: str) -> list[tuple[str, str]]:
    """The records that a correction is for: the one typed as source:record_id, else all that fill the column.

    Raises InputError when there is none.
    """
    source, _, record_id = query.strip().partition(":")
    if (source, record_id) in subject.records:
        return [(source, record_id)]
    people = literal(snapshot / "staging" / "people.parquet")
    with open_duckdb(allowed=[snapshot]) as con:
        columns = {row[0] for row in con.execute(f"describe from {people}").fetchall()}
        rows = con.execute(
            f"select source, record_id from {people} where {column} is not null order by all"
        ).fetchall() if column in columns else []  # fmt: skip
    own = [(str(a), str(b)) for a, b in rows if (a, b) in set(subject.records)]
    if not own:
        raise InputError(f"no record of this person fills {column}: name the record to correct, source:record_id")
    return own


def replaced_by(snapshot: Path, subject: Subject, query: str, column: str) -> dict[tuple[str, str], str]:
    """What a correction of a person replaces: (source, record_id) -> the value that the profile knows from it.

    Values that two records share are told of the better one, as in the profile. Empty where a record was named.
    """
    source, _, record_id = query.strip().partition(":")
    path = snapshot / "profiles" / "golden_values.parquet"
    if (source, record_id) in subject.records or not path.exists():
        return {}
    values: dict[tuple[str, str], str] = {}
    filters = [("person_id", "=", subject.person_id), ("field", "=", column)]
    for row in pq.read_table(path, filters=filters).to_pylist():
        values = {(value["source"], value["record_id"]): str(value["value"]) for value in row["losing_values"]}
        if row["source"] != _GIVEN:
            values[row["source"], row["record_id"]] = str(row["value"])
    return values


def correct(
    data: Path,
    contract: Contract,
    records: Sequence[tuple[str, str]],
    column: str,
    value: str,
    decided: date,
    reviewer: str,
    replaced: Mapping[tuple[str, str], str] | None = None,
) -> int:
    """Write a correction of `column` for each (source, record_id); returns how many lines are new.

    `replaced` are the values that stay as losing values of these records. Raises InputError when people have no such
    column, or the value is none that the column takes.
    """
    problem = mistake(contract, column, value)
    if problem:
        raise InputError(problem)
    with alone(data / CORRECTIONS.file):
        corrections = read_corrections(data)
        newest = {(c.source, c.record_id, c.column): c.value for c in corrections}
        new = [
            Correction(
                source, record_id, column, value, str(decided), reviewer, (replaced or {}).get((source, record_id), "")
            )
            for source, record_id in records
            if newest.get((source, record_id, column)) != value
        ]
        if new:
            write_corrections(data, [*corrections, *new])
        return len(new)


def lift(data: Path, records: Sequence[tuple[str, str]], column: str) -> int:
    """Take the corrections of a column of these records away; returns how many lines went."""
    with alone(data / CORRECTIONS.file):
        corrections = read_corrections(data)
        others = [c for c in corrections if (c.source, c.record_id) not in set(records) or c.column != column]
        if len(others) == len(corrections):
            raise InputError(f"nothing to lift: no correction of {column} on this record")
        write_corrections(data, others)
        return len(corrections) - len(others)


def mistake(contract: Contract, column: str, value: str) -> str:
    """Why a value cannot stand in a column of people, without the value; empty when it can."""
    from cdp_pipeline.project.words import Words
    from cdp_pipeline.staging.parsing import create_macros, typed

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


# ---- the table -------------------------------------------------------------------------------


def steps(project: Project) -> tuple[Step, ...]:
    """The one step: staging.corrections. It looks at a file of the data folder, so it is never skipped."""
    return (
        (Step((described("staging.corrections"),), ("raw.erased_rows",), _run, "2", uses_exports=True),)
        if "people" in project.contracts
        else ()
    )


def _run(run: Run) -> Outcome:
    contract = run.project.contracts["people"]
    cells: dict[tuple[str, str, str], tuple[int, Correction]] = {}
    for line, correction in enumerate(read_corrections(run.data), 2):
        cell = (correction.source, correction.record_id, correction.column)
        counts = correction.column in contract.columns and correction.column not in NEVER
        if counts and (cell not in cells or correction.decided_at >= cells[cell][1].decided_at):
            cells[cell] = (line, correction)
    rows = [
        {
            "source": correction.source, "record_id": correction.record_id, "column_name": correction.column,
            "value": correction.value or None, "decided_at": date.fromisoformat(correction.decided_at), "line": line,
            "replaced": correction.replaced or None,
        }
        for _, (line, correction) in sorted(cells.items())
    ]  # fmt: skip
    with run.connect() as con:
        con.register("rows", pa.Table.from_pylist(rows, schema=SCHEMA))
        run.write(con, "staging.corrections", "select * from rows", described("staging.corrections").grain)
    return {"staging.corrections": {"corrected_cells": len(rows)}}


SCHEMA = pa.schema(
    [
        ("source", pa.string()), ("record_id", pa.string()), ("column_name", pa.string()), ("value", pa.string()),
        ("decided_at", pa.date32()), ("line", pa.int64()), ("replaced", pa.string()),
    ]
)  # fmt: skip
