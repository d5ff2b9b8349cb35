"""Asking for an erasure: what `cdp forget` does at once.

What belongs here: the request in the register, the tombstones, and the decisions of stewards about the
person. What does not: taking rows out, which the next run does (erasure.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_pipeline.lake import expect_published
from cdp_pipeline.privacy.register import Request, add_request
from cdp_pipeline.privacy.subject import Subject, find_subject
from cdp_pipeline.privacy.tombstones import add_tombstones, tombstones_of


@dataclass(frozen=True)
class Asked:
    """A request as it was taken down; `tombstones` counts those that are new."""

    request: Request
    subject: Subject
    tombstones: int


def forget(data: Path, text: str, key: bytes, received: date, country: str) -> Asked:
    """Take down that the subject named by `text` wants to be erased.

    From now on no run lets in a row with one of the subject's own identifiers; the next run takes out
    what is there. Asking twice is the same as asking once. Raises InputError as find_subject does.
    """
    snapshot = expect_published(data)
    subject = find_subject(snapshot, text, country)
    request = add_request(data, "erase", subject, key, received)
    rows = tombstones_of(snapshot, subject, key, received, request.request_id, country)
    return Asked(request, subject, add_tombstones(data, rows))
