"""Files as vendors deliver them: quoting, byte order marks, line ends, wrong lines, done-markers.

What belongs here: bytes. What does not: which rows (`*.sql`) or which files (`exports`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_pipeline.project.quoting import literal

_AS_IT_IS = "format csv, header false, delimiter '', quote '', escape '', compression gzip"  # one text column


@dataclass(frozen=True)
class Style:
    """How one vendor writes its files."""

    quoted: bool = False  # every cell in quotation marks, also empty ones
    mark: bool = False  # begins with the byte order mark of UTF-8
    crlf: bool = False  # lines end in CR LF
    json: bool = False  # lines of JSON made by the rows themselves, compressed
    quoted_headers: bool = False  # headers of several words in quotation marks
    wrong_lines: tuple[str, ...] = ()  # appended to the first day's file, for quarantine to catch


def write(con: duckdb.DuckDBPyConnection, rows: str, path: Path, style: Style, *, with_wrong_lines: bool) -> int:
    """Write the rows of a table expression to `path` and `<path>.done`; returns data lines written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    layout = _AS_IT_IS if style.json else f"format csv, header{', force_quote *' if style.quoted else ''}"
    lines = copy(con, rows, path, layout)
    if style.wrong_lines and with_wrong_lines:
        with path.open("ab") as file:
            file.writelines(f"{line}\n".encode() for line in style.wrong_lines)
        lines += len(style.wrong_lines)
    if style.mark or style.crlf or style.quoted_headers:
        _rewrite(path, style)
    path.with_name(f"{path.name}.done").touch()
    return lines


def copy(con: duckdb.DuckDBPyConnection, rows: str, path: Path, layout: str) -> int:
    """COPY the rows of a table expression to a file; returns how many."""
    ((lines,),) = con.execute(f"copy (from {rows}) to {literal(path)} ({layout})").fetchall()
    return int(lines)


def _rewrite(path: Path, style: Style) -> None:
    """Put in what COPY cannot write; no cell holds a line end."""
    plain = path.with_name(f"{path.name}.plain")
    path.rename(plain)
    with plain.open("rb") as read, path.open("wb") as out:
        out.write(b"\xef\xbb\xbf" if style.mark else b"")
        if style.quoted_headers:
            headers = read.readline().rstrip(b"\n").split(b",")
            out.write(b",".join(b'"%b"' % header if b" " in header else header for header in headers) + b"\n")
        if style.crlf:
            out.writelines(line[:-1] + b"\r\n" for line in read)
        else:
            shutil.copyfileobj(read, out, 1 << 20)
    plain.unlink()
