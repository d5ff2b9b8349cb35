"""Receipts: for every audience at every destination, how many people passed each gate, and why so few.

What belongs here: counting what activation.<destination> says, and the sentence about it. What does
not: deciding anything about a person (export.py, gate.py).
"""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path

from cdp_pipeline.activation.export import audiences_of, folder_of
from cdp_pipeline.activation.removals import REMOVE
from cdp_pipeline.activation.transfers import transfer_problem
from cdp_pipeline.project.shapes import Destination
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import DELIVERED, Run

COLUMNS = (
    "as_of date, destination varchar, audience varchar, file varchar, in_rule bigint, has_key bigint, "
    "permitted bigint, transfer_allowed bigint, above_minimum bigint, written bigint, removed bigint, "
    "sha256 varchar, needs varchar, recipient varchar, transfer_document varchar, transfer_valid_until date, "
    "reason varchar"
)
REASONS = "destination varchar, audience varchar, reason varchar, people bigint"
_FUNNEL = ("in_rule", "has_key", "permitted", "transfer_allowed", "above_minimum", "written")


def write_receipts(run: Run) -> dict[str, int]:
    """Write activation.receipts, one row a destination and audience, and activation.reasons beside it.

    Returns files and people written. In activation.reasons everybody of an audience counts once.
    """
    names = sorted(run.project.destinations)
    _clear_former_destinations(run, names)
    files = people = 0
    with run.connect(*(f"activation.{name}" for name in names)) as con:
        con.execute(f"create temp table receipts ({COLUMNS})")
        con.execute(f"create temp table reasons ({REASONS})")
        for name in names:
            destination = run.project.destinations[name]
            rows = con.execute(f"""
                select audience, count(*), count(*) filter (has_key), count(*) filter (is_permitted),
                    count(*) filter (is_transfer_allowed), count(*) filter (is_above_minimum),
                    count(*) filter (is_written),
                    max(file_sha256)
                from activation.{name} group by audience order by audience
            """).fetchall()
            con.execute(
                f"insert into reasons select ?, audience, reason, count(*) from activation.{name} group by all", [name]
            )
            by_audience = {str(row[0]): row[1:] for row in rows}
            for audience in audiences_of(run, name):
                *numbers, digest = by_audience.get(audience, (0, 0, 0, 0, 0, 0, None))
                funnel = dict(zip(_FUNNEL, (int(number) for number in numbers), strict=True))
                path = folder_of(run, name) / f"{audience}.csv"
                row = [
                    run.as_of, name, audience, str(path.relative_to(run.folder)) if digest else None,
                    *funnel.values(),
                    _lines(path.with_name(f"{audience}{REMOVE}"), destination.delimiter), digest,
                    needs_of(destination), recipient_of(destination), *_paper_of(destination),
                    reason(destination, funnel, run) + _waiting(run, name, audience, destination.delimiter),
                ]  # fmt: skip
                con.execute(f"insert into receipts values ({', '.join('?' * len(row))})", row)
                files += bool(digest)
                people += funnel["written"]
        run.write(con, "activation.receipts", "select * from receipts", ("destination", "audience"))
        run.write(con, "activation.reasons", "select * from reasons", ("destination", "audience", "reason"))
    return {"files": files, "written": people}


def _clear_former_destinations(run: Run, names: list[str]) -> None:
    """Take away the files of destinations that the project has no longer."""
    for folder in sorted([*(run.folder / "activation").glob("*"), *(run.folder / DELIVERED).glob("*")]):
        if folder.is_dir() and folder.name not in names:
            fault("audience.clear_destination")
            shutil.rmtree(folder)
    if not names:
        shutil.rmtree(run.folder / DELIVERED, ignore_errors=True)


def _waiting(run: Run, name: str, audience: str, delimiter: str) -> str:
    """How many were delivered before and cannot be removed while the transfer has ended, in words; counts only."""
    waiting = _lines(run.folder / DELIVERED / name / f"{audience}.csv", delimiter)
    return f"; {waiting} delivered before wait for their removal file" if waiting else ""


def reason(destination: Destination, funnel: dict[str, int], run: Run) -> str:
    """One sentence on why as many people were written as were; counts only.

    The first gate that stopped everybody is named. When people were written, it says how many each
    gate kept back.
    """
    stopped = transfer_problem(run.project, destination, run.as_of)
    if funnel["in_rule"] == 0:
        return "nothing written: nobody meets the rule"
    if funnel["has_key"] == 0:
        return f"nothing written: nobody in the rule has a usable key ({_keys(destination)})"
    if funnel["permitted"] == 0:
        return f"nothing written: nobody with a usable key has the permission asked: {needs_of(destination)}"
    if stopped:
        return f"nothing written: {stopped}"
    if funnel["above_minimum"] == 0:
        return f"nothing written: fewer people than the minimum of {destination.minimum_size} are permitted"
    parts = [
        (funnel["in_rule"] - funnel["has_key"], "without a usable key"),
        (funnel["has_key"] - funnel["permitted"], "without permission"),
        (funnel["above_minimum"] - funnel["written"], "with the same key as another person"),
    ]
    reasons = ", ".join(f"{people} {words}" for people, words in parts if people)
    return f"written: {funnel['written']}" + (f"; kept back: {reasons}" if reasons else "")


def needs_of(destination: Destination) -> str:
    """The permissions that a destination asks, in words."""
    needs = [
        f"{need.purpose} through {need.channel}{f' for {need.recipient}' if need.recipient else ''}"
        f"{f' by {_or(need.bases)}' if need.bases else ''}"
        for need in destination.needs
    ]
    return " and ".join(needs)


def recipient_of(destination: Destination) -> str | None:
    """Who receives the file, where, on which basis."""
    transfer = destination.transfer
    return f"{transfer.recipient} ({transfer.country}, {transfer.basis})" if transfer else None


def _paper_of(destination: Destination) -> tuple[str | None, date | None]:
    """The document the transfer rests on, and its last day."""
    transfer = destination.transfer
    return (transfer.document, transfer.valid_until) if transfer else (None, None)


def _or(words: tuple[str, ...]) -> str:
    return " or ".join(words)


def _keys(destination: Destination) -> str:
    return " or ".join(" + ".join(key) for key in destination.keys)


def _lines(path: Path, delimiter: str) -> int:
    """Rows of a CSV file without its header; 0 when there is no file."""
    if not path.exists():
        return 0
    with path.open(encoding="utf-8", newline="") as file:
        return max(sum(1 for _ in csv.reader(file, delimiter=delimiter)) - 1, 0)
