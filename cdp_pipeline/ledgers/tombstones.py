"""What is kept of the erased, so that they do not come back: DATA/privacy/tombstones.parquet.

What belongs here: the file, the keyed hashes in it, and making those of a subject. What does not:
taking rows out (erasure.py).

A row: kind (as in registry.py; `email+name` for an address that somebody else uses too; `person_id`),
key (keyed hash), since (day), request_id, made_with (fingerprint of the secret key). Nobody without
the secret key can tell whether a value is in the file, and nobody at all can read one out of it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.errors import KeyMismatchError
from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.privacy.subject import Subject, open_staged, told_of
from cdp_pipeline.project.registry import SHAREABLE, spell
from cdp_pipeline.run.lake import fingerprint
from cdp_pipeline.run.whole_file import alone, replaced

FOLDER = "privacy"
SCHEMA = pa.schema(
    [
        ("kind", pa.string()), ("key", pa.string()), ("since", pa.date32()),
        ("request_id", pa.string()), ("made_with", pa.string()),
    ]
)  # fmt: skip
_KINDS = {"login_id": "account"}


def path_of(data: Path) -> Path:
    """Where the tombstones of a data folder are."""
    return data / FOLDER / "tombstones.parquet"


def read_tombstones(data: Path) -> pa.Table:
    """Every tombstone, sorted; no rows when nobody was ever erased."""
    path = path_of(data)
    return pq.read_table(path, schema=SCHEMA) if path.exists() else SCHEMA.empty_table()


def requests_in(tombstones: pa.Table) -> list[str]:
    """Ids of all requests of erasure, sorted."""
    return sorted(set(tombstones["request_id"].to_pylist()))


def add_tombstones(data: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Add rows of SCHEMA that are not there yet, all or nothing; returns how many hashes were new.

    A hash has a row for each request that asks for it, so that each can be carried out.
    """
    with alone(path_of(data)):
        known = read_tombstones(data).to_pylist()
        found = {(row["kind"], row["key"], row["request_id"]): row for row in known}
        for row in rows:
            found.setdefault((row["kind"], row["key"], row["request_id"]), dict(row))
        if len(found) > len(known):
            ordered = [found[each] for each in sorted(found)]
            path = path_of(data)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with replaced(path, "tombstones", lasting=True) as temporary:
                pq.write_table(pa.Table.from_pylist(ordered, schema=SCHEMA), temporary, compression="zstd")
        return len({each[:2] for each in found}) - len({(row["kind"], row["key"]) for row in known})


# ---- the keyed hash --------------------------------------------------------------------------


def secret(key: bytes) -> str:
    """The secret that tombstones are hashed with, made from the secret key; hexadecimal."""
    return hmac.new(key, b"cdp tombstones", hashlib.sha256).hexdigest()


def hashed(with_secret: str, kind: str, value: str) -> str:
    """Keyed hash of an identifier in its one spelling: 32 hexadecimal digits."""
    return hashlib.sha256(f"{with_secret}\x1f{kind}\x1f{value}".encode()).hexdigest()[:32]


def hashed_sql(with_secret: str, kind: str, value: str) -> str:
    """The same as SQL; `kind` and `value` are SQL texts."""
    return f"left(sha256('{with_secret}' || chr(31) || {kind} || chr(31) || {value}), 32)"


def secrets_of(tombstones: pa.Table, keys: Sequence[bytes]) -> list[str]:
    """The secrets of all tombstones, that of the first key first; KeyMismatchError when a key is missing."""
    known = {fingerprint(key): secret(key) for key in keys}
    missing = sorted(set(tombstones["made_with"].to_pylist()) - set(known))
    if missing:
        raise KeyMismatchError(
            f"people were erased under the key {', '.join(missing)}, this run has {', '.join(known)}: "
            "without that key they could not be kept out"
        )
    return list(known.values())


# ---- those of a subject ----------------------------------------------------------------------


def tombstones_of(
    snapshot: Path, subject: Subject, key: bytes, since: date, request_id: str, country: str
) -> list[dict[str, object]]:
    """The tombstones of a subject: of the person, the records, the identifiers, the orders and tickets.

    An identifier that somebody else holds as well counts only together with the subject's name.
    """
    with_secret, shared = secret(key), set(subject.shared)
    found: set[tuple[str, str]] = set()
    if subject.person_id:
        found.add(("person_id", subject.person_id))
    found |= {("record_id", f"{source}:{record_id}") for source, record_id in subject.records}
    certain = {pair for pair in subject.identifiers if pair not in shared and not pair[1].startswith("?")}
    found |= {(_KINDS.get(name, name), value) for name, value in certain}
    if subject.records:
        with open_staged(snapshot) as con:
            found |= _things(con, subject)
            if shared:
                found |= _named(con, subject, country)
    return [
        {
            "kind": kind,
            "key": hashed(with_secret, kind, value),
            "since": since,
            "request_id": request_id,
            "made_with": fingerprint(key),
        }
        for kind, value in sorted(found)
    ]


def _records(con: duckdb.DuckDBPyConnection, subject: Subject) -> None:
    sources, record_ids = zip(*subject.records, strict=True)
    con.register("own_arrow", pa.table({"source": list(sources), "record_id": list(record_ids)}))
    con.execute("create or replace temp table own_records as from own_arrow")
    con.unregister("own_arrow")


def _things(con: duckdb.DuckDBPyConnection, subject: Subject) -> set[tuple[str, str]]:
    """Orders and tickets of the subject; an order number that two systems use is no mark of an event."""
    _records(con, subject)
    rows = con.execute("""
        with own as (select source, order_id from staging.orders semi join own_records using (source, record_id))
        select 'order_id', source || ':' || trim(order_id) from own
        union all
        select 'event_order', trim(order_id) from own where order_id not in
            (select order_id from staging.orders group by 1 having count(distinct source) > 1)
        union all
        select 'ticket_id', source || ':' || trim(ticket_id)
        from staging.tickets semi join own_records using (source, record_id)""").fetchall()
    return {(str(kind), str(value)) for kind, value in rows}


def _named(con: duckdb.DuckDBPyConnection, subject: Subject, country: str) -> set[tuple[str, str]]:
    """The subject's shared identifiers, each with a name that the subject's records give."""
    _records(con, subject)
    told = told_of(con)
    con.execute(f"create or replace temp table told as from ({told}) semi join own_records using (source, record_id)")
    systems = [str(row[0]) for row in con.execute("select distinct source from staging.people").fetchall()]
    spell(con, "told", Placeholders(), country, systems)
    rows = con.execute(f"select distinct kind, identity, named from spelled where kind in {SHAREABLE}").fetchall()
    shared = {(_KINDS.get(name, name), value) for name, value in subject.shared}
    return {(f"{kind}+name", named) for kind, identity, named in rows if (kind, identity) in shared and named}
