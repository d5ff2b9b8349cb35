"""Dated lists of countries in 6_activation: who protects personal data well enough, who is in Europe.

What belongs here: reading the lists, every mistake in them, and whether one names a country on a day. What does not:
what follows for a transfer (activation/transfers.py).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date

from cdp_pipeline.project.project import Project

ADEQUACY = "adequacy.csv"
"""Decisions of the European Commission that a country protects personal data well enough."""
EEA = "eea.csv"
"""Countries of the European Economic Area, inside which a transfer needs no basis."""
COLUMNS = ("country", "valid_from", "valid_until", "decision", "covers", "checked_on")


@dataclass(frozen=True)
class Decision:
    """One line of a list: a country, and from when to when (inclusive) it counts."""

    country: str
    valid_from: date
    valid_until: date | None
    decision: str

    def overlaps(self, first: date, last: date | None) -> bool:
        """Whether it counts on some day from `first` to `last`; None is no end."""
        return (last is None or self.valid_from <= last) and (self.valid_until is None or first <= self.valid_until)


def read_list(project: Project, name: str) -> tuple[tuple[Decision, ...], list[str]]:
    """The decisions in a list of 6_activation and the problems in the file; without a file, none."""
    path = project.folder / "6_activation" / name
    if not path.exists():
        return (), []
    decisions: list[Decision] = []
    problems: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
        if missing:
            return (), [f"{path}:1: missing columns: {', '.join(missing)}"]
        for row in rows:
            try:
                decisions.append(_decision(row))
            except ValueError as error:
                problems.append(f"{path}:{rows.line_num}: {error}")
    return tuple(decisions), problems


def holds(project: Project, name: str, country: str, as_of: date) -> bool:
    """Whether a list names a country on a day; first and last day count."""
    return any(d.country == country and d.overlaps(as_of, as_of) for d in read_list(project, name)[0])


def eea_countries(project: Project, as_of: date) -> frozenset[str]:
    """Countries of the European Economic Area on a day."""
    return frozenset(d.country for d in read_list(project, EEA)[0] if d.overlaps(as_of, as_of))


def missing_list(project: Project) -> list[str]:
    """The problem of a project that transfers data and has no list of the European Economic Area."""
    path = project.folder / "6_activation" / EEA
    if path.exists() or not any(destination.transfer for destination in project.destinations.values()):
        return []
    return [f"{path}: file not found: it lists the countries of the European Economic Area, and since when"]


def version_of(project: Project) -> str:
    """Changes when one of the lists does."""
    paths = [project.folder / "6_activation" / file for file in (ADEQUACY, EEA)]
    return "".join(path.read_text(encoding="utf-8-sig") for path in paths if path.exists())


def _decision(row: dict[str, str]) -> Decision:
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
    return Decision(country, valid_from, valid_until, row["decision"].strip())


def _day(row: dict[str, str], column: str) -> date | None:
    text = (row[column] or "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{column} is a date like 2026-01-31, found {text!r}") from None
