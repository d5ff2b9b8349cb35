"""An audience file on disk: whole or not there, and for its owner alone.

What belongs here: reading and writing CSV files of activation. What does not: who is in them.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb

from cdp_pipeline.ledgers.spreadsheet import guard
from cdp_pipeline.project.shapes import Destination
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.whole_file import replaced

Row = Sequence[str]


def write(path: Path, header: Row, rows: Iterable[Row], destination: Destination) -> str | None:
    """Write a CSV file in one step, readable by its owner only; returns its SHA-256.

    Without rows there is no file: an empty one could be taken for an empty audience. UTF-8 without a
    byte order mark, lines end with a line feed.
    """
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        fault("audience.none")
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replaced(path, "audience") as temporary:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=destination.delimiter, lineterminator="\n")
            writer.writerow(header)
            for row in _chain(first, iterator):
                writer.writerow([guard(cell) for cell in row] if destination.guard_formulas else row)
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def read(path: Path, header: Row, destination: Destination) -> list[tuple[str, ...]]:
    """Rows of an audience file, in the columns of `header`; a column it lacks is empty."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter=destination.delimiter)
        return [tuple(row.get(name) or "" for name in header) for row in rows]


def rows_of(result: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    """Rows of a result, a few thousand at a time."""
    while batch := result.fetchmany(5000):
        yield from batch


def clear(folder: Path, keep: set[str]) -> None:
    """Take away the files of an earlier run that this run did not write."""
    for path in sorted(folder.glob("*.csv")):
        if path.name not in keep:
            fault("audience.clear")
            path.unlink()


def _chain(first: Row, rest: Iterable[Row]) -> Iterator[Row]:
    yield first
    yield from rest
