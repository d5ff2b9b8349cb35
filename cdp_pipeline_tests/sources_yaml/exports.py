"""The source YAMLs of dbt_like_sql, and what one of them makes of a few rows of an export.

What belongs here: reading the YAMLs, running one mapping in memory, and staging the rows of one source. What does
not: the reader and the contracts, which have tests of their own (sources/, staging/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Contract, Settings, Source
from cdp_pipeline.project.words import Words, read_words
from cdp_pipeline.project.yaml_file import read_shape
from cdp_pipeline.run.lake import Run
from cdp_pipeline.sources.columns import referenced_columns
from cdp_pipeline.staging.mapping import candidates
from cdp_pipeline.staging.parsing import create_macros
from cdp_pipeline.staging.reconciliation import reconcile
from cdp_pipeline.staging.split import split_table
from cdp_pipeline_tests.small_run import put, small_run

PROJECT = Path(__file__).parents[2] / "dbt_like_sql"
_NO_LINES = "select '' as source, '' as file, 0::bigint as line, '' as code, '' as reason, '' as content where false"


@cache
def sources() -> Mapping[str, Source]:
    """Every source by name; a file that is not a Source fails the test with its own words."""
    problems: list[str] = []
    read = {path.stem: read_shape(path, Source, problems) for path in sorted((PROJECT / "1_sources").glob("*.yml"))}
    assert not problems, problems
    return {name: source for name, source in read.items() if source is not None}


@cache
def contracts() -> Mapping[str, Contract]:
    """Every core table by name."""
    problems: list[str] = []
    read = {path.stem: read_shape(path, Contract, problems) for path in sorted((PROJECT / "2_staging").glob("*.yml"))}
    assert not problems, problems
    return {name: contract for name, contract in read.items() if contract is not None}


@cache
def words() -> Words:
    """The words of the project."""
    return read_words(PROJECT / "2_staging")


def delivered(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The raw table of a source.

    A row gives header columns as text; `_file`, `_line` and `_delivered_at` have defaults. A column the
    source refers to and no row has is NULL, as in a file that lacks it.
    """
    wanted = referenced_columns(sources()[name])
    unknown = {c for row in rows for c in row} - set(wanted) - {"_file", "_line", "_delivered_at"}
    assert not unknown, f"{name} does not use {sorted(unknown)}"
    came = pa.array([row.get("_delivered_at", "2026-05-01") for row in rows], pa.string())
    return pa.table(
        {c: pa.array([row.get(c) for row in rows], pa.string()) for c in wanted}
        | {
            "_file": pa.array([row.get("_file", "a.csv") for row in rows], pa.string()),
            "_line": pa.array([row.get("_line", n) for n, row in enumerate(rows, 2)], pa.int64()),
            "_delivered_at": came.cast(pa.timestamp("us")),
        }
    )


def open_rows(name: str, rows: Sequence[Mapping[str, Any]]) -> duckdb.DuckDBPyConnection:
    """A connection with the view `prepared` of a source over `rows`."""
    con = duckdb.connect()
    create_macros(con, words())
    con.register("delivered", delivered(name, rows))
    con.execute("create table file as from delivered")
    con.execute(f"create view prepared as {sources()[name].prepare or 'select * from file'}")
    return con


def mapped(name: str, table: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows a source maps into a core table, typed, without empty columns; dropped ones only as `dropped`."""
    source = sources()[name]
    found: list[dict[str, Any]] = []
    with open_rows(name, rows) as con:
        for ordinal, mapping in enumerate(source.into[table]):
            query = candidates(name, source.system or name, source, mapping, ordinal, contracts()[table])
            wanted = "_outcome not in ('not_mapped', 'empty')"
            result = con.execute(f"select * from ({query}) where {wanted} order by _file, _line")
            names = [column[0] for column in result.description or ()]
            for values in result.fetchall():
                row = dict(zip(names, values, strict=True))
                if row["_outcome"] != "mapped":
                    found.append({"dropped": row["_outcome"]})
                else:
                    kept = [c for c in contracts()[table].columns if row[c] is not None and c != "source"]
                    found.append({c: row[c] for c in kept})
    return found


@dataclass(frozen=True)
class Staged:
    """The tables that the rows of one source became."""

    run: Run

    def rows(self, table: str, columns: str = "*", where: str = "true") -> list[tuple[Any, ...]]:
        """Rows of `staging.…` or `quarantine.…`, in the order of their lines."""
        line = "_file, _line" if table.startswith("staging.") else "file, line"
        with self.run.connect(table) as con:
            return con.execute(f"select {columns} from {table} where {where} order by {line}").fetchall()

    def kept_out(self, table: str) -> list[tuple[int, str, str]]:
        """Line, outcome and reasons of every row of a core table that was not used as it came."""
        return self.rows(f"quarantine.{table}", "line, outcome, reasons")

    @property
    def unused(self) -> list[int]:
        """Lines of which no mapping makes anything."""
        return [line for (line,) in self.rows("quarantine.unused_lines", "line")]


@contextmanager
def staged(name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Staged]:
    """Everything the rows of one source become under the contracts of the project, as of 2026-06-30."""
    source = sources()[name]
    tables = ["people", *(table for table in source.into if table != "people")]
    project = Project(
        folder=PROJECT,
        settings=Settings(name="test"),
        sources={name: source},
        contracts={table: contracts()[table] for table in tables},
        words=words(),
    )
    with TemporaryDirectory() as folder:
        run = small_run(Path(folder), project=project)
        (run.folder / "raw" / name).mkdir(parents=True)
        pq.write_table(delivered(name, rows), run.folder / "raw" / name / "a.parquet")
        put(run, "quarantine.lines", _NO_LINES)
        for table in tables:
            split_table(run, table)
        reconcile(run)
        yield Staged(run)
