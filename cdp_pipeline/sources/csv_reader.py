"""The strict CSV reader: every record is either parsed exactly or set aside with its line.

What belongs here: the loop over blocks, ragged records, and what happens at a wrong quote. What does
not: positions (scan), names (header), bytes (unpack).

After a wrong quote nobody can say where its record ends. Everything from the start of that record
to the end of the line with the wrong quote is set aside, a reject for each line, and reading goes on
behind it. Rows are never guessed back out of such a region.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.batches import MAX_RECORD, Batch, Seen, excerpt
from cdp_pipeline.sources.codes import RefusedError, Reject
from cdp_pipeline.sources.header import Header
from cdp_pipeline.sources.scan import CR, LF, Bytes, Numbers, Scan, scan
from cdp_pipeline.sources.suspects import Dialect, Records, suspects
from cdp_pipeline.sources.unpack import utf8_bytes

MAX_OPEN = 32 << 20
"""Bytes read on in search of a record's end before the whole file is refused."""
MOSTLY = 1_000
"""From this many rejects on, a file with more rejects than rows is refused at once; a smaller one at its end."""
FEW = 10
"""Up to this many rejects a small file is loaded, however few its rows, as long as it has one."""
_SMALL = 1 << 10
"""Bytes scanned at once behind a wrong quote; doubled while all goes well."""
_NONE = np.empty(0, dtype=np.int64)


@dataclass
class _Block:
    """What has been found in the block at hand; short: lines with one field only."""

    good: list[bytes] = field(default_factory=list)
    lines: list[Numbers] = field(default_factory=list)
    sizes: list[Numbers] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    short: set[int] = field(default_factory=set)
    after_short: bool = False
    blank: int = 0

    def records(self) -> Records:
        sizes = np.concatenate(self.sizes) if self.sizes else _NONE
        lines = np.concatenate(self.lines) if self.lines else _NONE
        return Records(b"".join(self.good), np.cumsum(sizes) - sizes, sizes, lines)


def read_csv(path: Path, form: FileFormat, header: Header, keep: Sequence[int], seen: Seen) -> Iterator[Batch]:
    """Batches with the columns at positions `keep`, all text, named by position ("0", "7", …).

    An empty field is an empty string. Raises RefusedError for the file as a whole. Counts in `seen` what
    is worth a look.
    """
    dialect = Dialect(
        ord(header.delimiter), ord(form.quote) if form.quote else None, header.names, form.trailing_delimiter
    )
    line, loaded, rejected = header.lines + 1, 0, 0
    block = _Block()
    for piece, final in _blocks(path, form, header):
        piece.used, line = _read_block(piece.data, dialect, line, block, final=final)
        whole, block = (block, _Block()) if final else _hold_back(block)
        records = whole.records()
        kept = _without_suspects(records, whole, dialect, is_last=final)
        seen.look(kept.data, kept.starts, kept.sizes)
        table = _parse(kept.data, dialect, keep)
        if table.num_rows != len(kept.lines):
            raise AssertionError(f"parsed {table.num_rows} rows where {len(kept.lines)} records were found")
        loaded, rejected = loaded + len(kept.lines), rejected + len(whole.rejects)
        damaged = rejected > MOSTLY and rejected > loaded
        if damaged or (final and rejected > loaded and (rejected > FEW or not loaded)):
            first = min(whole.rejects, key=lambda r: r.line, default=None)
            detail = f"{rejected} of the first {loaded + rejected} records are damaged"
            raise RefusedError("mostly_damaged", detail, first.line if first else None)
        yield Batch(table, kept.lines, tuple(sorted(whole.rejects, key=lambda r: r.line)), whole.blank)


