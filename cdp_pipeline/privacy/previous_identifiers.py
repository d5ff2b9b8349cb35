"""The addresses that records of the erased were delivered with and that are not published any more.

What belongs here: tombstones of what stood in a record before a correction, and in its earlier deliveries. What
does not: those of what is published, which `cdp forget` makes (tombstones.py), and finding lines (scan.py).

A correction is laid over the source's value, and the source goes on delivering the old one. An address of before
may be, or have become, somebody else's: what a line of anybody else holds too counts only together with the name.
Records that only share an address with the erased go as well, but what else stands in them may be a stranger's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_pipeline.ledgers.tombstones import hashed_sql
from cdp_pipeline.project.registry import SHAREABLE


def records_of_erased(
    con: duckdb.DuckDBPyConnection, published: Path | None, secrets: Sequence[str]
) -> list[tuple[str, str]]:
    """Records (source, record_id) of those published people whom table `dead` names, until a night without them is."""
    path = published / "identity" / "person_records.parquet" if published else None
    if path is None or not path.exists():
        return []
    keys = ", ".join(hashed_sql(secret, "'person_id'", "r.person_id") for secret in secrets)
    return con.execute(
        f"""select r.source, trim(r.record_id) from read_parquet($path) r
            where exists (from dead d where d.kind = 'person_id' and d.key in ({keys})) order by all""",
        {"path": str(path)},
    ).fetchall()


def add_as_delivered(con: duckdb.DuckDBPyConnection, records: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Add to table `dead` what erased records among `records` (source, record_id) were ever delivered with.

    Needs the tables `found`, `dead` and `gone` of scan.py. Returns what is new: (kind, key, request_id).
    """
    names = sorted({f"{source}:{record_id}" for source, record_id in records})
    con.register("records_arrow", pa.table({"identity": pa.array(names, pa.string())}))
    rows = con.execute(f"""
        with own as (
            select f.source_name, f._file, f._line, min(d.request_id) as request_id
            from found f join dead d on d.kind = f.kind and d.key = f.key
            where f.table_name = 'people' and f.kind = 'record_id' and f.identity in (from records_arrow)
            group by all),
        held as (
            select f.*, o.request_id, exists (
                from found x anti join gone using (source_name, _file, _line)
                where x.kind = f.kind and x.identity = f.identity) as is_shared
            from found f join own o using (source_name, _file, _line)
            where f.table_name = 'people' and f.kind in {SHAREABLE} and f.secret = 0 and f.identity not like '?%'),
        marks as (
            select if(is_shared, kind || '+name', kind) as kind, if(is_shared, named_key, key) as key, request_id
            from held)
        select kind, key, min(request_id) from marks anti join dead using (kind, key)
        where key is not null group by all order by all""").fetchall()
    con.unregister("records_arrow")
    if rows:
        con.executemany("insert into dead values (?, ?, ?)", rows)
    return [(str(kind), str(key), str(request)) for kind, key, request in rows]
