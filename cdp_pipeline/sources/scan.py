"""Where the records of a piece of CSV begin and end, found with numpy on whole blocks.

What belongs here: positions, physical lines, field counts and the first quoting mistake of a block.
What does not: what is done about mistakes (csv_reader) and values (Arrow parses them).

A block starts at a record's start. Quotes are counted: a byte behind an odd number of them is inside a
quoted field. That is exact as long as every opening quote follows a delimiter, a line end or another
quote, and every closing quote is followed by one of these; the first quote for which this fails is
reported as `wrong_at`, and nothing behind the record that holds it is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

LF, CR, NUL = 10, 13, 0
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
_OTHER, _DELIMITER, _LF, _CR, _QUOTE, _NUL = range(6)


@dataclass(frozen=True)
class Scan:
    """Complete records of a block, in order; positions are offsets in it.

    starts, ends: content without line end; lines: line ends before the record (0 = block's first line);
    fields: number of fields; has_nul: a NUL byte is in it; consumed: bytes up to the end of the last
    record; consumed_lines: line ends in them; wrong_at: position of the first wrong quote, or -1;
    is_opening: whether that quote opens.
    """

    starts: Numbers
    ends: Numbers
    lines: Numbers
    fields: Numbers
    has_nul: npt.NDArray[np.bool_]
    consumed: int
    consumed_lines: int
    wrong_at: int
    is_opening: bool


@lru_cache(maxsize=16)
def _kinds(delimiter: int, quote: int | None) -> Bytes:
    table = np.zeros(256, dtype=np.uint8)
    table[[LF, CR, NUL]] = (_LF, _CR, _NUL)
    table[delimiter] = _DELIMITER
    if quote is not None:
        table[quote] = _QUOTE
    return table


def scan(data: Bytes, delimiter: int, quote: int | None, *, final: bool) -> Scan:
    """Records of `data`, which starts at a record's start; `final`: nothing follows `data`.

    A last record without line end is not returned (append one when `final`).
    """
    size = len(data)
    kinds = _kinds(delimiter, quote)[data]
    at = np.flatnonzero(kinds)
    kind = kinds[at]
    newline = kind == _LF
    returns = np.flatnonzero(kind == _CR)
    if len(returns):
        following = np.minimum(at[returns] + 1, size - 1)
        is_last = at[returns] == size - 1
        newline[returns] = np.where(is_last, final, data[following] != LF)
    separator = kind == _DELIMITER
    ending = newline
    wrong_at, is_opening = -1, False
    quotes = kind == _QUOTE
    if quote is not None and quotes.any():
        inside = np.bitwise_xor.accumulate(quotes.view(np.uint8)).view(np.bool_)
        wrong_at, is_opening = _first_wrong(data, at[quotes], inside[quotes], delimiter, quote)
        outside = ~inside
        ending, separator = newline & outside, separator & outside
        if wrong_at >= 0:
            ending = ending & (at < wrong_at)
    rows = np.flatnonzero(ending)
    if not len(rows):
        none = np.empty(0, dtype=np.int64)
        return Scan(none, none, none, none, none.astype(bool), 0, 0, wrong_at, is_opening)
    stops = at[rows]
    starts = np.concatenate(([0], stops[:-1] + 1))
    follows_return = (data[stops] == LF) & (stops > starts) & (data[np.maximum(stops - 1, 0)] == CR)
    lines_after = np.cumsum(newline, dtype=np.int64)[rows]
    has_nul = np.zeros(len(rows), dtype=bool)
    if (kind == _NUL).any():
        has_nul = _per_record(kind == _NUL, rows) > 0
    return Scan(
        starts=starts,
        ends=stops - follows_return,
        lines=np.concatenate(([0], lines_after[:-1])),
        fields=_per_record(separator, rows) + 1,
        has_nul=has_nul,
        consumed=int(stops[-1]) + 1,
        consumed_lines=int(lines_after[-1]),
        wrong_at=wrong_at,
        is_opening=is_opening,
    )


def _per_record(flags: npt.NDArray[np.bool_], rows: Numbers) -> Numbers:
    return np.diff(np.cumsum(flags, dtype=np.int64)[rows], prepend=0)


def _first_wrong(
    data: Bytes, at: Numbers, opens: npt.NDArray[np.bool_], delimiter: int, quote: int
) -> tuple[int, bool]:
    """Position of the first quote that stands where none may stand (-1: none), and whether it opens."""
    allowed = np.zeros(256, dtype=bool)
    allowed[[delimiter, quote, LF, CR]] = True
    size = len(data)
    before = allowed[data[np.maximum(at - 1, 0)]] | (at == 0)
    after = allowed[data[np.minimum(at + 1, size - 1)]] | (at == size - 1)
    wrong = ~np.where(opens, before, after)
    if not wrong.any():
        return -1, False
    first = int(np.argmax(wrong))
    return int(at[first]), bool(opens[first])
