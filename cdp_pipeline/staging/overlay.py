"""Corrections laid over candidate rows, before any rule looks at them.

What belongs here: the cells of people records that somebody had corrected. What does not: where the
corrections come from (privacy/corrections.py).
"""

from __future__ import annotations

import duckdb

from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.shapes import Contract, FileFormat
from cdp_pipeline.run.lake import Run
from cdp_pipeline.staging.parsing import typed

TABLE = "staging.corrections"
_NAME_PARTS = "('first_name', 'middle_name', 'last_name')"


def overlay(run: Run, con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> None:
    """Replace corrected cells in the table `candidates`, in every version of their record.

    A whole name gives way to corrected parts of it, and the parts to a corrected whole name.
    """
    if table != "people" or not run.path(TABLE).exists() or not run.count(TABLE):
        return
    con.execute(f"create temp table corrected as from read_parquet({literal(run.path(TABLE))})")
    _make_room(con, set(contract.columns))
    for (column,) in con.execute("select distinct column_name from corrected order by 1").fetchall():
        value = typed("c.value", contract.columns[column], FileFormat())
        con.execute(
            f"""update candidates set {column}__text = c.value, {column} = {value} from corrected c
                where c.column_name = '{column}' and c.source = candidates.source and c.record_id = candidates.record_id"""
        )


def _make_room(con: duckdb.DuckDBPyConnection, columns: set[str]) -> None:
    parts = [name for name in ("first_name", "middle_name", "last_name") if name in columns]
    if "full_name" not in columns or not parts:
        return
    of_part = f"select source, record_id from corrected where column_name in {_NAME_PARTS}"
    of_whole = "select source, record_id from corrected where column_name = 'full_name'"
    con.execute(
        f"""update candidates set full_name = null, full_name__text = null
            where (source, record_id) in ({of_part}) and (source, record_id) not in ({of_whole})
              and coalesce({", ".join(parts)}) is not null"""
    )
    emptied = ", ".join(f"{name} = null, {name}__text = null" for name in parts)
    con.execute(
        f"""update candidates set {emptied}
            where (source, record_id) in ({of_whole}) and (source, record_id) not in ({of_part})"""
    )
