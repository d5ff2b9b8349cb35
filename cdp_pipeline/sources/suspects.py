"""Records with the right number of fields that are no records: totals, headers, halves of a broken line.

What belongs here: telling them from their neighbours and their first cell. What does not: cutting
records (scan) and ragged lines (csv_reader).

A line end inside text without quotes cuts a record in two. Where it cuts the first or the last
field, one half is a line of one field and the other has all fields, with a value cut short. Nobody
can say which neighbour that is, so both are set aside, unless quotes close the field in question.

Behind a second header with other columns, or the same in another order, a cell is not what the first one says.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline.sources.header import clean_name, key_of
from cdp_pipeline.sources.scan import Bytes, Numbers

_TOTAL = re.compile(
    r"(grand[ -]?|sub-?|eind|tussen|gesamt|zwischen)?(totals?|totaal|totale|totalt|total général|summe|gesamt)"
    r"( (rows|records|lines|orders|customers|count))?\s*[:=]?\s*[\d.,]*"
)
_SUM = re.compile(
    r"(sum|suma|summa|somme|razem|yhteensä|rows|records|count|eof|end of (file|report|export))\s*[:=]?\s*\d*"
)
"""These may be somebody's name: only as the last record of a file."""
_INITIALS = b"tTsSgGeEzZ \xef"
_AT_THE_END = 3


@dataclass(frozen=True)
class Records:
    """Complete records as bytes, one behind the other: where each starts, its size with line end, its line."""

    data: bytes
    starts: Numbers
    sizes: Numbers
    lines: Numbers

    def content(self, i: int) -> bytes:
        """A record without its line end."""
        return self.data[self.starts[i] : self.starts[i] + self.sizes[i]].rstrip(b"\r\n")


@dataclass(frozen=True)
class Dialect:
    """names: of the header; trailing: one empty field more than the header has is tolerated."""

    delimiter: int
    quote: int | None
    names: tuple[str, ...]
    trailing: bool

    @property
    def columns(self) -> int:
        return len(self.names)


def suspects(
    records: Records, rejects: Numbers, short: frozenset[int], dialect: Dialect, *, after_short: bool, is_last: bool
) -> dict[int, tuple[str, str]]:
    """Position of a record → code and reason.

    rejects: lines of what was set aside among them; short: those of them with one field only; after_short:
    such a line comes just ahead of all of them; is_last: nothing follows. Raises RefusedError at a second
    header that is not the first one.
    """
    pairs = list(_neighbours(records, rejects, short))
    if after_short and len(records.lines) and not (rejects < records.lines[0]).any():
        pairs.append((0, False))
    found = {
        i: ("beside_broken_line", "beside a line of one field only")
        for i, at_end in pairs
        if _may_be_cut(records, i, dialect, at_end=at_end)
    }
    names = [key_of(name) for name in dialect.names]
    for i in _candidates(records, dialect, is_last=is_last):
        code = _kind(records.content(i), dialect, names, near_end=is_last and i >= len(records.lines) - _AT_THE_END)
        if code == "other_header":
            raise RefusedError(code, line=int(records.lines[i]))
        if code == "total_line":
            found[i] = (code, "its first cell says total")
        elif code:
            found[i] = (code, "it repeats the header")
    return found


def _neighbours(records: Records, rejects: Numbers, short: frozenset[int]) -> Iterator[tuple[int, bool]]:
    """(record, is the line of one field behind it) for every pair of neighbours."""
    order = np.sort(np.concatenate((records.lines, rejects)))
    places = {int(line): i for i, line in enumerate(records.lines)} if short else {}
    for line in sorted(short):
        at = int(np.searchsorted(order, line))
        if at and int(order[at - 1]) in places:
            yield places[int(order[at - 1])], True
        if at + 1 < len(order) and int(order[at + 1]) in places:
            yield places[int(order[at + 1])], False


def _may_be_cut(records: Records, i: int, dialect: Dialect, *, at_end: bool) -> bool:
    """Whether the last (first) field of a record is not closed by quotes."""
    content = records.content(i)
    return dialect.quote is None or content[-1 if at_end else 0] != dialect.quote


def _candidates(records: Records, dialect: Dialect, *, is_last: bool) -> list[int]:
    """Records whose first character makes a closer look worth while."""
    if not len(records.starts):
        return []
    view: Bytes = np.frombuffer(records.data, dtype=np.uint8)
    interesting = np.zeros(256, dtype=bool)
    initials = {name.strip()[:1] for name in dialect.names}
    interesting[list(_INITIALS)] = True
    interesting[[b for c in initials for case in (c.lower(), c.upper()) for b in case.encode()[:1]]] = True
    first = view[records.starts]
    if dialect.quote is not None:
        second = view[np.minimum(records.starts + 1, len(view) - 1)]
        first = np.where(first == dialect.quote, second, first)
    chosen = interesting[first]
    if is_last:
        chosen[-_AT_THE_END:] = True
    return [int(i) for i in np.flatnonzero(chosen)]


def _kind(content: bytes, dialect: Dialect, names: Sequence[str], *, near_end: bool) -> str:
    """total_line, repeated_header, other_header or an empty string."""
    head = content[:64].decode("utf-8", "ignore")
    if near_end:
        head = content.decode("utf-8", "ignore").lstrip(chr(dialect.delimiter) + ' "')[:64]
    first = head.lstrip('"').split(chr(dialect.delimiter))[0].split('"')[0].strip(" \t\ufeff").casefold()
    if not first:
        return ""
    if first in names:
        cells = _cells(content, dialect)
        if list(cells) == list(names):
            return "repeated_header"
        if len(set(cells) & set(names)) > len(names) // 2:
            return "other_header"
    if _TOTAL.fullmatch(first) or (near_end and _SUM.fullmatch(first)):
        return "total_line"
    return ""


def _cells(content: bytes, dialect: Dialect) -> Sequence[str]:
    text = io.StringIO(content.decode("utf-8", "replace"), newline="")
    delimiter = chr(dialect.delimiter)
    if dialect.quote is None:
        row = next(csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
    else:
        row = next(csv.reader(text, delimiter=delimiter, quotechar=chr(dialect.quote)), [])
    cells = [key_of(clean_name(cell)) for cell in row]
    return cells[: dialect.columns] if dialect.trailing else cells
