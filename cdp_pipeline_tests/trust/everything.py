"""All text that files hold, also inside Parquet, DuckDB, SQLite, compressed and pickled values.

What belongs here: reading what is on disk, as the one who searches it would. What does not: what is
searched for (canary.py).
"""

from __future__ import annotations

import gzip
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """(place, text) of every file under `root`, or of `root` itself; a place is a file, with table.column inside."""
    files = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else [root]
    for path in files:
        name = path.relative_to(root).as_posix() if root.is_dir() else path.name
        content = path.read_bytes()
        yield name, content.decode("utf-8", "replace")
        if content.startswith(b"SQLite format 3"):
            yield from ((f"{name}:{place}", text) for place, text in _sqlite(path))
        elif path.suffix == ".duckdb":
            yield from ((f"{name}:{place}", text) for place, text in _duckdb(path))
        elif path.suffix == ".parquet":
            yield from ((f"{name}:{place}", text) for place, text in _parquet(path))
        elif content.startswith(b"\x1f\x8b"):
            yield name, gzip.decompress(content).decode("utf-8", "replace")


def _sqlite(path: Path) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con:  # else it holds a map of a file that goes
        for (table,) in con.execute("select name from sqlite_master where type = 'table'").fetchall():
            result = con.execute(f'select * from "{table}"')
            columns = [column[0] for column in result.description]
            for row in result:
                for column, value in zip(columns, row, strict=True):
                    yield f"{table}.{column}", _plain(value)


def _plain(value: object) -> str:
    """A stored value as text; Dagster compresses the large ones with zlib."""
    if isinstance(value, bytes):
        try:
            value = zlib.decompress(value)
        except zlib.error:
            pass
        assert isinstance(value, bytes)
        return value.decode("utf-8", "replace")
    return str(value)


def _duckdb(path: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect(str(path), read_only=True) as con:
        yield (
            "comments",
            str(
                con.execute(
                    "select comment from duckdb_columns() union all select comment from duckdb_tables()"
                ).fetchall()
            ),
        )
        tables = con.execute("select schema_name, table_name from duckdb_tables() where not internal").fetchall()
        for schema, table in tables:
            yield from _columns(con, f"{schema}.{table}.", f'"{schema}"."{table}"')


def _parquet(path: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect() as con:
        con.execute(f"create view rows as from read_parquet('{path}')")
        yield from _columns(con, "", "rows")


def _columns(con: duckdb.DuckDBPyConnection, place: str, table: str) -> Iterator[tuple[str, str]]:
    names = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    rows = con.execute(f"select columns(*)::varchar from {table}").fetchall()
    for at, name in enumerate(names):
        yield place + name, "\n".join(sorted({row[at] for row in rows} - {None}))
