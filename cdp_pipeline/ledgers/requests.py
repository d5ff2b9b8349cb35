"""The register of requests: DATA/requests.csv, one line a request of a person.

What belongs here: its lines, adding a request and what became of it. What does not: how a
request is carried out (privacy/).

    received     taken down, and what it asks for is not written yet
    waiting      written: the next night carries it out
    carried_out  a night with it is published; of an access request: the files are handed out
    lifted       a restriction that was ended before a night had carried it out

A line holds no value of a person: `subject_key` is a keyed hash, the same for all requests of one
person, that only the holder of the secret key can make.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cdp_pipeline.errors import nearest
from cdp_pipeline.ledgers.ledger import REQUESTS, Cells, parse_lines, write_lines
from cdp_pipeline.run.whole_file import alone

if TYPE_CHECKING:
    from cdp_pipeline.privacy.subject import Subject

KINDS = ("erase", "access", "restrict", "object", "correct")
STATUSES = ("received", "waiting", "lifted", "carried_out")
"""From the first to the last; the two last are ends."""
OPEN = STATUSES[:2]


@dataclass(frozen=True)
class Request:
    """One line: `received_date` is the day the person asked, `due_date` one month later (GDPR Art. 12(3)), YYYY-MM-DD.

    Every other moment is when it happened on this machine, in UTC, ISO 8601; empty when it did not, or is not known.
    A line that was closed before moments were written has a day in `carried_out_at`.
    """

    request_id: str
    received_date: str
    kind: str
    subject_key: str
    due_date: str
    status: str = "received"
    received_at: str = ""
    waiting_at: str = ""
    lifted_at: str = ""
    carried_out_at: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be carried out."""
        return self.status in OPEN


def subject_key(key: bytes, subject: Subject) -> str:
    """Keyed hash of a subject: of the person id, else of the one identifier that is known."""
    name = subject.person_id or "|".join(":".join(identifier) for identifier in subject.identifiers)
    return hmac.new(key, f"subject\x1f{name}".encode(), hashlib.sha256).hexdigest()[:32]


def due(received: date) -> date:
    """One month later, the last day of that month where it is shorter.

    >>> due(date(2026, 1, 31))
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(received.year * 12 + received.month, 12)
    return date(year, month + 1, min(received.day, calendar.monthrange(year, month + 1)[1]))


def read_requests(data: Path) -> list[Request]:
    """Every request in the order of the file; InputError lists every mistake with its line."""
    return [request for _, request in parse_lines(data / REQUESTS.file, REQUESTS, _parse)]


def _parse(cells: Cells) -> tuple[Request, list[str]]:
    request = Request(**(_of_earlier(cells) if "done_date" in cells else cells))
    return request, _mistakes(request)


def _of_earlier(cells: Cells) -> Cells:
    """A line from before moments were written: an open erasure waits, of others nobody knows whether they were written."""
    status = {"done": "carried_out", "open": "waiting" if cells["kind"] == "erase" else "received"}
    same = {name: cells[name] for name in REQUESTS.columns}
    return same | {"status": status.get(cells["status"], cells["status"]), "carried_out_at": cells["done_date"]}


def _mistakes(request: Request) -> list[str]:
    problems = []
    if request.kind not in KINDS:
        problems.append(f"kind must be one of {', '.join(KINDS)}{nearest(request.kind, KINDS)}")
    if request.status not in STATUSES:
        problems.append(f"status must be one of {', '.join(STATUSES)}{nearest(request.status, STATUSES)}")
    for name in ("received_date", "due_date"):
        if not _is_day(getattr(request, name)):
            problems.append(f"{name} must be a day as YYYY-MM-DD")
    for name in (f"{status}_at" for status in STATUSES):
        text = getattr(request, name)
        if text and not _is_day(text) and not _is_moment(text):
            problems.append(f"{name} must be a moment as YYYY-MM-DDThh:mm:ss+00:00")
    return problems


def _is_day(text: str) -> bool:
    try:
        return str(date.fromisoformat(text)) == text
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def now() -> str:
    """This moment in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def add_request(data: Path, kind: str, subject: Subject, key: bytes, received: date) -> Request:
    """Write a request into the register and return it; an open one of the same kind and subject is returned.

    A correction is always a request of its own, for each is about another cell or value.
    """
    with alone(data / REQUESTS.file):
        requests = read_requests(data)
        hashed = subject_key(key, subject)
        for request in requests:
            if request.is_open and kind != "correct" and (request.kind, request.subject_key) == (kind, hashed):
                return request
        number = sum(request.received_date == str(received) for request in requests) + 1
        numbered = f"{received:%Y%m%d}-{number:03d}"
        new = Request(numbered, str(received), kind, hashed, str(due(received)), received_at=now())
        write_requests(data, [*requests, new])
        return new


def numbered_once(requests: Sequence[Request]) -> list[Request]:
    """The requests by their ids; of two that two registers gave one id, the one received later gets the next of its day."""
    numbered: dict[str, Request] = {}
    for request in sorted(requests, key=lambda request: (request.request_id, request.received_at)):
        day, number = request.request_id[:8], request.request_id[9:]
        while request.request_id in numbered:
            number = f"{int(number) + 1:03d}"
            request = replace(request, request_id=f"{day}-{number}")  # noqa: PLW2901  (the same request, renamed)
        numbered[request.request_id] = request
    return [numbered[each] for each in sorted(numbered)]


def advance(data: Path, request_ids: Collection[str], status: str, at: str = "") -> list[Request]:
    """Bring open requests on to `status` at the moment `at` (now, if none is given); returns them as they stand then.

    No request goes back, and none ends twice.
    """
    with alone(data / REQUESTS.file):
        requests = read_requests(data)
        moved = [
            replace(r, status=status, **{f"{status}_at": at or now()})
            if r.request_id in request_ids and r.is_open and STATUSES.index(status) > STATUSES.index(r.status)
            else r
            for r in requests
        ]
        if moved != requests:
            write_requests(data, moved)
    return [request for request in moved if request.request_id in request_ids]


def write_requests(data: Path, requests: Sequence[Request]) -> None:
    """Replace the register in one step; only its owner may read it."""
    write_lines(data / REQUESTS.file, REQUESTS, [asdict(request) for request in requests])
