"""Texts in, values out: parsing as staging does it, without a table around it.

What belongs here: asking DuckDB. What does not: assertions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.project.shapes import Column, FileFormat
from cdp_pipeline.project.words import read_words
from cdp_pipeline.run.lake import open_duckdb
from cdp_pipeline.staging.parsing import create_macros, typed


@cache
def con() -> duckdb.DuckDBPyConnection:
    made = open_duckdb()
    create_macros(made, read_words(Path("dbt_like_sql/2_staging")))
    return made


def read(texts: Sequence[str | None], kind: str, **form: Any) -> list[Any]:
    """The values that texts have as `kind` in a file of this format."""
    sql = typed("text", Column(type=kind, description=""), FileFormat(**form))
    rows = con().execute(
        f"select {sql} as value from (select unnest($1::varchar[]) as text, unnest(range(len($1))) as place) "
        "order by place",
        [list(texts)],
    )
    return [row[0] for row in rows.fetchall()]


def one(text: str | None, kind: str, **form: Any) -> Any:
    return read([text], kind, **form)[0]
