"""What earlier nights hand on to this one, without the people who were erased since.

What belongs here: the published tables that a run reads as `previous.*`, filtered. What does not: counting what is held
on the erased (holdings.py), and the exports' own rows (scrub.py).

A run reads `RUN/.previous/<layer>/<table>.parquet` instead of the published table when that file is
there. Other people's history stays as it was; who split off from an erased person has simply begun.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from cdp_pipeline.privacy.holdings import Count, count_holdings, scan_of, tables_in
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.whole_file import replaced

FOLDER = ".previous"
_PERSON = ("person_id", "other_person_id", "to_person_id")
_TOLD_ONCE_MORE = "activation"  # removal files name the erased one last time, by what was handed out


def forget_previous(run: Run, con: duckdb.DuckDBPyConnection, secrets: Sequence[str]) -> list[Count]:
    """Write the filtered tables of this run; returns (request, table, rows) of what is published on the erased.

    Needs table `dead` of scan.py; makes `lost_people` (person_id, request_id) and `lost_records`
    (source, record_id, request_id).
    """
    shutil.rmtree(run.folder / FOLDER, ignore_errors=True)
    if run.published is None:
        con.execute("create or replace temp table lost_records (source varchar, record_id varchar, request_id varchar)")
        return []
    counts = count_holdings(con, run.published, run.project, secrets)
    for layer, path in tables_in(run.published):
        columns = pq.read_schema(path).names
        if layer != _TOLD_ONCE_MORE and _is_involved(con, path, columns):
            with replaced(run.folder / FOLDER / layer / path.name, "previous.forgotten") as temporary:
                con.execute(
                    f"copy ({_without(path, layer, columns)}) to '{temporary}' (format parquet, compression zstd)"
                )
    return counts


def _is_involved(con: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str]) -> bool:
    present = [column for column in _PERSON if column in columns]
    any_of = " or ".join(f'"{column}" in (select person_id from lost_people)' for column in present)
    return bool(present) and bool(con.execute(f"select 1 from {scan_of(path)} where {any_of} limit 1").fetchall())


def _without(path: Path, layer: str, columns: Sequence[str]) -> str:
    """SELECT of a published table without the erased; of people who split off from them, their beginning stays."""
    erased = "(select person_id from lost_people)"
    none_of = " and ".join(
        f'("{column}" is null or "{column}" not in {erased})' for column in _PERSON if column in columns
    )
    others = f"select * from {scan_of(path)} where {none_of}"
    if f"{layer}.{path.stem}" != "identity.changes":
        return others
    return f"""{others} union all
        select * replace ('created' as change, other_person_id as person_id, null as other_person_id,
            'new records' as cause)
        from {scan_of(path)} where change = 'split' and person_id in {erased} and other_person_id not in {erased}"""
