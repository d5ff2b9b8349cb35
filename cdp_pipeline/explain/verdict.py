"""A steward's verdict, as one line more in DATA/verdicts.csv.

What belongs here: which two records are meant, and writing the line. What does not: what a verdict
does to persons (ledgers/verdicts.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import published
from cdp_pipeline.explain.links import nearest_records
from cdp_pipeline.ledgers.ledger import VERDICTS, read_lines, write_lines
from cdp_pipeline.ledgers.verdicts import read_verdicts
from cdp_pipeline.privacy.door import Door
from cdp_pipeline.privacy.keys import expected_key
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.whole_file import alone


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
    path = door.data / VERDICTS.file

    with alone(path):
        stated = [
            row for row in read_verdicts(path).to_pylist() if (row["record_key_l"], row["record_key_r"]) == (low, high)
        ]
        newest = max(stated, key=lambda row: (row["decided_at"], row["line"]), default={"verdict": ""})
        is_new = newest["verdict"] != verdict
        if is_new:
            cells = (str(low), str(high), verdict, str(decided_at), reviewer, note)
            line = dict(zip((*VERDICTS.columns, *VERDICTS.optional), cells, strict=True))
            write_lines(path, VERDICTS, [*(earlier for _, earlier in read_lines(path, VERDICTS)[0]), line])
    return Judged(left.label, right.label, verdict, is_new)
