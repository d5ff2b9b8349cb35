"""Everything that is held on one person, gathered from all layers (GDPR Art. 15 and 20).

What belongs here: finding the rows. What does not: files made of them (access_files.py), and who is
meant (subject.py).

Records that hang on the others by likeness alone are left out by default: to hand somebody a record that
only looks like theirs would be a leak. Sure is what shares an e-mail address, phone number or account
with the record that was asked from, or what a source, a steward or equal content joined to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.privacy.door import Leave
from cdp_pipeline.privacy.identities import facts_sql, spell
from cdp_pipeline.privacy.subject import Marks, Subject, marks_of
from cdp_pipeline.privacy.texts import find_written
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.registry import facts_of, kind_sql
from cdp_pipeline.run.lake import open_duckdb
from cdp_pipeline.run.manifest import read_manifest

Row = Mapping[str, object]
_SKIPPED = {"identity.pairs", "identity.term_frequencies", "identity.review_queue", "identity.label_sample"}
"""Tables about two people at once, or about values and nobody: not for handing out."""
_RECORDS = pa.schema([("source", pa.string()), ("record_id", pa.string())])


@dataclass(frozen=True)
class Held:
    """Rows by table, the raw lines by source, and how many records were left out as only alike."""

    subject: Subject
    records: tuple[tuple[str, str], ...]
    left_out: int
    tables: Mapping[str, Sequence[Row]]
    exports: Sequence[Row] = field(default_factory=tuple)  # each file that named the person, in every kept snapshot


def gather(
    leave: Leave,  # noqa: ARG001  (to show somebody takes leave)
    snapshot: Path,
    subject: Subject,
    query: str,
    project: Project,
    *,
    lookalikes: bool = False,
) -> Held:
    """All rows of a subject in a published snapshot. `query` is how the subject was named on the command line.

    With `lookalikes` also records that only likeness joins. Tables without a row of the person are left out. What an
    erasure would take out of the core tables is what is handed out of them: both go by `marks_of`.
    """
    with open_duckdb(allowed=[snapshot]) as con:
        tables = _open(con, snapshot)
        sure = set(subject.records) if lookalikes else _sure(con, subject, query, tables)
        records = tuple(record for record in subject.records if record in sure)
        whole = len(records) == len(subject.records)
        certain = subject if whole else Subject(None, records)
        _own(con, certain, marks_of(snapshot, certain, project), tables)
        tables_held: dict[str, Sequence[Row]] = {}
        for name in tables:
            layer, _, table = name.partition(".")
            if layer in ("staging", "quarantine") and table in project.contracts:
                rows = _named(con, name, project)
            elif name == "quarantine.lines":
                rows = _written(con, name, project)
            else:
                rows = [] if name in _SKIPPED else _personal(con, name, whole=whole)
            tables_held |= {name: rows} if rows else {}
        tables_held |= _raw(con, snapshot, tables_held)
    layers = {layer: at for at, layer in enumerate(project.layers)}
    ordered = sorted(
        tables_held.items(), key=lambda table: (layers.get(table[0].partition(".")[0], len(layers)), table[0])
    )
    return Held(subject, records, len(subject.records) - len(records), dict(ordered), _exports(snapshot, subject))


def _open(con: duckdb.DuckDBPyConnection, snapshot: Path) -> list[str]:
    """Views over all published tables but those of raw; returns their names."""
    names = []
    for path in sorted(snapshot.glob("[!.]*/*.parquet")):
        layer = path.parent.name
        if layer != "raw":
            con.execute(f"create schema if not exists {layer}")
            con.execute(f"create view {layer}.{path.stem} as from {literal(path)}")
            names.append(f"{layer}.{path.stem}")
    return names


# ---- whose records ---------------------------------------------------------------------------


def _sure(con: duckdb.DuckDBPyConnection, subject: Subject, query: str, tables: Sequence[str]) -> set[tuple[str, str]]:
    """Records that more than likeness joins to the one that was asked from, else to the largest such group."""
    if len(subject.records) < 2 or "identity.records" not in tables:
        return set(subject.records)
    _register(con, "mine", subject.records)
    rows = con.execute(
        """select source, record_id, node_key::varchar, email_key, phone_key, login_id from identity.records
           semi join mine using (source, record_id) order by 1, 2"""
    ).fetchall()
    head: dict[str, str] = {}

    def top(node: str) -> str:
        while head.setdefault(node, node) != node:
            node = head[node]
        return node

    for source, record_id, node, email, phone, login in rows:
        marks = [
            f"node {node}",
            *(f"{kind} {value}" for kind, value in (("e", email), ("p", phone), ("l", login)) if value),
        ]
        for mark in marks:
            head[top(mark)] = top(f"record {source}:{record_id}")
    stated = con.execute(
        """select node_key_l::varchar, node_key_r::varchar from identity.pairs
           where is_kept and provenance <> 'model'"""
    ).fetchall()
    nodes = {row[2] for row in rows}
    for left, right in stated:
        if left in nodes and right in nodes:
            head[top(f"node {left}")] = top(f"node {right}")
    groups: dict[str, set[tuple[str, str]]] = {}
    for source, record_id, *_ in rows:
        groups.setdefault(top(f"record {source}:{record_id}"), set()).add((source, record_id))
    anchors = _anchors(con, subject, query)
    groups_asked = [group for group in groups.values() if group & anchors]
    if not groups_asked:
        groups_asked = [max(groups.values(), key=lambda group: (len(group), sorted(group)))] if groups else []
    return set().union(*groups_asked)


def _anchors(con: duckdb.DuckDBPyConnection, subject: Subject, query: str) -> set[tuple[str, str]]:
    """The record that was typed, or those with the address or number that was typed; none for a person id."""
    source, _, record_id = query.strip().partition(":")
    if (source, record_id) in subject.records:
        return {(source, record_id)}
    folded = "".join(c for c in query.lower() if not c.isspace())
    values = [value for _, value in subject.identifiers if value.lower() == folded] or [folded]
    digits = "".join(c for c in query if c.isdigit()).lstrip("0")
    rows = con.execute(
        """select source, record_id from identity.records semi join mine using (source, record_id)
           where email_key in (select unnest($values))
              or (length($digits) >= 8 and right(phone_key, length($digits)) = $digits)""",
        {"values": values, "digits": digits},
    ).fetchall()
    return {(str(a), str(b)) for a, b in rows}


# ---- whose rows ------------------------------------------------------------------------------


def _own(con: duckdb.DuckDBPyConnection, subject: Subject, marks: Marks, tables: Sequence[str]) -> None:
    """Tables mine, my_person, my_devices and my_marks: what a row is recognised by.

    Of a person whose records are not all handed out, tables about the person as a whole stay out.
    """
    _register(con, "mine", subject.records)
    people = [subject.person_id] if subject.person_id else []
    con.register("person_arrow", pa.table({"person_id": pa.array(people, pa.string())}))
    con.execute("create temp table my_person as from person_arrow")
    kinds, values = [kind for kind, _ in sorted(marks)], [value for _, value in sorted(marks)]
    con.register(
        "marks_arrow", pa.table({"kind": pa.array(kinds, pa.string()), "value": pa.array(values, pa.string())})
    )
    con.execute("create temp table my_marks as from marks_arrow")
    devices = "select source, device_id from identity.device_owners semi join my_person using (person_id)"
    has_devices = "identity.device_owners" in tables
    con.execute(f"create temp table my_devices as {devices if has_devices else _NO_DEVICES}")


_NO_DEVICES = "select null::varchar as source, null::varchar as device_id where false"


def _named(con: duckdb.DuckDBPyConnection, name: str, project: Project) -> list[Row]:
    """Rows of a core table, or of those kept out of it, that name the person as its contract says."""
    columns = [row[0] for row in con.execute(f"describe {name}").fetchall()]
    facts = [f for f in facts_of(name.partition(".")[2], project.contracts) if set(f.columns) <= set(columns)]
    if not facts:
        return []
    con.execute(f"create or replace temp table numbered as select *, row_number() over () as _number from {name}")
    return _marked(con, facts_sql(facts, "numbered", lambda c: f"{c}::varchar", "_number", columns), project)


def _written(con: duckdb.DuckDBPyConnection, name: str, project: Project) -> list[Row]:
    """Lines that nobody could read, by the addresses and numbers written in them."""
    con.execute(f"create or replace temp table numbered as select *, row_number() over () as _number from {name}")
    find_written(con, "(select _number as number, content as text from numbered)", project.settings.country)
    nobody = "null::varchar as country, null::varchar as first_name, null::varchar as last_name"
    return _marked(con, f"select number as _number, kind, '' as system, value, {nobody} from written", project)


def _marked(con: duckdb.DuckDBPyConnection, facts: str, project: Project) -> list[Row]:
    """The rows of table `numbered` of which one of the facts is a mark of the person."""
    con.execute(f"create or replace temp table told as {facts}")
    systems = [str(row[0]) for row in con.execute("select distinct source from staging.people").fetchall()]
    spell(con, "told", Placeholders(), project.settings.country, systems, project.words)
    return _rows(
        con,
        """select * exclude (_number) from numbered where _number in (
               select s._number from spelled s
               join my_marks m on m.kind = s.kind and m.value = s.identity
               union all
               select s._number from spelled s
               join my_marks m on m.kind = s.kind || '+name' and m.value = s.named)""",
    )


def _personal(con: duckdb.DuckDBPyConnection, name: str, *, whole: bool) -> list[Row]:
    """Rows of the person in a table that is made of core tables; none of tables about nobody."""
    columns = {row[0] for row in con.execute(f"describe {name}").fetchall()}
    ways = []
    if "person_id" in columns and not name.startswith("activation.receipts"):
        ways.append("t.person_id in (select person_id from my_person)")
    if {"source", "record_id"} <= columns:
        ways.append("(t.source, t.record_id) in (select (source, record_id) from mine)")
    if {"source", "device_id"} <= columns:
        ways.append("(t.source, t.device_id) in (select (source, device_id) from my_devices)")
    if {"namespace", "value"} <= columns:
        ways.append(f"({kind_sql('t.namespace')}, lower(trim(t.value))) in (select (kind, lower(value)) from my_marks)")
    columns_shown = "* exclude (losing_values)" if name == "profiles.golden_values" and not whole else "*"
    return _rows(con, f"select {columns_shown} from {name} t where {' or '.join(ways)}") if ways else []


def _raw(
    con: duckdb.DuckDBPyConnection, snapshot: Path, tables: Mapping[str, Sequence[Row]]
) -> dict[str, Sequence[Row]]:
    """The lines of exports that the staged rows come from, as they were delivered."""
    places = sorted(
        {
            (str(row["_file"]), int(str(row["_line"])))
            for name, rows in tables.items()
            if name.startswith("staging.")
            for row in rows
            if row.get("_file") and row.get("_line")
        }
    )
    if not places:
        return {}
    con.register(
        "places_arrow",
        pa.table({"_file": pa.array([p[0] for p in places]), "_line": pa.array([p[1] for p in places], pa.int64())}),
    )
    con.execute("create or replace temp table my_places as from places_arrow")
    raw: dict[str, Sequence[Row]] = {}
    for folder in sorted(path for path in (snapshot / "raw").iterdir() if path.is_dir()):
        parts = sorted(p for p in folder.glob("*.parquet") if not p.name.endswith(".rejects.parquet"))
        if parts:
            files = "[" + ", ".join(literal(part) for part in parts) + "]"
            scan = f"select * from read_parquet({files}, union_by_name = true) semi join my_places using (_file, _line)"
            rows = _rows(con, f"{scan} order by _file, _line")
            raw |= {f"raw.{folder.name}": rows} if rows else {}
    return raw


def _exports(snapshot: Path, subject: Subject) -> list[Row]:
    """Every audience file that named the person, in all snapshots that are kept, oldest first."""
    if subject.person_id is None:
        return []
    exports: list[Row] = []
    with open_duckdb(allowed=[snapshot.parent]) as con:
        for folder in sorted(snapshot.parent.glob("[!.]*")):
            as_of = read_manifest(folder).as_of
            for path in sorted((folder / "activation").glob("*.parquet")):
                columns = {row[0] for row in con.execute(f"describe from {literal(path)}").fetchall()}
                if {"person_id", "is_written", "file_sha256"} <= columns:
                    rows = con.execute(
                        f"select audience, file_sha256 from {literal(path)} where person_id = ? and is_written order by 1",
                        [subject.person_id],
                    ).fetchall()
                    exports += [
                        {"as_of": as_of, "destination": path.stem, "audience": audience, "file_sha256": digest}
                        for audience, digest in rows
                    ]
    return exports


def _register(con: duckdb.DuckDBPyConnection, table: str, records: Iterable[tuple[str, str]]) -> None:
    rows = [{"source": source, "record_id": record_id} for source, record_id in records]
    con.register(f"{table}_arrow", pa.Table.from_pylist(rows, schema=_RECORDS))
    con.execute(f"create or replace temp table {table} as from {table}_arrow")


def _rows(con: duckdb.DuckDBPyConnection, select: str) -> list[Row]:
    result = con.execute(select)
    names = [column[0] for column in result.description or ()]
    return sorted((dict(zip(names, row, strict=True)) for row in result.fetchall()), key=repr)
