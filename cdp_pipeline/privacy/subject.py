"""Who is meant by an e-mail address, a phone number, `source:record_id` or a person id.

What belongs here: finding that person in what is published, with all records and identifiers. What
does not: what is then done with them (erasure, access, restriction …).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_pipeline.errors import InputError
from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.project.registry import OF_RECORDS, SHAREABLE, Fact, facts_sql, spell
from cdp_pipeline.run.lake import Run, open_duckdb

_TABLES = (*OF_RECORDS, "orders", "tickets")
_NAMESPACE = {"account": "login_id"}  # as permissions call it


@dataclass(frozen=True)
class Subject:
    """Somebody who asked: the person, every record (source, record_id) and identifier (namespace, value).

    Namespaces are email, phone (E.164), login_id (`system:id`) and device_id; values are in the one
    spelling of project/registry.py. `shared` are those of `identifiers` that somebody else holds as well,
    such as the phone of a household. An address that nobody has is a subject of one identifier.
    """

    person_id: str | None
    records: tuple[tuple[str, str], ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    shared: tuple[tuple[str, str], ...] = ()


def find_subject(at: Run | Path, text: str, country: str = "NL") -> Subject:
    """The subject that `text` names in a run's published snapshot, or in the snapshot folder `at`.

    `country` (ISO alpha-2) is assumed for a phone number without one. Raises InputError when `text` is
    none of the four, names no known record or person, or is shared by several people; the message
    carries person ids only.
    """
    snapshot = at.published if isinstance(at, Run) else at
    if snapshot is None:
        raise InputError("nothing is published yet; run cdp run")
    if isinstance(at, Run):
        country = at.project.settings.country
    with open_staged(snapshot) as con:
        _spell_all(con, country)
        person, asked = _who(con, text.strip(), country)
        return _described(con, person, asked)


def open_staged(snapshot: Path) -> duckdb.DuckDBPyConnection:
    """A connection with views over the published core tables, identity.person_records and device_owners."""
    con = open_duckdb(allowed=[snapshot])
    names = [*(f"staging.{t}" for t in _TABLES), "identity.person_records", "identity.redirects"]
    names += ["identity.device_owners"]
    for name in names:
        layer, _, table = name.partition(".")
        con.execute(f"create schema if not exists {layer}")
        path = snapshot / layer / f"{table}.parquet"
        if not path.exists():
            raise InputError(f"{name} was not published: run cdp run, then ask again")
        con.execute(f"create view {name} as from '{str(path).replace(chr(39), chr(39) * 2)}'")
    return con


def told_of(
    con: duckdb.DuckDBPyConnection, facts: Mapping[str, Sequence[Fact]] = OF_RECORDS, keep: str = "source, record_id"
) -> str:
    """SELECT of the facts in published core tables: `keep`, then the columns of `facts_sql`."""
    parts = []
    for table, own in facts.items():
        columns = [row[0] for row in con.execute(f"describe staging.{table}").fetchall()]
        parts.append(facts_sql(own, f"staging.{table}", lambda c: f"{c}::varchar", keep, columns))
    return " union all ".join(parts)


def _spell_all(con: duckdb.DuckDBPyConnection, country: str) -> None:
    """Table `held`: source, record_id, kind, identity: what every people record is known by."""
    con.execute(f"create temp table told as {told_of(con)}")
    systems = [str(row[0]) for row in con.execute("select distinct source from staging.people").fetchall()]
    spell(con, "told", Placeholders(), country, systems)
    con.execute("create temp table held as select distinct source, record_id, kind, identity from spelled "
                "where identity is not null")  # fmt: skip


def _who(con: duckdb.DuckDBPyConnection, text: str, country: str) -> tuple[str | None, tuple[str, str] | None]:
    """(person id, the identifier that was typed): one of the two is always there."""
    source, _, record_id = text.partition(":")
    sources = {row[0] for row in con.execute("select distinct source from identity.person_records").fetchall()}
    if record_id and source in sources:
        found = con.execute(
            "select person_id from identity.person_records where source = ? and record_id = ?", [source, record_id]
        ).fetchall()
        if not found:
            raise InputError(f"{source} has no record of this id")
        return str(found[0][0]), None
    if re.fullmatch("P[a-z2-7]{26}", text):
        return _living(con, text), None
    kind = "email" if "@" in text else "phone"
    if kind == "phone" and not re.fullmatch(r"[+\d][\d\s()./-]{5,}", text):
        raise InputError("name a person by e-mail address, phone number, source:record_id or person id")
    row = {"kind": [kind], "system": ["asked"], "value": [text]}
    empty = {name: pa.array([None], pa.string()) for name in ("country", "first_name", "last_name")}
    con.register("typed_arrow", pa.table(row | empty))
    con.execute("create or replace temp table typed as from typed_arrow")
    spell(con, "typed", Placeholders(), country, sources)
    keys = [row[0] for row in con.execute("select identity from spelled").fetchall()]
    identity = keys[0] if len(keys) == 1 else None
    if identity is None or str(identity).startswith("?"):
        raise InputError(f"this is no {'e-mail address' if kind == 'email' else 'phone number'}")
    people = con.execute(
        """select distinct person_id from held join identity.person_records using (source, record_id)
           where kind = ? and identity = ? order by 1""",
        [kind, identity],
    ).fetchall()
    if len(people) > 1:
        ids = ", ".join(row[0] for row in people)
        raise InputError(f"{len(people)} people use this {kind}: name one of {ids}")
    return (str(people[0][0]) if people else None), (kind, str(identity))


def _living(con: duckdb.DuckDBPyConnection, person: str) -> str:
    """The person that an id leads to today; InputError for an id that leads to nobody."""
    for _ in range(100):
        if con.execute("select 1 from identity.person_records where person_id = ? limit 1", [person]).fetchall():
            return person
        led = con.execute("select to_person_id from identity.redirects where person_id = ?", [person]).fetchall()
        if not led:
            break
        person = str(led[0][0])
    raise InputError(f"{person}: no such person")


def _described(con: duckdb.DuckDBPyConnection, person: str | None, asked: tuple[str, str] | None) -> Subject:
    if person is None:
        return Subject(None, (), (_as_namespace(*asked),) if asked else ())
    con.execute(f"""create temp table own as
        select distinct kind, identity from held join identity.person_records using (source, record_id)
        where person_id = '{person}' and kind in {SHAREABLE}
        union select 'device_id', device_id from identity.device_owners where person_id = '{person}'""")
    records = con.execute(
        "select source, record_id from identity.person_records where person_id = ? order by all", [person]
    ).fetchall()
    identifiers = con.execute("select kind, identity from own order by all").fetchall()
    shared = con.execute(
        """select distinct kind, identity from own join held using (kind, identity)
           join identity.person_records using (source, record_id) where person_id <> ? order by all""",
        [person],
    ).fetchall()
    return Subject(
        person,
        tuple((str(source), str(record_id)) for source, record_id in records),
        tuple(_as_namespace(*row) for row in identifiers),
        tuple(_as_namespace(*row) for row in shared),
    )


def _as_namespace(kind: str, value: str) -> tuple[str, str]:
    return _NAMESPACE.get(kind, kind), value
