"""The published tables as they are asked about, and who is meant.

What belongs here: opening a snapshot to read, the key it was made with, and finding a person or record as
somebody typed it.
What does not: how a record reads (records.py), evidence and its wording.

A record is written `source:record_id`, a person by its id, which starts with P.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from cdp_pipeline.errors import InputError, nearest
from cdp_pipeline.privacy.keys import DEMO_KEY, earlier_keys
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.run.lake import expect_published, fingerprint, open_duckdb
from cdp_pipeline.run.manifest import read_manifest

NEEDED = {
    "identity.records": ("record_key", "node_key"),
    "identity.pairs": ("node_key_l", "model_weight", "veto"),
    "identity.persons": ("person_id",),
    "identity.person_records": ("person_id",),
    "identity.changes": ("cause",),
    "identity.redirects": ("to_person_id",),
}


@dataclass(frozen=True)
class Somebody:
    """Who was typed on the command line: the living person, and the record if one was meant."""

    typed: str
    person: str
    record: int | None = None  # record_key
    note: str = ""  # such as where a retired id leads


def open_tables(snapshot: Path) -> DuckDBPyConnection:
    """A connection with a view for each published table.

    Raises InputError when the tables have the shape of an earlier version.
    """
    con = open_duckdb(allowed=[snapshot])
    for path in sorted(snapshot.glob("[!.]*/*.parquet")):
        con.execute(f"create schema if not exists {path.parent.name}")
        con.execute(f"create view {path.parent.name}.{path.stem} as from {literal(path)}")
    for table, columns in NEEDED.items():
        if not set(columns) <= set(columns_of(con, table)):
            raise InputError(f"{table} was published by an earlier version: run cdp run, then ask again")
    return con


def columns_of(con: DuckDBPyConnection, table: str) -> list[str]:
    """The columns of a table; none when it was not published."""
    layer, _, name = table.partition(".")
    rows = con.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ? order by column_index",
        [layer, name],
    ).fetchall()
    return [str(row[0]) for row in rows]


def known_key(variable: str, data: Path) -> bytes | None:
    """The key from the environment, from `DATA/.key` or of the demo that fits what is published; None when none does.

    No key is made: a command that only reads needs none.
    """
    made_with = read_manifest(expect_published(data)).key_fingerprint
    file = data / ".key"
    candidates = [os.environ.get(variable, "").encode(), file.read_bytes() if file.exists() else b"", DEMO_KEY]
    candidates += earlier_keys(variable, data)
    return next((key for key in candidates if key and fingerprint(key) == made_with), None)


# ---- who is meant --------------------------------------------------------------------------------


def find(con: DuckDBPyConnection, typed: str) -> Somebody:
    """The person or record that `typed` names; InputError with the nearest name for anything else."""
    typed = typed.strip()
    if ":" in typed:
        return _record(con, typed)
    if con.execute("select 1 from identity.persons where person_id = ?", [typed]).fetchall():
        return Somebody(typed, typed)
    led = con.execute("select to_person_id, since from identity.redirects where person_id = ?", [typed]).fetchall()
    if led:
        return Somebody(typed, led[0][0], note=f"{typed} ended on {led[0][1]}; its records are now {led[0][0]}")
    ended = con.execute(
        "select max(as_of) from identity.changes where person_id = ? and change = 'retired'", [typed]
    ).fetchall()[0][0]
    if ended:
        raise InputError(f"{typed} has retired on {ended}: no record of this person is left")
    close = con.execute(
        """select person_id from identity.persons where abs(len(person_id) - len($id)) <= 3
           and damerau_levenshtein(person_id, $id) <= 6 order by damerau_levenshtein(person_id, $id), 1 limit 1""",
        {"id": typed},
    ).fetchall()
    hint = f" (did you mean {close[0][0]}?)" if close else "; a record is written source:record_id"
    raise InputError(f"{typed}: no such person{hint}")


def _record(con: DuckDBPyConnection, typed: str) -> Somebody:
    source, _, record_id = typed.partition(":")
    records = con.execute(
        """select p.person_id, r.record_key from identity.records r
           join identity.person_records p using (source, record_id) where source = ? and record_id = ?""",
        [source, record_id],
    ).fetchall()
    if records:
        return Somebody(typed, records[0][0], int(records[0][1]))
    sources = [row[0] for row in con.execute("select distinct source from identity.records order by 1").fetchall()]
    if source not in sources:
        raise InputError(f"{source}: no such source{nearest(source, sources)}; there are: {', '.join(sources)}")
    close = con.execute(  # an id that is an address is nobody's business in a message
        """select record_id from identity.records where source = $source and not contains(record_id, '@')
           and damerau_levenshtein(record_id, $id) <= 2 order by damerau_levenshtein(record_id, $id), 1 limit 1""",
        {"source": source, "id": record_id},
    ).fetchall()
    hint = f" (did you mean {source}:{close[0][0]}?)" if close else ""
    raise InputError(f"{typed}: {source} has no record of this id{hint}")
