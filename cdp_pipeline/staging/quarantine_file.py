"""The CSV file in which somebody corrects quarantined rows: written from what is published, and read back.

What belongs here: its columns, what counts as a correction, and judging it by the contract. What does
not: what a run does with a correction (replay.py), and words on the terminal (cli/quarantine.py).

    _table, _source, _file, _line, _row, _reasons, then the columns of the core table as text

Cells that a spreadsheet would run as a formula carry an apostrophe, which is taken off again.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.errors import InputError, nearest
from cdp_pipeline.ledgers.replays import Replay
from cdp_pipeline.ledgers.spreadsheet import guard, unguard
from cdp_pipeline.privacy.door import Leave
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.run.lake import Run, open_duckdb
from cdp_pipeline.run.whole_file import write_whole
from cdp_pipeline.staging.contract import broken_rows
from cdp_pipeline.staging.keyed import add_keys, no_keys
from cdp_pipeline.staging.parsing import create_macros, typed
from cdp_pipeline.staging.replay import digest, row_digest, text_columns

ORIGIN = ("_table", "_source", "_file", "_line", "_row", "_reasons")
SHOWN = "outcome in ('quarantined', 'mended')"
"""Rows that somebody may want to correct: those kept out, and those of which a cell was emptied or replaced."""
_SHORTENED = re.compile(r"\d([.,]\d+)?[eE]\+\d+")


@dataclass(frozen=True)
class Group:
    """Quarantined rows of one reason."""

    table: str
    source: str
    reasons: str
    files: int
    rows: int


@dataclass(frozen=True)
class Corrections:
    """What a file came to: the replays it asks for, rows that are as they were, corrected cells by column."""

    replays: tuple[Replay, ...]
    unchanged: int
    columns: Mapping[str, int]


def groups(snapshot: Run, table: str = "") -> list[Group]:
    """What is in quarantine, the largest groups first; `lines` stands for records set aside by the readers."""
    listing = []
    for name in [expect_table(snapshot, table)] if table else [*snapshot.project.contracts, "lines"]:
        if not snapshot.path(f"quarantine.{name}").exists():
            continue
        reasons = "code" if name == "lines" else "reasons"
        source, rows = ("source", "true") if name == "lines" else ("source_name", SHOWN)
        with snapshot.connect(f"quarantine.{name}") as con:
            listing += [
                Group(name, *row)
                for row in con.execute(
                    f"select {source}, {reasons}, count(distinct file)::bigint, count(*)::bigint "
                    f"from quarantine.{name} where {rows} group by 1, 2"
                ).fetchall()
            ]
    return sorted(listing, key=lambda g: (-g.rows, g.table, g.source, g.reasons))


def export(
    leave: Leave,  # noqa: ARG001  (to show somebody takes leave)
    snapshot: Run,
    table: str,
    source: str,
    out: Path,
) -> int:
    """Write the quarantined rows of a core table, of one source if given, for their owner alone; returns rows."""
    if table == "lines":
        raise InputError(
            "lines set aside by the readers have no columns to correct: "
            "mend the export itself, and deliver it again under its name"
        )
    contract = snapshot.project.contracts[expect_table(snapshot, table)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*ORIGIN, *text_columns(contract)])
    rows = [row for row in _quarantined(snapshot, table) if source in {"", row[1]}]
    writer.writerows([guard("" if cell is None else str(cell)) for cell in row] for row in rows)
    write_whole(out, text.getvalue(), "quarantine_file")
    return len(rows)


def read_back(snapshot: Run, path: Path, decided: date, reviewer: str) -> Corrections:
    """The corrections in a file; InputError lists every line that cannot be used, with column and reason."""
    lines = list(_lines(path))
    if not lines:
        raise InputError(f"{path}: no rows")
    table = expect_table(snapshot, lines[0]["_table"])
    contract = snapshot.project.contracts[table]
    texts = text_columns(contract)
    if missing := [name for name in (*ORIGIN, *texts) if name not in lines[0]]:
        raise InputError(f"{path}:1: missing the columns {', '.join(missing)}")
    quarantined = {(row[1], row[2], str(row[3]), row[4]): row[len(ORIGIN) :] for row in _quarantined(snapshot, table)}
    with snapshot.connect("raw.files") as con:
        fingerprints = {
            (source, file): fingerprint
            for source, file, fingerprint in con.execute(
                "select source, file, fingerprint from raw.files where status = 'loaded' order by fingerprint"
            ).fetchall()
        }
    problems, unchanged = [], 0
    changed: list[tuple[int, Replay, list[str | None]]] = []
    for number, line in enumerate(lines, 2):
        before = quarantined.get((line["_source"], line["_file"], line["_line"], line["_row"]))
        if line["_table"] != table or before is None:
            problems.append(f"{path}:{number}: no such row is in quarantine now; export anew")
            continue
        after = [(line[name] or "").strip() or None for name in texts]
        changes = {c: new or "" for c, old, new in zip(texts, before, after, strict=True) if (old or None) != new}
        shortened = [c for c, old in zip(texts, before, strict=True) if c in changes and _is_shortened(old, changes[c])]
        if shortened:
            problems.append(f"{path}:{number}: {', '.join(shortened)}: changed by a spreadsheet; open the file as text")
        elif "source" in changes:
            problems.append(f"{path}:{number}: source: says where the row is from and cannot be corrected")
        elif changes:
            fingerprint = fingerprints[line["_source"], line["_file"]]
            place = (table, line["_source"], fingerprint, int(line["_line"]), line["_row"], digest(after))
            changed.append((number, Replay(*place, changes, str(decided), reviewer), after))
        else:
            unchanged += 1
    problems += [f"{path}:{number}: {reason}" for number, reason in _broken(snapshot, contract, changed)]
    if problems:
        raise InputError(problems)
    columns = Counter(column for _, replay, _ in changed for column in replay.changes)
    return Corrections(tuple(replay for _, replay, _ in changed), unchanged, dict(sorted(columns.items())))


def expect_table(snapshot: Run, table: str) -> str:
    """The name of a core table, or `lines`; InputError with the nearest when there is none."""
    names = [*snapshot.project.contracts, "lines"]
    if table not in names:
        raise InputError(f"there is no core table {table!r}{nearest(table, names)}; there are: {', '.join(names)}")
    return table


def _quarantined(snapshot: Run, table: str) -> list[tuple[str | None, ...]]:
    """Rows as they stand in the file, in the order of file, line and text."""
    texts = text_columns(snapshot.project.contracts[table])
    with snapshot.connect(f"quarantine.{table}") as con:
        return con.execute(
            f"""select '{table}', source_name, file, line, {row_digest(texts)}, reasons, {", ".join(texts)}
                from quarantine.{table} where {SHOWN} order by all"""
        ).fetchall()


def _lines(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            for row in csv.DictReader(file, delimiter=max(",;\t", key=first.count)):
                yield {str(name): unguard(cell) for name, cell in row.items() if isinstance(cell, str)}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a CSV file in UTF-8") from error


def _is_shortened(before: str | None, after: str) -> bool:
    """Whether a cell lost its leading zeros or sign, or became a number with an exponent."""
    old = before or ""
    return bool(_SHORTENED.fullmatch(after) and after != old) or (
        after != old and after.isdigit() and old.lstrip("+0") == after and old[:1] in {"+", "0"}
    )


def _broken(
    snapshot: Run, contract: Contract, changed: Sequence[tuple[int, Replay, list[str | None]]]
) -> list[tuple[int, str]]:
    """(line of the file, column and reason) for every corrected row that still breaks the contract."""
    if not changed:
        return []
    texts = text_columns(contract)
    with open_duckdb() as con:
        create_macros(con, snapshot.project.words)
        columns = ", ".join(f"{name}__text varchar" for name in texts)
        con.execute(f"create table given (_row bigint, _source_name varchar, {columns})")
        marks = ", ".join("?" * (len(texts) + 2))
        con.executemany(
            f"insert into given values ({marks})",
            [[number, replay.source, *after] for number, replay, after in changed],
        )
        replays = []
        for name in sorted({replay.source for _, replay, _ in changed}):
            form = snapshot.project.sources[name].format
            values = ", ".join(f"{typed(f'{c}__text', contract.columns[c], form)} as {c}" for c in texts)
            replays.append(
                f"select *, {values}, null::varchar[] as _emptied, '' as _file, 'mapped' as _outcome{no_keys(contract)} "
                f"from given where _source_name = '{name}'"
            )
        con.execute(f"create table candidates as {' union all '.join(replays)}")
        add_keys(con, snapshot.project, contract)
        try:
            still_broken = broken_rows(con, contract, snapshot.as_of, snapshot.project.settings.zone)
        except duckdb.Error as error:
            raise InputError("the corrected rows cannot be judged") from error
    reasons = {(row["_row"], f"{row['column']}: {row['rule']}") for row in still_broken.to_pylist()}
    fallback = {f"{c}: missing" for c, spec in contract.columns.items() if spec.fallback}
    return sorted((number, reason) for number, reason in reasons if reason not in fallback)