def _hold_back(block: _Block) -> tuple[_Block, _Block]:
    """The block without its last good record and what follows it, which wait for what comes next."""
    records = block.records()
    if not len(records.lines):
        return _Block(blank=block.blank), replace(block, blank=0)
    last, size = int(records.lines[-1]), int(records.sizes[-1])
    ahead = [r for r in block.rejects if r.line < last]
    is_short = bool(ahead) and ahead[-1].line in block.short
    is_beside = is_short and (len(records.lines) < 2 or ahead[-1].line > records.lines[-2])
    rest = _Block(
        good=[records.data[-size:]],
        lines=[records.lines[-1:]],
        sizes=[records.sizes[-1:]],
        rejects=[r for r in block.rejects if r.line > last],
        short={line for line in block.short if line > last},
        after_short=is_beside or (block.after_short and len(records.lines) == 1 and not ahead),
    )
    whole = _Block(
        good=[records.data[:-size]],
        lines=[records.lines[:-1]],
        sizes=[records.sizes[:-1]],
        rejects=ahead,
        short={line for line in block.short if line < last},
        after_short=block.after_short,
        blank=block.blank,
    )
    return whole, rest


def _without_suspects(records: Records, block: _Block, dialect: Dialect, *, is_last: bool) -> Records:
    """The records without those that are none; these become rejects of the block."""
    rejects = np.array(sorted(r.line for r in block.rejects), dtype=np.int64)
    found = suspects(records, rejects, frozenset(block.short), dialect, after_short=block.after_short, is_last=is_last)
    if not found:
        return records
    kept = np.ones(len(records.lines), dtype=bool)
    kept[list(found)] = False
    for i, (code, reason) in sorted(found.items()):
        block.rejects.append(Reject(int(records.lines[i]), code, reason, excerpt(records.content(i))))
    sizes = records.sizes[kept]
    data = b"".join(records.data[s : s + n] for s, n in zip(records.starts[kept], sizes, strict=True))
    return Records(data, np.cumsum(sizes) - sizes, sizes, records.lines[kept])


@dataclass
class _Piece:
    """Bytes to be read, of which the reader says how many it used."""

    data: bytes
    used: int = 0


def _blocks(path: Path, form: FileFormat, header: Header) -> Iterator[tuple[_Piece, bool]]:
    """Blocks that start at a record's start; what a reader did not use comes again with more."""
    source = utf8_bytes(path, header.encoding, most=form.max_bytes)
    skip, rest = header.size, b""
    piece = next(source, b"")
    while piece:
        following = next(source, b"")
        if skip:
            dropped = min(skip, len(piece))
            piece, skip = piece[dropped:], skip - dropped
        data = rest + piece if rest else piece
        if not following and data and not data.endswith((b"\n", b"\r")):
            if form.final_newline:
                raise RefusedError("no_final_newline")
            data += b"\r\n" if data[data.rfind(b"\n") - 1 :][:2] == b"\r\n" else b"\n"
        block = _Piece(data)
        if data:
            yield block, not following
        rest = data[block.used :]
        if len(rest) > MAX_OPEN:
            raise RefusedError("too_long", f"a record without end in {MAX_OPEN >> 20} MB")
        piece = following


