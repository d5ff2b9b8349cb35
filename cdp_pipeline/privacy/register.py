"""The register of requests: DATA/requests.csv, one line a request of a person.

What belongs here: the file, its columns, adding a request and marking it done. What does not: how a
request is carried out (erasure.py, access.py, restriction.py, corrections.py).

A line holds no value of a person: `subject_key` is a keyed hash, the same for all requests of one
person, that only the holder of the secret key can make.
"""

from __future__ import annotations

import calendar
import csv
import hashlib
import hmac
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path

from cdp_pipeline.errors import InputError, nearest
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.whole_file import alone, write_whole

FILE = "requests.csv"
KINDS = ("erase", "access", "restrict", "object", "correct")
STATUSES = ("open", "done")


@dataclass(frozen=True)
class Request:
    """One line. `due_date` is one month after `received_date` (GDPR Art. 12(3)); dates are YYYY-MM-DD."""

    request_id: str
    received_date: str
    kind: str
    subject_key: str
    due_date: str
    status: str = "open"
    done_date: str = ""


COLUMNS = tuple(field.name for field in fields(Request))


def subject_key(key: bytes, subject: Subject) -> str:
    """Keyed hash of a subject: of the person id, else of the one identifier that is known."""
    named = subject.person_id or "|".join(":".join(identifier) for identifier in subject.identifiers)
    return hmac.new(key, f"subject\x1f{named}".encode(), hashlib.sha256).hexdigest()[:32]


def due(received: date) -> date:
    """One month later, the last day of that month where it is shorter.

    >>> due(date(2026, 1, 31))
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(received.year * 12 + received.month, 12)
    return date(year, month + 1, min(received.day, calendar.monthrange(year, month + 1)[1]))


def read_requests(data: Path) -> list[Request]:
    """Every request in the order of the file; InputError lists every mistake with its line."""
    path = data / FILE
    if not path.exists():
        return []
    problems: list[str] = []
    found: list[Request] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        header = tuple(reader.fieldnames or ())
        if header != COLUMNS:
            raise InputError(f"{FILE}:1: expected the columns {','.join(COLUMNS)}")
        for said in reader:
            if None in said or None in said.values():
                problems.append(f"{FILE}:{reader.line_num}: expected {len(COLUMNS)} values")
                continue
            request = Request(**said)
            problems += [f"{FILE}:{reader.line_num}: {words}" for words in _mistakes(request)]
            found.append(request)
    if problems:
        raise InputError(problems)
    return found


def _mistakes(request: Request) -> list[str]:
    problems = []
    if request.kind not in KINDS:
        problems.append(f"kind must be one of {', '.join(KINDS)}{nearest(request.kind, KINDS)}")
    if request.status not in STATUSES:
        problems.append(f"status must be one of {', '.join(STATUSES)}{nearest(request.status, STATUSES)}")
    for name in ("received_date", "due_date", "done_date"):
        text = getattr(request, name)
        try:
            date.fromisoformat(text) if text or name != "done_date" else None
        except ValueError:
            problems.append(f"{name} must be a day as YYYY-MM-DD")
    return problems


def add_request(data: Path, kind: str, subject: Subject, key: bytes, received: date) -> Request:
    """Write a request into the register and return it; an open one of the same kind and subject is returned."""
    with alone(data / FILE):
        known = read_requests(data)
        hashed = subject_key(key, subject)
        for request in known:
            if (request.kind, request.subject_key, request.status) == (kind, hashed, "open"):
                return request
        number = sum(request.received_date == str(received) for request in known) + 1
        fresh = Request(f"{received:%Y%m%d}-{number:03d}", str(received), kind, hashed, str(due(received)))
        write_requests(data, [*known, fresh])
        return fresh


def close_request(data: Path, request_id: str, done: date) -> None:
    """Mark a request as done; nothing happens when it is already, or was never written."""
    with alone(data / FILE):
        known = read_requests(data)
        closed = [
            replace(r, status="done", done_date=str(done)) if r.request_id == request_id and r.status == "open" else r
            for r in known
        ]
        if closed != known:
            write_requests(data, closed)


def write_requests(data: Path, requests: Sequence[Request]) -> None:
    """Replace the register in one step; only its owner may read it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(request) for request in requests)
    write_whole(data / FILE, text.getvalue(), "requests")
