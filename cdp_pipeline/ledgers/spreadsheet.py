"""Cells of CSV files that people open in a spreadsheet: none of them may run as a formula.

What belongs here: guarding a cell, and undoing it. What does not: files for platforms, where an
apostrophe would break a phone number; they are never guarded.
"""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_SIGNS = frozenset("=+-@\u2212")
_STARTS_RAW = ("\t", "\r", "\n", "\x00")


def guard(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula, with an apostrophe before it.

    >>> guard("=1+1"), guard("-12.50"), guard("Anna")
    ("'=1+1", '-12.50', 'Anna')
    """
    return f"'{cell}" if _is_risky(cell.lstrip("'")) else cell


def unguard(cell: str) -> str:
    """The cell as it was before `guard`.

    >>> unguard("'=1+1"), unguard("'s-Hertogenbosch")
    ('=1+1', "'s-Hertogenbosch")
    """
    return cell[1:] if cell.startswith("'") and _is_risky(cell.lstrip("'")) else cell


def _is_risky(text: str) -> bool:
    if not text or _NUMBER.fullmatch(text):
        return False
    if text.startswith(_STARTS_RAW):
        return True
    visible = (c for c in text if unicodedata.category(c)[0] not in "CZ")  # no blanks, controls, invisible marks
    return unicodedata.normalize("NFKC", next(visible, " "))[:1] in _SIGNS