def _read_block(data: bytes, dialect: Dialect, line: int, out: _Block, *, final: bool) -> tuple[int, int]:
    """Sort the records of a block into `out`; bytes used and the line that comes next."""
    view = np.frombuffer(data, dtype=np.uint8)
    at, window = 0, len(data)
    while at < len(data):
        stop = min(at + window, len(data))
        is_end = stop == len(data)
        part = view[at:stop]
        found = scan(part, dialect.delimiter, dialect.quote, final=final and is_end)
        _sort_out(data[at:stop] if (at or not is_end) else data, part, found, dialect, line, out)
        at, line = at + found.consumed, line + found.consumed_lines
        if found.wrong_at >= 0:
            end = _line_end(data, at - found.consumed + found.wrong_at, final=final)
            if end is None:
                return at, line
            line = _set_aside(data[at:end], found, line, out)
            at, window = end, max(_SMALL, window // 8)
        elif is_end:
            break
        else:
            window = min(window * 2, len(data))
    if final and at < len(data):  # a quote that is open at the end of the file
        code, reason = "unterminated_quote", "a quote opens here and is not closed before the end of the file"
        line = _reject_lines(data[at:], code, reason, line, out)
        at = len(data)
    return at, line


def _sort_out(data: bytes, view: Bytes, found: Scan, dialect: Dialect, line: int, out: _Block) -> None:
    if not len(found.starts):
        return
    lengths = found.ends - found.starts
    blank = lengths == 0
    good = (found.fields == dialect.columns) & ~blank & ~found.has_nul & (lengths <= MAX_RECORD)
    extra = np.zeros(0, dtype=np.int64)
    if dialect.trailing:
        last = view[np.maximum(found.ends - 1, 0)] == dialect.delimiter
        with_extra = (found.fields == dialect.columns + 1) & last & ~found.has_nul & (lengths <= MAX_RECORD)
        good, extra = good | with_extra, found.ends[with_extra] - 1
    if good.all() and not len(extra):
        out.good.append(data[: found.consumed] if found.consumed < len(data) else data)
        out.sizes.append(np.diff(np.append(found.starts, found.consumed)))
    else:
        kept = np.ones(found.consumed, dtype=bool)
        kept[extra] = False
        stops = np.append(found.starts[1:], found.consumed)
        for i in np.flatnonzero(~good):
            kept[found.starts[i] : stops[i]] = False
        out.good.append(view[: found.consumed][kept].tobytes())
        out.sizes.append((stops - found.starts)[good] - (with_extra[good] if dialect.trailing else 0))
        for i in np.flatnonzero(~good & ~blank):
            reject = _reject(data, found, int(i), dialect.columns, line)
            out.rejects.append(reject)
            if found.fields[i] == 1 and reject.code == "too_few_fields":
                out.short.add(reject.line)
        out.blank += int(blank.sum())
    out.lines.append(found.lines[good] + line)


def _reject(data: bytes, found: Scan, i: int, columns: int, line: int) -> Reject:
    fields = int(found.fields[i])
    if found.has_nul[i]:
        code, reason = "nul_byte", "a NUL character"
    elif fields != columns:
        code = "too_few_fields" if fields < columns else "too_many_fields"
        reason = f"{fields} fields, the header has {columns}"
    else:
        code, reason = ("too_long", f"{int(found.ends[i] - found.starts[i])} bytes, at most {MAX_RECORD} are read")
    return Reject(int(found.lines[i]) + line, code, reason, excerpt(data[found.starts[i] : found.ends[i]]))


def _line_end(data: bytes, at: int, *, final: bool) -> int | None:
    """Offset behind the line end that follows `at`; None when more bytes are needed to tell."""
    ends = [e for e in (data.find(b"\n", at), data.find(b"\r", at)) if e >= 0]
    if not ends:
        return None
    end = min(ends)
    if data[end] == CR:
        if end + 1 < len(data):
            return end + 2 if data[end + 1] == LF else end + 1
        return end + 1 if final else None
    return end + 1


def _set_aside(region: bytes, found: Scan, line: int, out: _Block) -> int:
    if found.is_opening:
        return _reject_lines(region, "stray_quote", "a quote inside a field that is not quoted", line, out)
    return _reject_lines(region, "stray_quote", "text behind the closing quote of a field", line, out)


def _reject_lines(region: bytes, code: str, reason: str, line: int, out: _Block) -> int:
    """A reject for each line of a region that one wrong quote spoils; returns the line behind it."""
    opened = line
    pieces = region.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for piece in pieces[:-1]:
        if line == opened:
            out.rejects.append(Reject(line, code, reason, excerpt(piece)))
        elif piece:
            reason = f"in the text of the bad quote of the record at line {opened}"
            out.rejects.append(Reject(line, "inside_bad_quote", reason, excerpt(piece)))
        else:
            out.blank += 1
        line += 1
    return line


def _parse(data: bytes, dialect: Dialect, keep: Sequence[int]) -> pa.Table:
    names = [str(i) for i in range(dialect.columns)]
    kept = [str(i) for i in keep] or names[:1]
    if not data:
        return pa.table({name: pa.array([], pa.string()) for name in kept})
    return pacsv.read_csv(
        pa.BufferReader(data),
        read_options=pacsv.ReadOptions(column_names=names, block_size=len(data) + 1, use_threads=False),
        parse_options=pacsv.ParseOptions(
            delimiter=chr(dialect.delimiter),
            quote_char=chr(dialect.quote) if dialect.quote is not None else False,
            double_quote=dialect.quote is not None,
            escape_char=False,
            newlines_in_values=True,
            ignore_empty_lines=False,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in kept},
            include_columns=kept,
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
        ),
    )
