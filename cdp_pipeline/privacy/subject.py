"""Who is meant by an e-mail address, a phone number, `source:record_id` or a person id.

What belongs here: finding that person in what is published, with all records and identifiers, and the marks by which
rows are recognised as theirs. What does not: what is then done with them (erasure, access, restriction …).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_pipeline.errors import InputError
from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.ledgers.tombstones import hashed, secret
from cdp_pipeline.privacy.identities import facts_sql, spell
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.registry import (
    KIND_OF_NAMESPACE,
    RECORD,
    SHAREABLE,
    Contracts,
    Fact,
    known_by,
    record_column,
    thing_of,
)
from cdp_pipeline.run.lake import fingerprint, open_duckdb

_NAMESPACE = {"account": "login_id"}  # as permissions call it
Marks = set[tuple[str, str]]
"""(kind, value) by which a row is somebody's: kinds of project/registry.py, `email+name` …, and person_id."""


@dataclass(frozen=True)
class Subject:
    """Somebody who asked: the person, every record (source, record_id) and identifier (namespace, value).

    Namespaces are email, phone (E.164), login_id (`system:id`) and device_id; values are in the one
    spelling of identities.py. `shared` are those of `identifiers` that somebody else holds as well,
    such as the phone of a household. An address that nobody has is a subject of one identifier.
    """

    person_id: str | None
    records: tuple[tuple[str, str], ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    shared: tuple[tuple[str, str], ...] = ()


def find_subject(snapshot: Path, text: str, project: Project) -> Subject:
    """The subject that `text` names in a published snapshot.

    The country of the project is assumed for a phone number without one. Raises InputError when `text` is
    none of the four, names no known record or person, or is shared by several people; the message
    carries person ids only.
    """
    with open_staged(snapshot, project.contracts) as con:
        _spell_all(con, project)
        person, identifier = _who(con, text.strip(), project.settings.country)
        return _described(con, person, identifier)


def open_staged(snapshot: Path, contracts: Contracts) -> duckdb.DuckDBPyConnection:
    """A connection with views over the core tables that tell whose records and things are whose, and over identity's."""
    con = open_duckdb(allowed=[snapshot])
    tables = [table for table in contracts if table in known_by(contracts) or thing_of(table, contracts)]
    names = [*(f"staging.{t}" for t in tables), "identity.person_records", "identity.redirects"]
    names += ["identity.device_owners"]
    for name in names:
        layer, _, table = name.partition(".")
        con.execute(f"create schema if not exists {layer}")
        path = snapshot / layer / f"{table}.parquet"
        if not path.exists():
            raise InputError(f"{name} was not published: run cdp run, then ask again")
        con.execute(f"create view {name} as from {literal(path)}")
    return con


def told_of(
    con: duckdb.DuckDBPyConnection, facts: Mapping[str, Sequence[Fact]], keep: str = "source, record_id"
) -> str:
    """SELECT of the facts in published core tables: `keep`, then the columns of `facts_sql`."""
    parts = []
    for table, own in facts.items():
        columns = [row[0] for row in con.execute(f"describe staging.{table}").fetchall()]
        there = [fact for fact in own if set(fact.columns) <= set(columns)]  # an older snapshot may lack some
        parts.append(facts_sql(there, f"staging.{table}", lambda c: f"{c}::varchar", keep, columns))
    return " union all ".join(parts)


def _spell_all(con: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Table `held`: source, record_id, kind, identity: what every people record is known by."""
    con.execute(f"create temp table told as {told_of(con, known_by(project.contracts))}")
    systems = [str(row[0]) for row in con.execute("select distinct source from staging.people").fetchall()]
    spell(con, "told", Placeholders(), project.settings.country, systems)
    con.execute("create temp table held as select distinct source, record_id, kind, identity from spelled "
                "where identity is not null")  # fmt: skip


def _who(con: duckdb.DuckDBPyConnection, text: str, country: str) -> tuple[str | None, tuple[str, str] | None]:
    """(person id, the identifier that was typed): one of the two is always there."""
    source, _, record_id = text.partition(":")
    sources = {row[0] for row in con.execute("select distinct source from identity.person_records").fetchall()}
    if record_id and source in sources:
        persons = con.execute(
            "select person_id from identity.person_records where source = ? and record_id = ?", [source, record_id]
        ).fetchall()
        if not persons:
            raise InputError(f"{source} has no record of this id")
        return str(persons[0][0]), None
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


def _described(con: duckdb.DuckDBPyConnection, person: str | None, identifier: tuple[str, str] | None) -> Subject:
    if person is None:
        return Subject(None, (), (_as_namespace(*identifier),) if identifier else ())
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


# ---- marks -----------------------------------------------------------------------------------


def marks_of(snapshot: Path, subject: Subject, project: Project) -> Marks:
    """By what rows are the subject's: the person, the records, the identifiers, the orders, tickets and other things.

    An identifier that somebody else holds as well counts only together with the subject's name.
    """
    shared = set(subject.shared)
    certain = {pair for pair in subject.identifiers if pair not in shared and not pair[1].startswith("?")}
    marks = {(KIND_OF_NAMESPACE[name], value) for name, value in certain}
    marks |= {(RECORD, f"{source}:{record_id}") for source, record_id in subject.records}
    if subject.person_id:
        marks.add(("person_id", subject.person_id))
    if subject.records:
        with open_staged(snapshot, project.contracts) as con:
            sources, record_ids = zip(*subject.records, strict=True)
            con.register("own_arrow", pa.table({"source": list(sources), "record_id": list(record_ids)}))
            con.execute("create temp table own_records as from own_arrow")
            marks |= _things(con, project.contracts)
            if shared:
                marks |= _named(con, subject, project)
    return marks


def tombstones_of(
    snapshot: Path, subject: Subject, key: bytes, since: date, request_id: str, project: Project
) -> list[dict[str, object]]:
    """The marks of a subject as rows of ledgers/tombstones.py: keyed hashes."""
    with_secret = secret(key)
    return [
        {
            "kind": kind,
            "key": hashed(with_secret, kind, value),
            "since": since,
            "request_id": request_id,
            "made_with": fingerprint(key),
        }
        for kind, value in sorted(marks_of(snapshot, subject, project))
    ]


def _things(con: duckdb.DuckDBPyConnection, contracts: Contracts) -> Marks:
    """Orders, tickets and what else is of the records; an order number that two systems use is no mark of an event."""
    selects = []
    for table in contracts:
        thing, record = thing_of(table, contracts), record_column(table, contracts)
        if thing in ("", RECORD) or not record:
            continue
        key = next(column for column in contracts[table].grain if column != "source")
        own = f"select source, {key} as key from staging.{table} where (source, {record}) in (from own_records)"
        selects.append(f"select '{thing}', source || ':' || trim(key) from ({own})")
        if thing == "order_id":
            by_two = f"select {key} from staging.{table} group by 1 having count(distinct source) > 1"
            selects.append(f"select 'event_order', trim(key) from ({own}) where key not in ({by_two})")
    rows = con.execute(" union all ".join(selects)).fetchall() if selects else []
    return {(str(kind), str(value)) for kind, value in rows}


def _named(con: duckdb.DuckDBPyConnection, subject: Subject, project: Project) -> Marks:
    """The subject's shared identifiers, each with a name that the subject's records give."""
    facts = told_of(con, known_by(project.contracts))
    con.execute(f"create temp table told as from ({facts}) semi join own_records using (source, record_id)")
    systems = [str(row[0]) for row in con.execute("select distinct source from staging.people").fetchall()]
    spell(con, "told", Placeholders(), project.settings.country, systems)
    rows = con.execute(f"select distinct kind, identity, named from spelled where kind in {SHAREABLE}").fetchall()
    shared = {(KIND_OF_NAMESPACE[name], value) for name, value in subject.shared}
    return {
        (f"{kind}+name", with_name) for kind, identity, with_name in rows if (kind, identity) in shared and with_name
    }
