"""What the values of a column look like, told by patterns: e-mail, phone, date, money, …

What belongs here: the patterns and how a column's format is chosen. What does not: reading files and
choosing core columns (probe, suggestions).
"""

from __future__ import annotations

from collections.abc import Mapping

FORMATS: Mapping[str, str] = {
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "iso_time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|UTC|[+-]\d\d:?\d\d))?",
    "iso_date": r"\d{4}-\d\d-\d\d",
    "day_or_month_first": r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}([ ,T]+\d{1,2}:\d\d(:\d\d)?( ?[AaPp][Mm])?)?",
    "compact_date": r"(19|20)\d\d[01]\d[0-3]\d",
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "boolean": r"(?i)(true|false|yes|no|y|n|t|f|0|1|ja|nee|oui|non)",
    "integer": r"[+-]?\d{1,18}",
    "decimal": r"[+-]?\d+\.\d+",
    "decimal_comma": r"[+-]?\d{1,3}(\.\d{3})*,\d+",
    "phone": r"['p:]*\+?[\d\s().\-/]{8,24}",
    "hash": r"[0-9a-fA-F]{32,128}",
    "url": r"(https?://|www\.).+",
    "json": r"\s*[\[{].*[\]}]\s*",
    "code": r"[A-Z]{2,3}",
    "id": r"[A-Za-z0-9#:_\-]*\d[A-Za-z0-9#:_\-]*",
}
"""Format → pattern that the whole trimmed value must meet; earlier ones win."""
MOSTLY = 0.95
"""Share of the filled values that must look like a format for the column to be called that."""


def format_of(shares: Mapping[str, float]) -> str:
    """The first format that nearly all values meet, else "text".

    >>> format_of({"email": 0.2, "integer": 1.0, "phone": 1.0})
    'integer'
    """
    return next((name for name in FORMATS if shares.get(name, 0.0) >= MOSTLY), "text")


def mask(value: str) -> str:
    """A value with every letter as x (X), every digit as 9: its form, not its content.

    >>> mask("Ann-7 é@b.nl")
    'Xxx-9 x@x.xx'
    """
    shown = value[:24]
    masked = "".join(
        "9" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c if c.isascii() else "·" for c in shown
    )
    return masked + ("…" if len(value) > 24 else "")
