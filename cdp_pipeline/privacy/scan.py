"""Which lines of which exports are about somebody who was erased.

What belongs here: laying the mapped rows of every source beside the tombstones. What does not: taking
lines out (scrub.py).

A line goes when any row that a mapping makes of it carries an identifier with a tombstone. What such
a line defines (its record, account, order, ticket) gets a tombstone too, for other lines refer to it;
its other addresses do not, for they may be somebody else's, unless they are earlier ones of a record
of the erased (previous_identifiers.py). What is found by a hash of an earlier secret key is
hashed with the present one too. Lines that no mapping uses by themselves,
such as refunds and ticket histories that `prepare` joins, go by columns named after what they refer to.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from cdp_pipeline.identity.matching import load_matching
from cdp_pipeline.ledgers.corrections import read_corrections
from cdp_pipeline.ledgers.tombstones import hashed_sql
from cdp_pipeline.privacy.holdings import add_dead
from cdp_pipeline.privacy.identities import columns_of, facts_sql, spell
from cdp_pipeline.privacy.previous_identifiers import add_as_delivered, records_of_erased
from cdp_pipeline.privacy.texts import find_written
from cdp_pipeline.project.quoting import quoted
from cdp_pipeline.project.registry import SHAREABLE, Contracts, defines, facts_of
from cdp_pipeline.run.lake import Run
from cdp_pipeline.staging.mapping import candidates, open_source

_TOLD = """source_name varchar, table_name varchar, _file varchar, _line bigint, is_mapped boolean, kind varchar,
system varchar, value varchar, country varchar, first_name varchar, last_name varchar"""


def scan(
    run: Run, con: duckdb.DuckDBPyConnection, names: Sequence[str], tombstones: pa.Table, secrets: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Find the lines of the sources `names` that tombstones are about; returns new tombstones.

    Makes the tables `gone` (source_name, _file, _line, request_id; a line once), `dead` (kind, key,
    request_id) and `found` (every identifier of every line). A new tombstone is (kind, key, request_id),
    hashed with the first of `secrets`, which are those of all tombstones.
    """
    con.execute(f"create or replace temp table told ({_TOLD})")
    for name in names:
        _tell(run, con, name)
    matching = load_matching(run.project.folder / "3_identity")
    spell(con, "told", matching.placeholders, run.project.settings.country, systems_of(run), run.project.words)
    add_dead(con, tombstones)
    _hash(con, secrets)
    new = _close(con, run.project.contracts)
    corrected = [(correction.source, correction.record_id) for correction in read_corrections(run.data)]
    before = add_as_delivered(con, [*corrected, *records_of_erased(con, run.published, secrets)])
    if before:
        new += before + _close(con, run.project.contracts)
    for name in names:
        _unused_lines(run, con, name, secrets)
    return new


def systems_of(run: Run) -> list[str]:
    """The systems that issue accounts: those with people."""
    return sorted({run.project.system(name) for name, source in run.project.sources.items() if "people" in source.into})


