"""Names and texts inside SQL.

What belongs here: quoting them, the one way of it. What does not: the grammar of rules (expressions.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def quoted(name: str) -> str:
    """A name as a double-quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | Path) -> str:
    """A text, or a path, as a single-quoted SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[str]) -> str:
    """Texts as a list of SQL literals, without brackets; `null`, which nothing equals, when there is none.

    >>> literals(["a", "it's"]), literals([])
    ("'a', 'it''s'", 'null')
    """
    return ", ".join(map(literal, values)) or "null"
