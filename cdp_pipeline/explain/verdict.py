"""A steward's verdict, as one line more in DATA/verdicts.csv.

What belongs here: which two records are meant, and writing the line. What does not: what a verdict
does to persons (ledgers/verdicts.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import published
from cdp_pipeline.explain.links import nearest_records
from cdp_pipeline.ledgers.verdicts import COLUMNS, read_verdicts
from cdp_pipeline.privacy.door import Door
from cdp_pipeline.privacy.keys import expected_key
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.whole_file import alone, write_whole

FILE = "verdicts.csv"  # in the data folder


@dataclass(frozen=True)
class Judged:
    """A verdict as it was written; `is_new` is False when the newest verdict said so already."""

    left: str  # source:record_id
    right: str
    verdict: str
    is_new: bool


def judge(
    snapshot: Path, door: Door, typed: tuple[str, str], verdict: str, decided_at: date, reviewer: str, note: str
) -> Judged:
    """Add one line to DATA/verdicts.csv (made with mode 0600), unless the newest verdict on the pair says the same.

    A person stands for its record that is nearest to the other side. Raises InputError for somebody
    unknown, for one record twice, and when a person is to be split without naming records; and while what is
    published names records by a key that was exchanged.
    """
    if read_manifest(snapshot).key_fingerprint != expected_key(door.data):
        raise InputError("the key was exchanged after the published night, which names records by the old one: cdp run")
    con = published.open_tables(snapshot)
    a, b = (published.find(con, text) for text in typed)
    if a.person == b.person and (a.record is None or b.record is None):
        raise InputError(f"both are {a.person}: name two of its records, source:record_id (see cdp explain {a.person})")
    leave = door.enter([Subject(person) for person in sorted({a.person, b.person})])
    left, right = nearest_records(con, leave, a, b)
    if left.record == right.record:
        raise InputError(f"{left.label} is one record: name two")
    low, high = sorted((left.record, right.record))
    path = door.data / FILE

    def changed() -> str | None:
        stated = sorted(
            (
                row
                for row in read_verdicts(path).to_pylist()
                if (row["record_key_l"], row["record_key_r"]) == (low, high)
            ),
            key=lambda row: (row["decided_at"], row["line"]),
        )
        if stated and stated[-1]["verdict"] == verdict:
            return None
        return _with_line(path, [str(low), str(high), verdict, str(decided_at), reviewer, note])

    return Judged(left.label, right.label, verdict, _replace(path, changed))


def _with_line(path: Path, line: list[str]) -> str:
    """The file with one line more, its columns in the order of COLUMNS; earlier lines keep their values."""
    sink = io.StringIO()
    rows = csv.writer(sink, lineterminator="\n")
    rows.writerow(COLUMNS)
    if path.exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                clean = {str(name).strip(): value for name, value in row.items() if name is not None}
                rows.writerow([clean.get(column) or "" for column in COLUMNS])
    rows.writerow(line)
    return sink.getvalue()


def _replace(path: Path, changed: Callable[[], str | None]) -> bool:
    """Replace the file in one step by what `changed` returns, one writer at a time; False when that is None."""
    with alone(path):
        text = changed()
        if text is not None:
            write_whole(path, text, "verdicts")
        return text is not None
