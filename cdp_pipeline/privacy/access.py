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

from cdp_pipeline.privacy.door import Leave
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.run.lake import open_duckdb
from cdp_pipeline.run.manifest import read_manifest

Row = Mapping[str, object]
LAYERS = ("raw", "staging", "quarantine", "identity", "profiles", "segments", "activation")
_SKIPPED = {"identity.pairs", "identity.term_frequencies", "identity.review_queue", "identity.label_sample"}
"""Tables about two people at once, or about values and nobody: not for handing out."""
_ADDRESSED = ("staging.permissions", "profiles.identifier_permissions")
"""Tables about identifiers, whatever record they stand on."""
_NAMESPACES = ("email", "phone", "device_id", "login_id")


@dataclass(frozen=True)
class Held:
    """Rows by table, the raw lines by source, and how many records were left out as only alike."""

    subject: Subject
    records: tuple[tuple[str, str], ...]
    withheld: int
    tables: Mapping[str, Sequence[Row]]
    exports: Sequence[Row] = field(default_factory=tuple)  # each file that named the person, in every kept snapshot


def gather(
    leave: Leave,  # noqa: ARG001  (to show somebody takes leave)
    snapshot: Path,
    subject: Subject,
    asked: str,
    *,
    lookalikes: bool = False,
) -> Held:
    """All rows of a subject in a published snapshot. `asked` is how the subject was named on the command line.

    With `lookalikes` also records that only likeness joins. Tables without a row of the person are left out.
    """
    with open_duckdb(allowed=[snapshot]) as con:
        tables = _open(con, snapshot)
        sure = set(subject.records) if lookalikes else _sure(con, subject, asked, tables)
        records = tuple(record for record in subject.records if record in sure)
        whole = len(records) == len(subject.records)
        _own(con, subject, records, tables, whole=whole)
        found: dict[str, Sequence[Row]] = {}
        for name in tables:
            condition = _condition(con, name)
            if condition and name not in _SKIPPED:
                columns = "* exclude (losing_values)" if name == "profiles.golden_values" and not whole else "*"
                rows = _rows(con, f"select {columns} from {name} t where {condition}")
                found |= {name: rows} if rows else {}
        found |= _raw(con, snapshot, found)
    return Held(
        subject, records, len(subject.records) - len(records), dict(sorted(found.items())), _exports(snapshot, subject)
    )


def _open(con: duckdb.DuckDBPyConnection, snapshot: Path) -> list[str]:
    names = []
    for layer in LAYERS[1:]:
        con.execute(f"create schema if not exists {layer}")
        for path in sorted((snapshot / layer).glob("*.parquet")):
            con.execute(f"create view {layer}.{path.stem} as from {_quoted(path)}")
            names.append(f"{layer}.{path.stem}")
    return names


# ---- whose records ---------------------------------------------------------------------------


def _sure(con: duckdb.DuckDBPyConnection, subject: Subject, asked: str, tables: Sequence[str]) -> set[tuple[str, str]]:
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
    known = {row[2] for row in rows}
    for left, right in stated:
        if left in known and right in known:
            head[top(f"node {left}")] = top(f"node {right}")
    groups: dict[str, set[tuple[str, str]]] = {}
    for source, record_id, *_ in rows:
        groups.setdefault(top(f"record {source}:{record_id}"), set()).add((source, record_id))
    anchors = _anchors(con, subject, asked)
    chosen = [group for group in groups.values() if group & anchors]
    if not chosen:
        chosen = [max(groups.values(), key=lambda group: (len(group), sorted(group)))] if groups else []
    return set().union(*chosen)


def _anchors(con: duckdb.DuckDBPyConnection, subject: Subject, asked: str) -> set[tuple[str, str]]:
    """The record that was typed, or those with the address or number that was typed; none for a person id."""
    source, _, record_id = asked.strip().partition(":")
    if (source, record_id) in subject.records:
        return {(source, record_id)}
    folded = "".join(c for c in asked.lower() if not c.isspace())
    values = [value for _, value in subject.identifiers if value.lower() == folded] or [folded]
    digits = "".join(c for c in asked if c.isdigit()).lstrip("0")
    found = con.execute(
        """select source, record_id from identity.records semi join mine using (source, record_id)
           where email_key in (select unnest($values))
              or (length($digits) >= 8 and right(phone_key, length($digits)) = $digits)""",
        {"values": values, "digits": digits},
    ).fetchall()
    return {(str(a), str(b)) for a, b in found}


# ---- whose rows ------------------------------------------------------------------------------


