"""DATA/corrections.csv: one cell of one people record each, as somebody asked for it.

What belongs here: the lines and their mistakes. What does not: what a correction does (privacy/corrections.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from cdp_pipeline.ledgers.ledger import CORRECTIONS, Cells, parse_lines, write_lines


@dataclass(frozen=True)
class Correction:
    """One line of the file; `decided_at` is YYYY-MM-DD."""

    source: str
    record_id: str
    column: str
    value: str
    decided_at: str
    reviewer: str = ""
    replaced: str = ""


def read_corrections(data: Path) -> list[Correction]:
    """Every line in order; InputError lists every mistake with its line, never a value."""
    return [correction for _, correction in parse_lines(data / CORRECTIONS.file, CORRECTIONS, _parse)]


def _parse(cells: Cells) -> tuple[Correction, list[str]]:
    try:
        date.fromisoformat(cells["decided_at"])
    except ValueError:
        return Correction(**cells), ["decided_at must be a day as YYYY-MM-DD"]
    return Correction(**cells), []


def write_corrections(data: Path, corrections: Sequence[Correction]) -> None:
    """Replace the file in one step; only its owner may read it."""
    write_lines(data / CORRECTIONS.file, CORRECTIONS, [asdict(correction) for correction in corrections])