def _tell(run: Run, con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Add what the mapped rows of a source say about whose they are to `told`."""
    source, system = run.project.sources[name], run.project.system(name)
    if not open_source(run, con, name, source):
        return
    for table, mappings in source.into.items():
        contract = run.project.contracts[table]
        facts = facts_of(table, run.project.contracts)
        if not facts:
            continue  # about nobody: without a personal column, else the project is refused
        columns_read = columns_of(table, run.project.contracts)
        columns = ", ".join(f"{column}__text" for column in columns_read)
        for ordinal, mapping in enumerate(mappings):
            select = candidates(name, system, source, mapping, ordinal, contract)
            con.execute(
                f"create or replace temp table rows_told as select _file, _line, _outcome, {columns} from ({select})"
            )
            keep = (
                f"'{name}' as source_name, '{table}' as table_name, _file, _line, _outcome <> 'not_mapped' as is_mapped"
            )
            con.execute(f"insert into told {facts_sql(facts, 'rows_told', _text, keep, columns_read)}")
            con.execute("drop table rows_told")


def _text(column: str) -> str:
    return f"{column}__text"


def _hash(con: duckdb.DuckDBPyConnection, secrets: Sequence[str]) -> None:
    """Table `found` from `spelled`: a row an identifier and secret; a row's own spelling stays beside its hash."""
    selects = [
        f"""select source_name, table_name, _file, _line, is_mapped, kind, identity, {at} as secret,
            {hashed_sql(secret, "kind", "identity")} as key,
            {hashed_sql(secret, "kind || '+name'", "named")} as named_key
            from spelled where identity is not null"""
        for at, secret in enumerate(secrets)
    ]
    con.execute(f"create or replace temp table found as {' union all '.join(selects)}")


def _close(con: duckdb.DuckDBPyConnection, contracts: Contracts) -> list[tuple[str, str, str]]:
    """`gone` and `dead` until nothing is added; returns what was added to `dead`."""
    tombstones: list[tuple[str, str, str]] = []
    things = {table: defines(table, contracts) for table in contracts}
    each = [f"(f.table_name = '{table}' and f.kind in {(*kinds, '')})" for table, kinds in things.items() if kinds]
    defined = " or ".join(each) or "false"
    while True:
        con.execute(f"""create or replace temp table gone as
            select source_name, _file, _line, min(request_id) as request_id from (
                select f.source_name, f._file, f._line, d.request_id from found f
                join dead d on d.kind = f.kind and d.key = f.key
                where f.is_mapped or f.kind in {tuple(k for k in SHAREABLE if k != "account")}
                union all
                select f.source_name, f._file, f._line, d.request_id from found f
                join dead d on d.kind = f.kind || '+name' and d.key = f.named_key)
            group by all""")
        new = con.execute(f"""
            select f.kind, f.key, min(g.request_id) from found f join gone g using (source_name, _file, _line)
            where f.secret = 0 and f.is_mapped and ({defined})
              and not exists (from dead d where d.kind = f.kind and d.key = f.key)
            group by all
            union
            select f.kind, f.key, min(d.request_id) from found f
            join found earlier using (source_name, table_name, _file, _line, kind, identity)
            join dead d on d.kind = f.kind and d.key = earlier.key
            where f.secret = 0 and earlier.secret > 0
              and not exists (from dead d where d.kind = f.kind and d.key = f.key)
            group by all
            order by all""").fetchall()
        if not new:
            return tombstones
        con.executemany("insert into dead values (?, ?, ?)", new)
        tombstones += [(str(kind), str(key), str(request)) for kind, key, request in new]


def _unused_lines(run: Run, con: duckdb.DuckDBPyConnection, name: str, secrets: Sequence[str]) -> None:
    """Add lines to `gone` that no mapping uses, but that refer to an erased record, order or ticket."""
    if not open_source(run, con, name, run.project.sources[name]):
        return
    system = run.project.system(name)
    conditions = []
    for column in (row[0] for row in con.execute("describe file").fetchall()):
        kind = _refers_to(column)
        if kind:
            value = f"'{system}:' || trim({quoted(column)})"
            keys = ", ".join(hashed_sql(secret, f"'{kind}'", value) for secret in secrets)
            conditions.append(f"exists (from dead d where d.kind = '{kind}' and d.key in ({keys}))")
    if conditions:
        con.execute(f"""insert into gone
            select '{name}', _file, _line, '' from file
            anti join (select _file, _line from found where source_name = '{name}' and is_mapped) used using (_file, _line)
            anti join (select _file, _line from gone where source_name = '{name}') known using (_file, _line)
            where {" or ".join(conditions)}""")


def _refers_to(column: str) -> str | None:
    """What the name of an export's column says that it refers to."""
    name = column.casefold().replace(" ", "_")
    if name.startswith("_") or not name.endswith(("id", "vid", "number", "key")):
        return None
    if "ticket" in name:
        return "ticket_id"
    if "order" in name:
        return "order_id"
    words = ("customer", "contact", "user", "requester", "member", "subscriber", "profile", "person", "lead", "vid")
    return "record_id" if any(word in name for word in words) else None


def mentions(run: Run, con: duckdb.DuckDBPyConnection, texts: str, secrets: Sequence[str]) -> dict[str, str]:
    """Addresses and numbers with a tombstone inside the texts of relation `texts` (number, text).

    Returns as written -> kind (email or phone).
    """
    find_written(con, texts, run.project.settings.country)
    con.execute("""create or replace temp table told_written as
        select *, '' as system, null::varchar as country, null::varchar as first_name, null::varchar as last_name
        from written""")
    matching = load_matching(run.project.folder / "3_identity")
    spell(con, "told_written", matching.placeholders, run.project.settings.country, systems_of(run), run.project.words)
    keys = ", ".join(hashed_sql(secret, "s.kind", "s.identity") for secret in secrets)
    rows = con.execute(f"""select distinct s.as_written, s.kind from spelled s
        join dead d on d.kind = s.kind and d.key in ({keys}) order by all""").fetchall()
    return {str(as_written): str(kind) for as_written, kind in rows}
