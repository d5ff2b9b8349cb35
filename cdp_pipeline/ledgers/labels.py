"""DATA/labels.csv: records whose persons somebody knows.

What belongs here: the file and its mistakes. What does not: what is measured with it (accuracy.py).
"""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

from cdp_pipeline.errors import InputError, nearest

FILE = "labels.csv"
COLUMNS = ("source", "record_id", "person")


def read_labels(path: Path) -> pa.Table:
    """source, record_id, person of the file; no rows when it is missing. InputError lists every mistake with its line."""
    found: dict[tuple[str, str], str] = {}
    problems: list[str] = []
    if path.exists():
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                _read(csv.DictReader(file), path.name, found, problems)
        except (UnicodeDecodeError, csv.Error):
            problems.append(f"{path.name}: not readable as CSV in UTF-8")
    if problems:
        raise InputError(problems)
    columns = [[key[0] for key in found], [key[1] for key in found], list(found.values())]
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(COLUMNS, columns, strict=True)})


def _read(lines: csv.DictReader[str], name: str, found: dict[tuple[str, str], str], problems: list[str]) -> None:
    headers = [str(header).strip() for header in lines.fieldnames or ()]
    problems += [f"{name}:1: column {c} is missing{nearest(c, headers)}" for c in COLUMNS if c not in headers]
    if problems:
        return
    lines.fieldnames = headers
    for said in lines:
        source, record_id, person = ((said[c] or "").strip() for c in COLUMNS)
        if not (source and record_id and person):
            problems.append(f"{name}:{lines.line_num}: source, record_id and person must not be empty")
        elif found.setdefault((source, record_id), person) != person:
            problems.append(f"{name}:{lines.line_num}: this record has another person further up")
