"""What earlier nights hand on to this one, without the people who were erased since.

What belongs here: the published tables that a run reads as `previous.*`, filtered, and the count of
what was held on each person. What does not: the exports' own rows (scrub.py).

A run reads `RUN/.previous/<layer>/<table>.parquet` instead of the published table when that file is
there. Other people's history stays as it was; who split off from an erased person has simply begun.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from cdp_pipeline.ledgers.tombstones import hashed_sql
from cdp_pipeline.privacy.certificate import AUDIENCE, WRITTEN
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.whole_file import replaced

FOLDER = ".previous"
_PERSON = ("person_id", "other_person_id", "to_person_id")
_LAYERS = ("staging", "identity", "profiles", "segments", "activation")
_CARRIED = ("identity", "profiles", "segments")
Count = tuple[str, str, int]


def forget_previous(run: Run, con: duckdb.DuckDBPyConnection, secrets: Sequence[str]) -> list[Count]:
    """Write the filtered tables of this run; returns (request, table, rows) of what is published on the erased.

    Needs table `dead` of scan.py; makes `lost_people` (person_id, request_id) and `lost_records`
    (source, record_id, request_id).
    """
    shutil.rmtree(run.folder / FOLDER, ignore_errors=True)
    con.execute("create or replace temp table lost_people (person_id varchar, request_id varchar)")
    con.execute("create or replace temp table lost_records (source varchar, record_id varchar, request_id varchar)")
    if run.published is None or not (run.published / "identity" / "person_records.parquet").exists():
        return []
    _find(con, run.published, secrets)
    counts: list[Count] = []
    for layer, path in _tables(run.published):
        columns = pq.read_schema(path).names
        counts += _count(con, path, columns, f"{layer}.{path.stem}")
        if layer in _CARRIED and _involved(con, path, columns):
            with replaced(run.folder / FOLDER / layer / path.name, "previous.forgotten") as temporary:
                con.execute(
                    f"copy ({_without(path, layer, columns)}) to '{temporary}' (format parquet, compression zstd)"
                )
    return counts


def _tables(snapshot: Path) -> Iterator[tuple[str, Path]]:
    for layer in _LAYERS:
        for path in sorted((snapshot / layer).glob("*.parquet")):
            yield layer, path


def _find(con: duckdb.DuckDBPyConnection, snapshot: Path, secrets: Sequence[str]) -> None:
    """Records with a tombstone; people with one, or without any other record, and whoever was merged into them."""
    records = _scan(snapshot / "identity" / "person_records.parquet")
    record_keys = ", ".join(hashed_sql(s, "'record_id'", "r.source || ':' || trim(r.record_id)") for s in secrets)
    person_keys = ", ".join(hashed_sql(s, "'person_id'", "p.person_id") for s in secrets)
    con.execute(f"""insert into lost_records
        select r.source, r.record_id, min(d.request_id) from {records} r
        join dead d on d.kind = 'record_id' and d.key in ({record_keys}) group by all""")
    con.execute(f"""insert into lost_people
        with named as (
            select p.person_id, min(d.request_id) as request_id from (select distinct person_id from {records}) p
            join dead d on d.kind = 'person_id' and d.key in ({person_keys}) group by all),
        emptied as (
            select r.person_id, min(l.request_id) from {records} r left join lost_records l using (source, record_id)
            group by 1 having count(*) = count(l.request_id))
        select person_id, min(request_id) from (from named union all from emptied) group by 1""")
    changes = snapshot / "identity" / "changes.parquet"
    while changes.exists():
        fresh = con.execute(f"""insert into lost_people
            select c.person_id, min(l.request_id) from {_scan(changes)} c
            join lost_people l on l.person_id = c.other_person_id
            where c.change = 'merged' and c.person_id not in (select person_id from lost_people) group by 1
            returning person_id""").fetchall()
        if not fresh:
            break


def _count(con: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str], table: str) -> list[Count]:
    if "person_id" in columns:
        match = "join lost_people l using (person_id)"
    elif {"source", "record_id"} <= set(columns):
        match = "join lost_records l using (source, record_id)"
    else:
        return []
    named = [(f"'{table}'", "true")]
    if "is_written" in columns:
        named.append((f"'{table}{WRITTEN}'", "t.is_written"))
    if table == "segments.history":
        named.append((f"'{AUDIENCE}' || t.segment", "t.kind = 'audience'"))
    selects = [
        f"select l.request_id, {name}, count(*) from {_scan(path)} t {match} where {condition} group by all"
        for name, condition in named
    ]
    rows = con.execute(" union all ".join(selects) + " order by all").fetchall()
    return [(str(request), str(name), int(count)) for request, name, count in rows]


def _involved(con: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str]) -> bool:
    present = [column for column in _PERSON if column in columns]
    any_of = " or ".join(f'"{column}" in (select person_id from lost_people)' for column in present)
    return bool(present) and bool(con.execute(f"select 1 from {_scan(path)} where {any_of} limit 1").fetchall())


def _without(path: Path, layer: str, columns: Sequence[str]) -> str:
    """SELECT of a published table without the erased; of people who split off from them, their beginning stays."""
    lost = "(select person_id from lost_people)"
    none_of = " and ".join(
        f'("{column}" is null or "{column}" not in {lost})' for column in _PERSON if column in columns
    )
    kept = f"select * from {_scan(path)} where {none_of}"
    if f"{layer}.{path.stem}" != "identity.changes":
        return kept
    return f"""{kept} union all
        select * replace ('created' as change, other_person_id as person_id, null as other_person_id,
            'new records' as cause)
        from {_scan(path)} where change = 'split' and person_id in {lost} and other_person_id not in {lost}"""


def _scan(path: Path) -> str:
    return "read_parquet('" + str(path).replace("'", "''") + "')"
