"""The addresses that corrected records of the erased were delivered with.

What belongs here: tombstones of what stood in a record before its correction. What does not: those of what
is published, which `cdp forget` makes (tombstones.py), and finding lines (scan.py).

A correction is laid over the source's value, and the source goes on delivering the old one. It may be wrong
because it is somebody else's: what a line of anybody else holds too counts only together with the name.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from cdp_pipeline.privacy.facts import SHAREABLE


def add_as_delivered(
    con: duckdb.DuckDBPyConnection, corrected: Iterable[tuple[str, str]]
) -> list[tuple[str, str, str]]:
    """Add to table `dead` what erased records among `corrected` (source, record_id) were delivered with.

    Needs the tables `found`, `dead` and `gone` of scan.py. Returns what is new: (kind, key, request_id).
    """
    records = sorted({f"{source}:{record_id}" for source, record_id in corrected})
    con.register("corrected_arrow", pa.table({"identity": pa.array(records, pa.string())}))
    fresh = con.execute(f"""
        with own as (
            select f.source_name, f._file, f._line, min(d.request_id) as request_id
            from found f join dead d on d.kind = f.kind and d.key = f.key
            where f.table_name = 'people' and f.kind = 'record_id' and f.identity in (from corrected_arrow)
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
    con.unregister("corrected_arrow")
    if fresh:
        con.executemany("insert into dead values (?, ?, ?)", fresh)
    return [(str(kind), str(key), str(request)) for kind, key, request in fresh]
