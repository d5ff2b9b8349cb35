"""The files of a data folder that people write into and that outlive every run: how they are read, written and kept.

What belongs here: what each such file is (`LEDGERS`), reading one with every mistake told by its line, replacing it,
changing or dropping lines of a person. What does not: what the lines mean (verdicts.py, labels.py, …).

    a ledger that is added here       happens by itself
    names records or record keys      lines about the erased go (privacy/kept_files.py); a key exchange writes keys anew
    is_restored                       `cdp restore` brings it back (operations/restore.py)
    is_copied                         the second copy has it (privacy/replica.py)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cdp_pipeline.errors import InputError, nearest
from cdp_pipeline.run.whole_file import alone, write_whole

Cells = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Ledger:
    """A CSV file in UTF-8 with a header. `columns` must be there, `optional` ones may; others only if `may_have_more`.

    `record` are the columns with the source and the id of a record, `record_keys` those with keyed numbers of records.
    """

    file: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    record_keys: tuple[str, ...] = ()
    may_have_more: bool = False
    is_restored: bool = True
    is_copied: bool = False

    @property
    def name(self) -> str:
        """The name of its fault points."""
        return self.file.partition(".")[0]


VERDICTS = Ledger(
    "verdicts.csv", ("record_l", "record_r", "verdict", "decided_at"), ("reviewer", "note"),
    record_keys=("record_l", "record_r"),
)  # fmt: skip
LABELS = Ledger("labels.csv", ("source", "record_id", "person"), record=("source", "record_id"), may_have_more=True)
CORRECTIONS = Ledger(
    "corrections.csv", ("source", "record_id", "column", "value", "decided_at", "reviewer"), ("replaced",),
    record=("source", "record_id"),
)  # fmt: skip
REQUESTS = Ledger(
    "requests.csv", ("request_id", "received_date", "kind", "subject_key", "due_date", "status"),
    ("received_at", "waiting_at", "lifted_at", "carried_out_at", "done_date"),  # the last one of an earlier version
    is_restored=False, is_copied=True,
)  # fmt: skip
LEDGERS = (VERDICTS, LABELS, CORRECTIONS, REQUESTS)


def read_lines(path: Path, ledger: Ledger) -> tuple[list[tuple[int, Cells]], list[str]]:
    """(line, trimmed cells by column) of every readable line, and every mistake as `file:line: …`, never a value.

    A cell of an optional column that is not there is missing. No lines of a file that does not exist.
    """
    if not path.exists():
        return [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(csv.reader(file), ledger)
    except (UnicodeDecodeError, csv.Error):
        return [], [f"{ledger.file}: not readable as CSV in UTF-8"]


def parse_lines(path: Path, ledger: Ledger, parse: Callable[[Cells], tuple[T, Sequence[str]]]) -> list[tuple[int, T]]:
    """(line, what `parse` makes of its cells), in order; raises InputError with all mistakes, those of `parse` too."""
    lines, problems = read_lines(path, ledger)
    parsed = []
    for number, cells in lines:
        row, mistakes = parse(cells)
        problems += [f"{ledger.file}:{number}: {mistake}" for mistake in mistakes]
        parsed.append((number, row))
    if problems:
        raise InputError(sorted(problems, key=_line_of))
    return parsed


def _line_of(problem: str) -> int:
    _, line, *_ = problem.split(":")
    return int(line) if line.isdigit() else 0


def write_lines(path: Path, ledger: Ledger, rows: Iterable[Mapping[str, str]]) -> None:
    """Replace the file in one step by these rows, under all columns that its lines have; only its owner may read it."""
    lines = list(rows)
    others = {column for row in lines for column in row} - {*ledger.columns, *ledger.optional}
    text = io.StringIO(newline="")
    columns = [*ledger.columns, *(c for c in ledger.optional if any(c in row for row in lines)), *sorted(others)]
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_whole(path, text.getvalue(), ledger.name)


def change_lines(path: Path, ledger: Ledger, change: Callable[[Cells], Mapping[str, str] | None]) -> int:
    """Replace the file by what `change` makes of the cells of each line, None of one that goes; returns how many differ.

    `change` sees trimmed cells; of what it leaves alone, lines that nobody can read included, every character stays.
    """
    if not path.exists():
        return 0
    with alone(path):
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
        headers = [header.strip() for header in rows[0]] if rows else []
        lines, changes = rows[:1], 0
        for row in rows[1:]:
            cells = {header: cell.strip() for header, cell in zip(headers, row, strict=False)}
            changed = change(dict(cells)) if row else cells
            changes += changed != cells
            if changed is not None:
                lines.append(row if changed == cells else [changed.get(header, "") for header in headers])
        if changes:
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n").writerows(lines)
            write_whole(path, text.getvalue(), ledger.name)
    return changes


def _read(reader: Any, ledger: Ledger) -> tuple[list[tuple[int, Cells]], list[str]]:
    headers = [header.strip() for header in next(reader, [])]
    allowed = (*ledger.columns, *ledger.optional)
    problems = [
        f"{ledger.file}:1: column {c} is missing{nearest(c, headers)}" for c in ledger.columns if c not in headers
    ]
    if not ledger.may_have_more:
        unknown = [header for header in headers if header not in allowed]
        problems += [f"{ledger.file}:1: unknown column {header!r}{nearest(header, allowed)}" for header in unknown]
    if problems:
        return [], problems
    least = max(headers.index(column) for column in ledger.columns) + 1
    lines = []
    for row in reader:
        if row and not least <= len(row) <= len(headers):
            problems.append(f"{ledger.file}:{reader.line_num}: expected {len(headers)} values, found {len(row)}")
        elif row:
            lines.append((reader.line_num, {header: cell.strip() for header, cell in zip(headers, row, strict=False)}))
    return lines, problems
