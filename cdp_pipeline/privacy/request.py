"""Asking for an erasure: what `cdp forget` does at once.

What belongs here: the request in the register, the tombstones, and the decisions of stewards about the
person. What does not: taking rows out, which the next run does (erasure.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from cdp_pipeline.ledgers.requests import Request, add_request, advance, now
from cdp_pipeline.ledgers.tombstones import add_tombstones, read_tombstones
from cdp_pipeline.privacy.certificate import certify_erased_before, is_recognised
from cdp_pipeline.privacy.subject import Subject, find_subject, tombstones_of
from cdp_pipeline.project.project import Project
from cdp_pipeline.run.lake import expect_published
from cdp_pipeline.run.manifest import read_manifest


@dataclass(frozen=True)
class Asked:
    """A request as it was taken down; `tombstones` counts those that are new.

    Who is not recognised (certificate.py) may come back under another id.
    """

    request: Request
    subject: Subject
    tombstones: int
    is_recognised: bool


def forget(data: Path, text: str, key: bytes, received: date, project: Project) -> Asked:
    """Take down that the subject named by `text` wants to be erased.

    From now on no run lets in a row with one of the subject's own identifiers; the next run takes out
    what is there. Asking twice is the same as asking once; who has been erased already is done at once,
    with a certificate that says by which requests. Raises InputError as find_subject does.
    """
    snapshot = expect_published(data)
    subject = find_subject(snapshot, text, project)
    request = add_request(data, "erase", subject, key, received)
    rows = tombstones_of(snapshot, subject, key, received, request.request_id, project)
    before = [] if subject.records else _carried_out_by(data, snapshot, rows)
    if before:
        closed = replace(request, status="carried_out", carried_out_at=now())
        certify_erased_before(data, closed, before)
        advance(data, [closed.request_id], "carried_out", closed.carried_out_at)
        return Asked(closed, subject, 0, is_recognised(rows))
    new = add_tombstones(data, rows)
    (waiting,) = advance(data, [request.request_id], "waiting")
    return Asked(waiting, subject, new, is_recognised(rows))


def _carried_out_by(data: Path, snapshot: Path, rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The requests that asked for `rows` before and are carried out in what is published; none unless for each row."""
    erased, hashes = set(read_manifest(snapshot).erased), {(row["kind"], row["key"]) for row in rows}
    rows_before = [
        row
        for row in read_tombstones(data).to_pylist()
        if row["request_id"] in erased and (row["kind"], row["key"]) in hashes
    ]
    is_complete = {(row["kind"], row["key"]) for row in rows_before} == hashes
    return sorted({row["request_id"] for row in rows_before}) if is_complete else []
