"""The header line of a CSV file: finding it, the delimiter it is cut by, and its names.

What belongs here: reading a header and choosing the mapped columns out of it. What does not: the
records behind it (csv_reader).
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cdp_pipeline.errors import nearest
from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline.sources.scan import scan
from cdp_pipeline.sources.unpack import choose_encoding, utf8_bytes

DELIMITERS = (",", ";", "\t", "|")
MAX_COLUMNS = 5_000
_HEAD = 1 << 20
_BLANKS = " \t\r\n\v\f\u00a0\u200b\u202f\u2060\ufeff"


@dataclass(frozen=True)
class Header:
    """names: trimmed, in file order; size: bytes of UTF-8 up to the end of the header line;
    lines: physical lines up to there.
    """

    names: tuple[str, ...]
    delimiter: str
    encoding: str
    size: int
    lines: int


def read_header(path: Path, form: FileFormat, wanted: Iterable[str] = (), *, only_look: bool = False) -> Header:
    """The header of a CSV file; RefusedError when there is none that can be trusted.

    Without a declared delimiter the one that gives most `wanted` columns, then most columns, is taken. With
    `only_look` the encoding is judged by the first megabyte.
    """
    _check_dialect(form)
    encoding = choose_encoding(path, form.encoding, whole=not only_look)
    head, is_whole = _head(path, encoding, form)
    if head.lstrip().startswith((b"{", b"[{")):
        raise RefusedError("not_this_format", "it looks like JSON")
    skipped = _skip(head, form.skip)
    body = head[skipped:]
    before = _line_ends(head[:skipped])
    tries = (form.delimiter,) if form.delimiter else DELIMITERS
    found, refusals = _cut_by_each(body, tries, form, is_whole)
    excess = [r for r in refusals if r.code == "too_many_columns"]
    if excess or not found:
        raise (excess or refusals)[0]
    known = {key_of(w) for w in wanted}

    def rank(header: Header) -> tuple[int, int]:
        return sum(key_of(n) in known for n in header.names), len(header.names)

    best = max(found, key=rank)
    if form.delimiter and len(best.names) == 1:
        for other in DELIMITERS:
            others, _ = _cut_by_each(body, (other,), form, is_whole)
            if other != best.delimiter and others and rank(others[0]) > rank(best):
                raise RefusedError("wrong_delimiter", f"the header looks cut by {other!r}, not {best.delimiter!r}")
    return Header(best.names, best.delimiter, encoding, best.size + skipped, best.lines + before)


def key_of(name: str) -> str:
    """What two names have in common that are one column: case and Unicode form make no difference."""
    return unicodedata.normalize("NFC", name).casefold()


def choose_columns(names: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    """`wanted` name → position in `names`: the exact name, else the only one equal but for case.

    Raises RefusedError when a wanted name fits two columns equally.
    """
    chosen: dict[str, int] = {}
    for name in wanted:
        exact = [i for i, n in enumerate(names) if n == name]
        fits = exact or [i for i, n in enumerate(names) if key_of(n) == key_of(name)]
        if len(fits) > 1:
            raise RefusedError("duplicate_header", f"{len(fits)} columns are named {name!r}")
        if fits:
            chosen[name] = fits[0]
    return chosen


def missing_columns(names: Iterable[str], required: Sequence[frozenset[str]]) -> list[str]:
    """For each group of which no name is there: its names, with the nearest one that is."""
    there = list(names)
    folded = {key_of(n) for n in there}
    return [
        " or ".join(sorted(group)) + _near(group, there)
        for group in required
        if not any(key_of(name) in folded for name in group)
    ]


def _near(group: frozenset[str], names: Sequence[str]) -> str:
    return next((near for name in sorted(group, key=lambda n: (-len(n), n)) if (near := nearest(name, names))), "")


def _cut_by_each(
    body: bytes, delimiters: Iterable[str], form: FileFormat, is_whole: bool
) -> tuple[list[Header], list[RefusedError]]:
    found, refusals = [], []
    for delimiter in delimiters:
        try:
            found.append(_cut(body, _character(delimiter), form, final=is_whole))
        except RefusedError as error:
            refusals.append(error)
    return found, refusals


def _check_dialect(form: FileFormat) -> None:
    marks = [_character(form.delimiter)] if form.delimiter else []
    marks += [form.quote] if form.quote else []
    if any(len(m) != 1 or not m.isascii() or m in "\r\n\0" for m in marks) or len(set(marks)) < len(marks):
        raise RefusedError("bad_dialect")


def clean_name(name: str) -> str:
    """A header's name without blanks of any kind around it, in one Unicode form."""
    return unicodedata.normalize("NFC", name.strip(_BLANKS))


def _character(delimiter: str) -> str:
    return {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)


def _head(path: Path, encoding: str, form: FileFormat) -> tuple[bytes, bool]:
    head = b""
    for piece in utf8_bytes(path, encoding, _HEAD, most=form.max_bytes):
        head += piece
        if len(head) >= _HEAD:
            return head, False
    return head if head.endswith((b"\n", b"\r")) else head + b"\n", True


def _skip(head: bytes, lines: int) -> int:
    """Bytes of the first `lines` physical lines, and of the blank ones behind them."""
    at = 0
    for _ in range(lines):
        ends = [e for e in (head.find(b"\n", at), head.find(b"\r", at)) if e >= 0]
        if not ends:
            raise RefusedError("no_header", f"fewer than the {lines} lines to skip")
        at = min(ends) + (2 if head[min(ends) : min(ends) + 2] == b"\r\n" else 1)
    while head[at : at + 1] in {b"\n", b"\r"}:
        at += 1
    return at


def _line_ends(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def _cut(body: bytes, delimiter: str, form: FileFormat, *, final: bool) -> Header:
    data = np.frombuffer(body, dtype=np.uint8)
    if not len(data):
        raise RefusedError("no_header", "only blank lines")
    found = scan(data, ord(delimiter), ord(form.quote) if form.quote else None, final=final)
    if not len(found.starts):
        code = "bad_header" if found.wrong_at >= 0 or final else "too_many_columns"
        raise RefusedError(code, line=None if code == "too_many_columns" else 1)
    if found.fields[0] > MAX_COLUMNS:
        raise RefusedError("too_many_columns", f"{found.fields[0]} columns, at most {MAX_COLUMNS} are read")
    if found.has_nul[0]:
        raise RefusedError("bad_header", "a NUL character in the header")
    end = int(found.ends[0])
    text = io.StringIO(body[:end].decode("utf-8"), newline="")
    if form.quote:
        row = next(csv.reader(text, delimiter=delimiter, quotechar=form.quote))
    else:
        row = next(csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE))
    names = tuple(clean_name(name) for name in row)
    if form.trailing_delimiter and len(names) > 1 and not names[-1]:
        names = names[:-1]
    size = int(found.starts[1]) if len(found.starts) > 1 else found.consumed
    lines = int(found.lines[1]) if len(found.lines) > 1 else found.consumed_lines
    return Header(names, delimiter, "", size, lines)