def _own(
    con: duckdb.DuckDBPyConnection,
    subject: Subject,
    records: Sequence[tuple[str, str]],
    tables: Sequence[str],
    *,
    whole: bool,
) -> None:
    """Tables mine, my_person, my_identifiers, my_orders, my_devices: what a row is recognised by.

    Of a person whose records are not all handed out, tables about the person as a whole stay out.
    """
    _register(con, "mine", records)
    con.register("person_arrow", pa.table({"person_id": pa.array([subject.person_id] if whole else [], pa.string())}))
    con.execute("create or replace temp table my_person as from person_arrow")
    shared = set(subject.shared)
    own = [pair for pair in subject.identifiers if pair not in shared and whole]
    con.register(
        "identifiers_arrow",
        pa.table(
            {
                "namespace": pa.array([n for n, _ in own], pa.string()),
                "value": pa.array([v for _, v in own], pa.string()),
            }
        ),
    )
    con.execute("create or replace temp table my_identifiers as from identifiers_arrow")
    has_orders, has_devices = "staging.orders" in tables, "identity.device_owners" in tables
    orders = "select source, order_id from staging.orders semi join mine using (source, record_id)"
    con.execute(f"create or replace temp table my_orders as {orders if has_orders else _NO_ORDERS}")
    devices = "select source, device_id from identity.device_owners semi join my_person using (person_id)"
    con.execute(f"create or replace temp table my_devices as {devices if has_devices else _NO_DEVICES}")


_NO_ORDERS = "select null::varchar as source, null::varchar as order_id where false"
_NO_DEVICES = "select null::varchar as source, null::varchar as device_id where false"


def _condition(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """SQL that is true for rows of the person in a table, called t; empty for tables about nobody."""
    columns = {row[0] for row in con.execute(f"describe {name}").fetchall()}
    ways = []
    if "person_id" in columns and not name.startswith("activation.receipts"):
        ways.append("t.person_id in (select person_id from my_person)")
    if {"source", "record_id"} <= columns:
        ways.append("(t.source, t.record_id) in (select (source, record_id) from mine)")
    elif {"source", "order_id"} <= columns and name.startswith(("staging.", "quarantine.")):
        ways.append("(t.source, t.order_id) in (select (source, order_id) from my_orders)")
    if {"source", "device_id"} <= columns:
        ways.append("(t.source, t.device_id) in (select (source, device_id) from my_devices)")
    if name in _ADDRESSED and "value_keys" in columns:
        ways.append(
            "exists (select 1 from my_identifiers i where i.namespace = t.namespace and list_contains(t.value_keys, i.value))"
        )
    elif name in _ADDRESSED:
        ways.append("(t.namespace, lower(trim(t.value))) in (select (namespace, lower(value)) from my_identifiers)")
    if name.startswith("quarantine.") and "email" in columns:
        ways.append("lower(trim(t.email)) in (select lower(value) from my_identifiers where namespace = 'email')")
    if name == "quarantine.lines":
        ways.append(
            "exists (select 1 from my_identifiers i where length(i.value) > 5 and contains(lower(t.content), lower(i.value)))"
        )
    return " or ".join(ways)


def _raw(
    con: duckdb.DuckDBPyConnection, snapshot: Path, found: Mapping[str, Sequence[Row]]
) -> dict[str, Sequence[Row]]:
    """The lines of exports that the staged rows come from, as they were delivered."""
    places = sorted(
        {
            (str(row["_file"]), int(str(row["_line"])))
            for name, rows in found.items()
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
            files = "[" + ", ".join(_quoted(part) for part in parts) + "]"
            scan = f"select * from read_parquet({files}, union_by_name = true) semi join my_places using (_file, _line)"
            rows = _rows(con, f"{scan} order by _file, _line")
            raw |= {f"raw.{folder.name}": rows} if rows else {}
    return raw


def _exports(snapshot: Path, subject: Subject) -> list[Row]:
    """Every audience file that named the person, in all snapshots that are kept, oldest first."""
    if subject.person_id is None:
        return []
    found: list[Row] = []
    with open_duckdb(allowed=[snapshot.parent]) as con:
        for folder in sorted(snapshot.parent.glob("[!.]*")):
            as_of = read_manifest(folder).as_of
            for path in sorted((folder / "activation").glob("*.parquet")):
                columns = {row[0] for row in con.execute(f"describe from {_quoted(path)}").fetchall()}
                if {"person_id", "is_written", "file_sha256"} <= columns:
                    rows = con.execute(
                        f"select audience, file_sha256 from {_quoted(path)} where person_id = ? and is_written order by 1",
                        [subject.person_id],
                    ).fetchall()
                    found += [
                        {"as_of": as_of, "destination": path.stem, "audience": audience, "file_sha256": digest}
                        for audience, digest in rows
                    ]
    return found


def _register(con: duckdb.DuckDBPyConnection, table: str, records: Iterable[tuple[str, str]]) -> None:
    listed = list(records)
    con.register(
        f"{table}_arrow",
        pa.table(
            {
                "source": pa.array([s for s, _ in listed], pa.string()),
                "record_id": pa.array([r for _, r in listed], pa.string()),
            }
        ),
    )
    con.execute(f"create or replace temp table {table} as from {table}_arrow")


def _rows(con: duckdb.DuckDBPyConnection, select: str) -> list[Row]:
    result = con.execute(select)
    names = [column[0] for column in result.description or ()]
    return sorted((dict(zip(names, row, strict=True)) for row in result.fetchall()), key=repr)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
