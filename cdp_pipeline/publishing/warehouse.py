"""The DuckDB files that analysts open: one in clear, one masked, both inside the run folder.

What belongs here: copying the tables of a run into two files with comments. What does not: the
tables' content, and swapping the files in (snapshots.py).

DuckDB keeps deleted bytes in a file, so both files are always written anew. Storage version
v1.2.0 opens in clients from 1.2 to 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from cdp_pipeline.privacy.masking import masked
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.run_folder import drop_former_tables
from cdp_pipeline.run.steps import Table
from cdp_pipeline.run.whole_file import replaced

_MASKED, _FULL = "warehouse.duckdb", "warehouse_full.duckdb"


def build_warehouse(run: Run, tables: Mapping[str, Table]) -> dict[str, int]:
    """Write both files of all `tables`, those of the present project; returns their sizes in bytes.

    What an earlier project made goes from the run folder here, before anything is counted or published.
    Raw tables stay Parquet. The masked file hides the columns in `Table.personal`, as privacy/masking.py says.
    """
    drop_former_tables(run, tables)
    present = {name: table for name, table in tables.items() if run.path(name).is_file()}
    sizes = {}
    for file, mode in ((_FULL, 0o400), (_MASKED, 0o440)):
        with replaced(run.folder / file, "warehouse", mode) as temporary:
            _fill(run, temporary, present, file == _MASKED)
        sizes[file] = (run.folder / file).stat().st_size
    return sizes


def _fill(run: Run, path: Path, tables: Mapping[str, Table], is_masked: bool) -> None:
    with run.connect(*tables) as con:
        con.execute(f"attach {literal(path)} as warehouse (storage_version 'v1.2.0')")
        con.execute("create schema warehouse.config")
        con.execute("create table warehouse.config.run as from config.run")
        for name, table in tables.items():
            selected = _columns(con, name, table.personal if is_masked else None, run.key)
            con.execute(f"create schema if not exists warehouse.{table.layer}")
            fault("warehouse.table")
            con.execute(f"create table warehouse.{name} as select {selected} from {name}")
            con.execute(f"comment on table warehouse.{name} is {literal(table.description)}")
            present = {row[0] for row in con.execute(f"describe {name}").fetchall()}
            for column, words in table.columns.items():
                if words and column in present:
                    con.execute(f'comment on column warehouse.{name}."{column}" is {literal(words)}')
        con.execute("detach warehouse")


def _columns(con: duckdb.DuckDBPyConnection, name: str, personal: frozenset[str] | None, key: bytes) -> str:
    """The columns of a table as they are, or as analysts may see them when `personal` names the personal ones."""
    columns = con.execute(f"describe {name}").fetchall()
    if personal is None:
        return ", ".join(f'"{column}"' for column, *_ in columns)
    return ", ".join(
        f"{masked(quoted, column, kind, column in personal, key)} as {quoted}"
        for column, kind, *_ in columns
        if (quoted := f'"{column}"')
    )
