"""How many rows of a published state are about people who were erased, table by table.

What belongs here: counting them, in what was published before an erasure and, once more, in what is published after it.
What does not: taking rows out (scrub.py, previous_state.py), and the certificate that tells both (certificate.py).

Of a core table, and of the rows that its contract kept out, a row is somebody's by the marks that the scan of exports
goes by (scan.py). Of tables made from them a row is somebody's by the person or the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.ledgers.tombstones import hashed_sql
from cdp_pipeline.privacy.identities import facts_sql, spell
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.registry import facts_of

AUDIENCE, WRITTEN = "audience ", " written to a file"
"""Around the names of counts that are of no table: people in an audience, and rows of a table that a file was made of."""
Count = tuple[str, str, int]
"""Request, table (or a name as above), rows."""


def add_dead(con: duckdb.DuckDBPyConnection, tombstones: pa.Table) -> None:
    """Table `dead` (kind, key, request_id) of tombstones."""
    con.register("dead_arrow", tombstones.select(["kind", "key", "request_id"]))
    con.execute("create or replace temp table dead as from dead_arrow")
    con.unregister("dead_arrow")


def count_holdings(
    con: duckdb.DuckDBPyConnection, snapshot: Path, project: Project, secrets: Sequence[str]
) -> list[Count]:
    """Rows of a published state that are about people in table `dead`, by request and table; tables of raw left out.

    Makes `lost_people` (person_id, request_id) and `lost_records` (source, record_id, request_id).
    """
    con.execute("create or replace temp table lost_people (person_id varchar, request_id varchar)")
    con.execute("create or replace temp table lost_records (source varchar, record_id varchar, request_id varchar)")
    if not (snapshot / "identity" / "person_records.parquet").exists():
        return []
    _find(con, snapshot, secrets)
    counts = _of_core_tables(con, snapshot, project, secrets)
    for layer, path in tables_in(snapshot):
        if f"{layer}.{path.stem}" not in counts:
            counts[f"{layer}.{path.stem}"] = _of_people(con, path, f"{layer}.{path.stem}")
    return sorted(count for of_table in counts.values() for count in of_table)


def tables_in(snapshot: Path) -> Iterator[tuple[str, Path]]:
    """Layer and file of every published table but those of raw."""
    for path in sorted(snapshot.glob("[!.]*/*.parquet")):
        if path.parent.name != "raw":
            yield path.parent.name, path


def scan_of(path: Path, options: str = "") -> str:
    """A Parquet file as a relation."""
    return f"read_parquet({literal(path)}{options})"


def _find(con: duckdb.DuckDBPyConnection, snapshot: Path, secrets: Sequence[str]) -> None:
    """Records with a tombstone; people with one, or without any other record, and whoever was merged into them."""
    records = scan_of(snapshot / "identity" / "person_records.parquet")
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
        merged = con.execute(f"""insert into lost_people
            select c.person_id, min(l.request_id) from {scan_of(changes)} c
            join lost_people l on l.person_id = c.other_person_id
            where c.change = 'merged' and c.person_id not in (select person_id from lost_people) group by 1
            returning person_id""").fetchall()
        if not merged:
            break


def _of_core_tables(
    con: duckdb.DuckDBPyConnection, snapshot: Path, project: Project, secrets: Sequence[str]
) -> dict[str, list[Count]]:
    """Counts by table, for each core table and the rows kept out of it, also where nothing is held."""
    selects, counts = [], dict[str, list[Count]]()
    for layer, path in tables_in(snapshot):
        if layer not in ("staging", "quarantine") or path.stem not in project.contracts:
            continue
        columns = pq.read_schema(path).names
        facts = [f for f in facts_of(path.stem, project.contracts) if set(f.columns) <= set(columns)]
        counts[f"{layer}.{path.stem}"] = []
        if facts:
            rows = f"{scan_of(path, ', file_row_number = true')} as t"
            place = f"'{layer}.{path.stem}' as table_name, file_row_number as number"
            selects.append(facts_sql(facts, rows, lambda c: f"t.{c}::varchar", place, columns))
    if not selects:
        return counts
    con.execute(f"create or replace temp table told as {' union all '.join(selects)}")
    people = snapshot / "staging" / "people.parquet"
    systems = con.execute(f"select distinct source from {scan_of(people)}").fetchall() if people.exists() else []
    spell(con, "told", Placeholders(), project.settings.country, [str(row[0]) for row in systems], project.words)
    matches = " union all ".join(
        f"""select s.table_name, s.number, d.request_id from spelled s
            join dead d on d.kind = s.kind{also} and d.key = {hashed_sql(secret, f"s.kind{also}", value)}
            where {value} is not null"""
        for secret in secrets
        for also, value in (("", "s.identity"), (" || '+name'", "s.named"))
    )
    per_table = con.execute(f"""select request_id, table_name, count(*) from (
            select table_name, number, min(request_id) as request_id from ({matches}) group by all)
        group by all order by all""").fetchall()
    for request, name, count in per_table:
        counts[str(name)].append((str(request), str(name), int(count)))
    return counts


def _of_people(con: duckdb.DuckDBPyConnection, path: Path, table: str) -> list[Count]:
    """Counts of a table that is made of core tables; none of a table about nobody."""
    columns = pq.read_schema(path).names
    if "person_id" in columns:
        match = "join lost_people l using (person_id)"
    elif {"source", "record_id"} <= set(columns):
        match = "join lost_records l using (source, record_id)"
    else:
        return []
    counted_as = [(f"'{table}'", "true")]
    if "is_written" in columns:
        counted_as.append((f"'{table}{WRITTEN}'", "t.is_written"))
    if table == "segments.history":
        counted_as.append((f"'{AUDIENCE}' || t.segment", "t.kind = 'audience'"))
    selects = [
        f"select l.request_id, {name}, count(*) from {scan_of(path)} t {match} where {condition} group by all"
        for name, condition in counted_as
    ]
    rows = con.execute(" union all ".join(selects) + " order by all").fetchall()
    return [(str(request), str(name), int(count)) for request, name, count in rows]
