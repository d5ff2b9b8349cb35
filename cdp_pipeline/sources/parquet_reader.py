r"""The reader of Parquet exports: typed columns become text exactly.

What belongs here: the text of each type. What does not: bytes and records; Parquet has its own.

Times become ISO 8601 (with offset when the column has one), nested values JSON, binary its UTF-8
text or \x and hexadecimal digits. A row's line is its number from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.project.quoting import literal, quoted
from cdp_pipeline.sources.batches import Batch, Shape
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline.sources.unpack import is_parquet

ROWS = 100_000


def parquet_names(path: Path) -> list[str]:
    """Top-level column names; RefusedError when it is no readable Parquet file."""
    if path.stat().st_size == 0:
        raise RefusedError("empty_file")
    if not is_parquet(path):
        raise RefusedError("not_this_format", "it is not a Parquet file")
    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise RefusedError("damaged_parquet") from error


def read_parquet(path: Path, columns: Sequence[int], shape: Shape) -> Iterator[Batch]:
    """Batches with the columns at positions `columns`, all text, named by position; NULL stays NULL."""
    shape.names[:] = parquet_names(path)
    line = 1
    with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"}) as con:
        for extension in ("icu", "json"):
            con.execute(f"load {extension}")
        con.execute("set timezone = 'UTC'")
        name = re.sub(r"([\[*?])", r"[\1]", str(path))
        con.execute(f"set allowed_paths = [{literal(path.absolute())}, {literal(name)}]")
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        try:
            con.execute(f"create view file as from read_parquet({literal(name)})")
            types = con.execute("describe file").fetchall()
            texts = [f'{_text(types[i][0], types[i][1])} as "{i}"' for i in columns] or ["null::varchar as none"]
            for batch in con.sql(f"select {', '.join(texts)} from file").to_arrow_reader(ROWS):
                table = pa.Table.from_batches([batch])
                yield Batch(table, np.arange(line, line + table.num_rows, dtype=np.int64))
                line += table.num_rows
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise RefusedError("damaged_parquet") from error


def _text(name: str, kind: str) -> str:
    column = quoted(name)
    if kind.startswith(("STRUCT", "MAP", "UNION")) or kind.endswith("]"):
        return f"to_json({column})::varchar"
    if kind.startswith("TIMESTAMP"):
        return f"replace({column}::varchar, ' ', 'T')"
    if kind == "BLOB":
        return f"coalesce(try(decode({column})), '\\x' || lower(hex({column})))"
    return f"{column}::varchar"
