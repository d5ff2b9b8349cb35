"""Erased people stay away: 20 of them, delivered again in other spellings, and not a byte is found.

What belongs here: the order of the proof and its figures. What does not: who is chosen and what could
give them away (erased.py), and reading what is on disk (everything.py).

Only removal files of the night that erased them may still name them: they are the last word to a
destination, and go with the next publication.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline_tests.acceptance.published import AS_OF, cdp, publish_next, run_command
from cdp_pipeline_tests.trust import erased
from cdp_pipeline_tests.trust.erased import Erased
from cdp_pipeline_tests.trust.figure import Figure

PEOPLE = 20


def measure(folder: Path, long: bool) -> list[Figure]:
    """Erase on a small invented customer base; with `long` by `cdp` itself and with three deliveries."""
    exports, data = folder / "exports", folder / "data"
    made = cdp("demo", "--people", "300", "--out", exports)
    assert made.returncode == 0, made.stderr
    _night(exports, data, 0, long)
    return prove(exports, data, 3 if long else 1, long)


def prove(exports: Path, data: Path, deliveries: int, through_cdp: bool) -> list[Figure]:
    """Erase PEOPLE of a published data folder, deliver them again in `deliveries` spellings, and look.

    The first delivery comes in the night of the erasure itself. `exports` is added to.
    """
    first = _published(data)
    people = erased.choose(first, PEOPLE)
    before = erased.search(data if deliveries > 1 else first / "staging", people)
    others, revenue = erased.bystanders(first, people), erased.money(first)
    allowed = erased.permitted(first)
    for at, one in enumerate(people):
        erased.ask(data, one, at)
    rows, found, old = 0, dict[str, set[str]](), 0
    for delivery in range(deliveries):
        erased.deliver_again(exports, people, delivery, AS_OF + timedelta(days=delivery + 1))
        _night(exports, data, delivery + 1, through_cdp)
        rows += erased.rows_of(_published(data), people)
        for person, places in erased.search(data, people).items():
            last_word = {place for place in places if delivery == 0 and ".remove.csv" in place}
            found.setdefault(person, set()).update(places - last_word)
        old += sum(folder.name <= first.name for folder in (data / "snapshots").iterdir())
    now = _published(data)
    where = "the data folder with Dagster's home and logs" if through_cdp else "the data folder"
    words = f"{where}, after {deliveries} deliveries in other spellings: as text, NFC, NFD, capitals, base64, SHA-256. "
    words += _said(found)
    return [
        Figure("People whom the search can find before they are erased", len(people), sum(not p for p in before.values())),
        Figure("Rows of erased people after a delivery", len(people) * deliveries, rows),
        Figure("Erased people of whom a byte is left", len(people), sum(bool(p) for p in found.values()), words),
        Figure("Snapshots with an erased person kept", deliveries, old),
        Figure("Facts on everybody else as before", len(others), erased.differences(others, erased.bystanders(now, people))),
        Figure("Permissions that somebody gained", len(allowed), len(erased.permitted(now) - allowed)),
        Figure("Revenue totals as before", len(revenue), erased.differences(revenue, erased.money(now))),
        Figure("Certificates with a value of the person", len(people), _bad_certificates(data, people)),
    ]  # fmt: skip


def _said(found: dict[str, set[str]]) -> str:
    return "; ".join(sorted({place for places in found.values() for place in places})[:8])


def _bad_certificates(data: Path, people: list[Erased]) -> int:
    """Certificates that are missing, and those that name somebody."""
    written = [path.read_text("utf-8") for path in (data / "privacy" / "certificates").glob("*.json")]
    naming = sum(any(needle in text for one in people for needle in one.loose) for text in written)
    return abs(len(people) - len(written)) + naming


def _night(exports: Path, data: Path, later: int, through_cdp: bool) -> None:
    """The night `later` days after AS_OF, by `cdp run` or in this process."""
    as_of = AS_OF + timedelta(days=later)
    if through_cdp:
        finished = cdp(*run_command(exports, data, as_of))
        assert finished.returncode == 0, finished.stderr
    else:
        publish_next(exports, data, as_of=as_of)


def _published(data: Path) -> Path:
    snapshot = published_snapshot(data)
    assert snapshot is not None
    return snapshot
