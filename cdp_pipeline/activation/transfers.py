"""Whether personal data may go to a recipient on a day: its country, its basis, the dates of both.

What belongs here: the list of adequacy decisions and the judgement of one transfer. What does not: the
permissions of people (gate.py) and other mistakes in a destination file (destinations.py).

Default deny: without a transfer, outside its dates, or on an adequacy decision that does not hold on
the day, nothing is written, and the receipt says why.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_pipeline.project import Project
from cdp_pipeline.shapes import Destination

FILE = "adequacy.csv"
COLUMNS = ("country", "valid_from", "valid_until", "decision", "covers", "checked_on")
EEA = frozenset("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split())


@dataclass(frozen=True)
class Adequacy:
    """One decision of the European Commission: a country, and from when to when (inclusive) it holds."""

    country: str
    valid_from: date
    valid_until: date | None
    decision: str


def read_adequacy(project: Project) -> tuple[tuple[Adequacy, ...], list[str]]:
    """The decisions in 6_activation/adequacy.csv and the problems in the file; without a file, none."""
    path = project.folder / "6_activation" / FILE
    if not path.exists():
        return (), []
    found: list[Adequacy] = []
    problems: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
        if missing:
            return (), [f"{path}:1: missing columns: {', '.join(missing)}"]
        for row in rows:
            try:
                found.append(_decision(row))
            except ValueError as error:
                problems.append(f"{path}:{rows.line_num}: {error}")
    return tuple(found), problems


def transfer_problem(project: Project, destination: Destination, as_of: date) -> str | None:
    """Why nothing may be sent to this destination on `as_of`, or None when it may."""
    transfer = destination.transfer
    if transfer is None:
        return "the destination names no transfer: recipient, country, basis and document"
    place = f"{transfer.recipient} ({transfer.country})"
    if as_of < transfer.valid_from:
        return f"the transfer to {place} is allowed only from {transfer.valid_from}"
    if transfer.valid_until is not None and as_of > transfer.valid_until:
        return f"the transfer to {place} was allowed until {transfer.valid_until}"
    if transfer.basis == "none_needed" and transfer.country not in EEA:
        return f"the transfer to {place} leaves the European Economic Area and names no basis"
    if transfer.basis == "adequacy" and transfer.country not in EEA:
        return _without_decision(place, transfer.country, read_adequacy(project)[0], as_of)
    return None


def _without_decision(place: str, country: str, decisions: Sequence[Adequacy], as_of: date) -> str | None:
    own = [d for d in decisions if d.country == country]
    if any(d.valid_from <= as_of and (d.valid_until is None or as_of <= d.valid_until) for d in own):
        return None
    ended = max((d.valid_until for d in own if d.valid_until and d.valid_until < as_of), default=None)
    if ended:
        return f"the transfer to {place} rests on an adequacy decision that ended on {ended}"
    return f"the transfer to {place} rests on adequacy, and {FILE} has no decision that holds on {as_of}"


def _decision(row: dict[str, str]) -> Adequacy:
    """One row; raises ValueError with what is wrong in it."""
    country = (row["country"] or "").strip()
    if len(country) != 2 or not country.isascii() or not country.isupper():
        raise ValueError(f"country is an ISO code of two capitals, found {country!r}")
    if not (row["decision"] or "").strip():
        raise ValueError("decision: name the document of the decision")
    valid_from, valid_until = _day(row, "valid_from"), _day(row, "valid_until")
    if valid_from is None or _day(row, "checked_on") is None:
        raise ValueError("valid_from and checked_on are dates like 2026-01-31")
    if valid_until and valid_until < valid_from:
        raise ValueError(f"valid_until {valid_until} is before valid_from {valid_from}")
    return Adequacy(country, valid_from, valid_until, row["decision"].strip())


def _day(row: dict[str, str], column: str) -> date | None:
    text = (row[column] or "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{column} is a date like 2026-01-31, found {text!r}") from None


def version_of(project: Project) -> str:
    """Changes when the list does."""
    path: Path = project.folder / "6_activation" / FILE
    return path.read_text(encoding="utf-8-sig") if path.exists() else ""
