"""The strict reader of JSON lines: one object a line, top-level keys as text.

What belongs here: cutting lines, and the text of each value exactly as it is written. What does not:
bytes and encodings (unpack).

A string gives its text, null gives NULL, everything else the JSON text as written: 1.10 stays "1.10",
a nested object stays JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.batches import MAX_RECORD, Batch, Shape, excerpt
from cdp_pipeline.sources.codes import RefusedError, Reject
from cdp_pipeline.sources.unpack import choose_encoding, utf8_bytes

MOSTLY = 1_000
FEW = 10  # as many damaged lines stand in a small file by chance
_SPACE = re.compile(r"[ \t\r\n]*")
_SEPARATOR = re.compile(r"[ \t\r\n]*([,}])[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")


class _NotAnObjectError(ValueError):
    pass


class _TwiceError(ValueError):
    pass


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)
_scan_value = _DECODER.scan_once  # type: ignore[attr-defined]


def read_json_lines(path: Path, form: FileFormat, wanted: Sequence[str], shape: Shape) -> Iterator[Batch]:
    """Batches with a text column for every name of `wanted` (NULL where the key is absent).

    Adds keys to `shape.names` as they are met; `wanted` of ("*",) keeps none and only gathers them.
    Raises RefusedError for the file as a whole.
    """
    shape.encoding = choose_encoding(path, form.encoding)
    places = {name: i for i, name in enumerate(wanted)}
    seen: dict[str, None] = {}
    loaded = rejected = 0
    for lines, first_line in _lines(path, shape.encoding, form.skip):
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        rejects: list[Reject] = []
        blank = 0
        for number, line in enumerate(lines, first_line):
            if not line.strip():
                blank += 1
                continue
            found = _row(number, line, places, seen)
            if isinstance(found, Reject):
                if not loaded and not rows and not rejects and line.lstrip().startswith(b"["):
                    raise RefusedError("json_array")
                rejects.append(found)
            else:
                rows.append(found)
                numbers.append(number)
        loaded, rejected = loaded + len(rows), rejected + len(rejects)
        if rejected > MOSTLY and rejected > loaded:
            raise _mostly(loaded, rejected)
        shape.names[:] = list(seen)
        columns = list(zip(*rows, strict=True)) if rows and places else [()] * len(places)
        table = pa.table({n: pa.array(columns[i], pa.string()) for n, i in places.items()})
        yield Batch(table, np.array(numbers, dtype=np.int64), tuple(rejects), blank)
    if rejected > loaded and (rejected > FEW or not loaded):
        raise _mostly(loaded, rejected)


def _mostly(loaded: int, rejected: int) -> RefusedError:
    return RefusedError("mostly_damaged", f"{rejected} of the first {loaded + rejected} lines are damaged")


def top_level(text: str) -> Iterator[tuple[str, str | None]]:
    """Keys of a JSON object with the text of their values; ValueError when it is not one object.

    >>> list(top_level('{"a": 1.10, "b": "x", "c": null, "d": [1, 2]}'))
    [('a', '1.10'), ('b', 'x'), ('c', None), ('d', '[1, 2]')]
    """
    at = _SPACE.match(text).end()  # type: ignore[union-attr]
    if text[at : at + 1] != "{":
        raise _NotAnObjectError
    at = _SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
    more = text[at : at + 1] != "}"
    if not more:
        at += 1
    while more:
        if text[at : at + 1] != '"':
            raise ValueError
        key, at = json.decoder.scanstring(text, at + 1, True)  # type: ignore[attr-defined]
        colon = _COLON.match(text, at)
        if not colon:
            raise ValueError
        start = colon.end()
        value, at = _scan_value(text, start)
        is_string = text[start] == '"'
        yield key, (value if is_string else None if value is None else text[start:at])
        separator = _SEPARATOR.match(text, at)
        if not separator:
            raise ValueError
        at, more = separator.end(), separator[1] == ","
    if text[at:].strip(" \t\r\n"):
        raise ValueError


def _row(number: int, line: bytes, places: dict[str, int], seen: dict[str, None]) -> list[str | None] | Reject:
    if len(line) > MAX_RECORD:
        return Reject(number, "too_long", f"{len(line)} bytes, at most {MAX_RECORD} are read", excerpt(line))
    row: list[str | None] = [None] * len(places)
    taken: set[str] = set()
    try:
        for key, value in top_level(line.decode("utf-8")):
            seen.setdefault(key)
            if key in places:
                if key in taken:
                    raise _TwiceError
                taken.add(key)
                if value is not None and "\0" in value:
                    return Reject(number, "nul_byte", "a NUL character", excerpt(line))
                if value is not None and not value.isascii():
                    value.encode("utf-8")
                row[places[key]] = value
    except _TwiceError:
        return Reject(number, "duplicate_key", "a mapped key comes twice", excerpt(line))
    except _NotAnObjectError:
        return Reject(number, "bad_json", "the line is not a JSON object", excerpt(line))
    except UnicodeEncodeError:
        return Reject(number, "bad_text", "half a surrogate pair in a mapped key", excerpt(line))
    except (ValueError, StopIteration, RecursionError):
        return Reject(number, "bad_json", "the line is not valid JSON", excerpt(line))
    return row


def _lines(path: Path, encoding: str, skip: int) -> Iterator[tuple[list[bytes], int]]:
    """Lists of lines with the number of their first."""
    rest, number = b"", 1
    for piece in utf8_bytes(path, encoding):
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        if len(rest) > 8 * MAX_RECORD:
            raise RefusedError("too_long", "a line without end", number + len(lines))
        if lines:
            yield lines[max(0, skip + 1 - number) :], max(number, skip + 1)
            number += len(lines)
    if rest:
        yield [rest][max(0, skip + 1 - number) :], max(number, skip + 1)
