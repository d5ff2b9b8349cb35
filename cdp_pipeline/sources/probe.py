"""`cdp probe FILE`: the profile of a sample export, printed without any value of a person.

What belongs here: measuring a file and printing it. What does not: the draft of its YAML (draft) and
reading (reading).
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_pipeline.project.quoting import quoted
from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.batches import Shape
from cdp_pipeline.sources.codes import CODES, RefusedError
from cdp_pipeline.sources.columns import Needs
from cdp_pipeline.sources.draft import draft_yaml
from cdp_pipeline.sources.formats import FORMATS, format_of, mask
from cdp_pipeline.sources.header import read_header
from cdp_pipeline.sources.parquet_reader import parquet_names
from cdp_pipeline.sources.profile import ColumnProfile, Profile
from cdp_pipeline.sources.reading import read_file
from cdp_pipeline.sources.unpack import choose_encoding, is_parquet, utf8_bytes

__all__ = ["draft_yaml", "print_profile", "profile_file"]
SAMPLE = 200_000
"""Rows that are looked at."""


def profile_file(path: Path) -> Profile:
    """Profile of a CSV, JSON lines or Parquet file; raises RefusedError when it is unreadable."""
    form = guess_format(path)
    names = _names(path, form)
    shape = Shape()
    rows, rejects, tables = 0, Counter[str](), []
    for batch in read_file(path, form, Needs(names, ()), shape):
        rejects.update(r.code for r in batch.rejects)
        tables.append(batch.table)
        rows += len(batch.lines)
        if rows >= SAMPLE:
            break
    table = (
        pa.concat_tables(tables).slice(0, SAMPLE) if tables else pa.table({n: pa.array([], pa.string()) for n in names})
    )
    found = {"delimiter": shape.delimiter or None, "encoding": shape.encoding or form.encoding}
    form = form.model_copy(
        update=found | {"final_newline": form.type != "csv" or _ends_in_newline(path, found["encoding"] or "utf-8")}
    )
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as con:
        con.register("sample", table)
        columns = tuple(_column(con, name) for name in table.column_names)
        duplicates = _duplicates(con, table.column_names)
    return Profile(path, form, table.num_rows, dict(rejects), duplicates, columns, is_whole=rows < SAMPLE)


def guess_format(path: Path) -> FileFormat:
    """Format by content: Parquet by magic, JSON lines by the first character, else CSV."""
    if is_parquet(path):
        return FileFormat(type="parquet")
    encoding = choose_encoding(path, "utf-8|cp1252", whole=False)
    first = next(utf8_bytes(path, encoding, 4096), b"").lstrip()[:1]
    if first in {b"{", b"["}:
        return FileFormat(type="jsonl", encoding=encoding)
    return FileFormat(type="csv", encoding="utf-8|cp1252", final_newline=False)


def _ends_in_newline(path: Path, encoding: str) -> bool:
    end = b""
    for piece in utf8_bytes(path, encoding):
        end = piece[-1:]
    return end in {b"\n", b"\r"}


def _names(path: Path, form: FileFormat) -> tuple[str, ...]:
    if form.type == "parquet":
        return tuple(parquet_names(path))
    if form.type == "csv":
        seen: dict[str, str] = {}
        for name in read_header(path, form, only_look=True).names:
            if name.casefold() in seen:
                raise RefusedError("duplicate_header", f"two columns are named {name!r}")
            seen[name.casefold()] = name
        return tuple(seen.values())
    shape = Shape()
    for _ in islice(read_file(path, form, Needs((), ()), shape), 1):
        pass
    return tuple(shape.names)


def _column(con: duckdb.DuckDBPyConnection, name: str) -> ColumnProfile:
    column = quoted(name)
    value = f"nullif(trim({column}), '')"
    patterns = list(FORMATS.values())
    shares = ", ".join(f"avg(regexp_full_match(v, ${i + 1})::int)" for i in range(len(patterns)))
    found = con.execute(
        f"""with filled as (select {value} as v from sample)
        select count(*), count(v), count(distinct v), min(length(v)), max(length(v)), min(v), {shares}
        from filled""",
        patterns,
    ).fetchall()[0]
    total, filled, distinct, shortest, longest, example = found[:6]
    by_format = {f: float(share or 0.0) for f, share in zip(FORMATS, found[6:], strict=True)}
    return ColumnProfile(
        name=name,
        filled=filled / total if total else 0.0,
        distinct=distinct,
        shortest=shortest or 0,
        longest=longest or 0,
        format=format_of(by_format) if filled else "empty",
        example=mask(example or ""),
        is_key=total > 0 and distinct == filled == total,
    )


def _duplicates(con: duckdb.DuckDBPyConnection, names: list[str]) -> int:
    if not names:
        return 0
    found = con.execute("select (select count(*) from sample) - (select count(*) from (select distinct * from sample))")
    return int(found.fetchall()[0][0])


def print_profile(profile: Profile) -> None:
    """Print a profile as a table for the terminal; examples are masked."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    form = profile.format
    console = Console()
    sample = "" if profile.is_whole else " (the first rows only)"
    about = [form.type, form.encoding] + ([f"delimiter {form.delimiter!r}"] if form.delimiter else [])
    console.print(f"[bold]{escape(profile.path.name)}[/bold]: {profile.rows} rows{sample}, {', '.join(about)}")
    console.print(f"{profile.duplicates} rows repeat an earlier one in every column")
    for code, count in sorted(profile.rejects.items()):
        console.print(f"{count} records set aside: {code}, {CODES[code].meaning}; {CODES[code].cure}")
    table = Table(box=None, pad_edge=False)
    for title in ("column", "filled", "distinct", "length", "looks like", "form of a value"):
        table.add_column(title, justify="right" if title in {"filled", "distinct"} else "left", overflow="fold")
    for c in profile.columns:
        name = escape(c.name) + (" [bold](key)[/bold]" if c.is_key else "")
        length = f"{c.shortest}–{c.longest}" if c.longest else ""
        table.add_row(name, f"{c.filled:.0%}", str(c.distinct), length, c.format, escape(c.example))
    console.print(table)
