"""Asking for an erasure: what `cdp forget` does at once.

What belongs here: the request in the register, the tombstones, and the decisions of stewards about the
person. What does not: taking rows out, which the next run does (erasure.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from cdp_pipeline.lake import expect_published
from cdp_pipeline.manifest import read_manifest
from cdp_pipeline.privacy.register import Request, add_request, close_request
from cdp_pipeline.privacy.subject import Subject, find_subject
from cdp_pipeline.privacy.tombstones import add_tombstones, read_tombstones, tombstones_of


@dataclass(frozen=True)
class Asked:
    """A request as it was taken down; `tombstones` counts those that are new."""

    request: Request
    subject: Subject
    tombstones: int


def forget(data: Path, text: str, key: bytes, received: date, country: str) -> Asked:
    """Take down that the subject named by `text` wants to be erased.

    From now on no run lets in a row with one of the subject's own identifiers; the next run takes out
    what is there. Asking twice is the same as asking once; who has been
    erased already is done at once. Raises InputError as find_subject does.
    """
    snapshot = expect_published(data)
    subject = find_subject(snapshot, text, country)
    request = add_request(data, "erase", subject, key, received)
    rows = tombstones_of(snapshot, subject, key, received, request.request_id, country)
    if not subject.records and _are_carried_out(data, snapshot, rows):
        done = max(received, date.fromisoformat(read_manifest(snapshot).as_of))
        close_request(data, request.request_id, done)
        return Asked(replace(request, status="done", done_date=str(done)), subject, 0)
    return Asked(request, subject, add_tombstones(data, rows))


def _are_carried_out(data: Path, snapshot: Path, rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether each of `rows` was asked for before, and what is published has carried that out."""
    erased = set(read_manifest(snapshot).erased)
    known = {(row["kind"], row["key"]) for row in read_tombstones(data).to_pylist() if row["request_id"] in erased}
    return bool(rows) and {(row["kind"], row["key"]) for row in rows} <= known
