"""The source YAMLs of dbt_like_sql, and what one of them makes of a few rows of an export.

What belongs here: reading the YAMLs and running one mapping in memory. What does not: the reader and
the contracts, which have tests of their own (sources/, staging/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from cdp_pipeline.shapes import Contract, Source
from cdp_pipeline.sources.columns import referenced_columns
from cdp_pipeline.staging.mapping import candidates
from cdp_pipeline.staging.parsing import MACROS
from cdp_pipeline.yaml_file import read_shape

PROJECT = Path(__file__).parents[2] / "dbt_like_sql"


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


def open_rows(name: str, rows: Sequence[Mapping[str, Any]]) -> duckdb.DuckDBPyConnection:
    """A connection with the view `prepared` of a source over `rows`.

    A row gives header columns as text; `_file`, `_line` and `_delivered_at` have defaults. A column the
    source refers to and no row has is NULL, as in a file that lacks it.
    """
    wanted = referenced_columns(sources()[name])
    unknown = {c for row in rows for c in row} - set(wanted) - {"_file", "_line", "_delivered_at"}
    assert not unknown, f"{name} does not use {sorted(unknown)}"
    table = pa.table(
        {c: pa.array([row.get(c) for row in rows], pa.string()) for c in wanted}
        | {
            "_file": pa.array([row.get("_file", "a.csv") for row in rows], pa.string()),
            "_line": pa.array([row.get("_line", n) for n, row in enumerate(rows, 2)], pa.int64()),
            "_delivered": pa.array([row.get("_delivered_at", "2026-05-01") for row in rows], pa.string()),
        }
    )
    con = duckdb.connect()
    for macro in MACROS:
        con.execute(macro)
    con.register("delivered", table)
    con.execute(
        "create table file as select * exclude (_delivered), _delivered::timestamp as _delivered_at from delivered"
    )
    con.execute(f"create view prepared as {sources()[name].prepare or 'select * from file'}")
    return con


def mapped(name: str, table: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows a source maps into a core table, typed, without empty columns; dropped ones only as `dropped`."""
    source = sources()[name]
    found: list[dict[str, Any]] = []
    with open_rows(name, rows) as con:
        for ordinal, mapping in enumerate(source.into[table]):
            query = candidates(name, source.system or name, source, mapping, ordinal, contracts()[table])
            result = con.execute(f"select * from ({query}) where _outcome <> 'not_mapped' order by _file, _line")
            names = [column[0] for column in result.description or ()]
            for values in result.fetchall():
                row = dict(zip(names, values, strict=True))
                if row["_outcome"] != "mapped":
                    found.append({"dropped": row["_outcome"]})
                else:
                    kept = [c for c in contracts()[table].columns if row[c] is not None and c != "source"]
                    found.append({c: row[c] for c in kept})
    return found
