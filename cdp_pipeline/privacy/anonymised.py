"""What stays of the erased: orders without anybody, and stops on addresses that others use too.

What belongs here: the tables raw.erased_orders, raw.erased_order_lines and raw.erased_permissions. What does
not: whose rows are meant (scan.py). Staging adds them to its own as if they were one more export.

Of an order amounts, days and products stay. Ids become keyed hashes, so that an order delivered again replaces
what is kept of it; the contracts say which other columns stay (exemptions.py), today and for what was kept before. Only rows
that staging would have used are kept. Of permissions a stop stays that was recorded on an erased record, but for an
address or number that somebody else uses too: without it a withdrawal would end with the record that holds it. Which
rows are stops is what the contract of permissions says under `rows_kept_when_erased`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from cdp_pipeline.ledgers.tombstones import hashed_sql
from cdp_pipeline.privacy.exemptions import STOPS, is_written, kept_values, stays
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.registry import Contracts, facts_of, kind_sql, outlasting
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.run.lake import Run
from cdp_pipeline.staging.mapping import candidates, day_of, open_source
from cdp_pipeline.staging.mend import is_emptied
from cdp_pipeline.staging.parsing import TYPES

_KIND = kind_sql("namespace")


def columns_sql(contract: Contract) -> str:
    """Columns of raw.erased_<table>, for a table without rows: those of the contract, then `_delivered_at`."""
    return ", ".join([*(f"{c} {TYPES[spec.type]}" for c, spec in contract.columns.items()), "_delivered_at timestamp"])


def add_kept(con: duckdb.DuckDBPyConnection, table: str, contract: Contract, rows: str, names: Collection[str]) -> None:
    """Add to `erased_<table>` what an earlier night kept: `rows` with the columns `names`, as contracts let them stay."""
    columns = [
        column if stays(contract, column) else f"null::{TYPES[spec.type]} as {column}"
        for column, spec in contract.columns.items() if column in names
    ]  # fmt: skip
    columns += ["_delivered_at"] if "_delivered_at" in names else []
    con.execute(f"insert into erased_{table} by name select {', '.join(columns)} from {rows}")


def keep_anonymous(run: Run, con: duckdb.DuckDBPyConnection, names: Sequence[str], secrets: Sequence[str]) -> None:
    """Add what stays of the rows in `gone` of the sources `names` to the tables `erased_<table>` of `con`."""
    for table, contract in outlasting(run.project.contracts).items():
        con.execute(f"create or replace temp table fresh_{table} ({columns_sql(contract)})")
        for name in names:
            source = run.project.sources[name]
            if table not in source.into or not open_source(run, con, name, source):
                continue
            system = run.project.system(name)
            for ordinal, mapping in enumerate(source.into[table]):
                select = candidates(name, system, source, mapping, ordinal, contract, run.as_of)
                remainder = (
                    _stops(_as_judged(run, select, contract), name, table, contract)
                    if contract.when_erased == STOPS
                    else _anonymous(select, table, run.project.contracts, secrets)
                )
                con.execute(f"insert into fresh_{table} by name {remainder}")
        _newest(con, table, contract)
        if contract.when_erased == STOPS:  # who uses the address may be erased later
            column = next(column for column in contract.columns if is_written(contract, column))
            keys = ", ".join(hashed_sql(secret, _KIND, column) for secret in secrets)
            con.execute(f"""delete from erased_{table}
                where exists (from dead d where d.kind = {_KIND} and d.key in ({keys}))""")


def _anonymous(select: str, table: str, contracts: Contracts, secrets: Sequence[str]) -> str:
    """SELECT of the rows of an erased order, or another thing that the grain names, without anybody."""
    contract = contracts[table]
    thing = next(fact for fact in facts_of(table, contracts) if fact.column in contract.grain)
    identity = f"{thing.system}__text || ':' || trim({thing.column}__text)"
    keys = ", ".join(hashed_sql(secret, f"'{thing.kind}'", identity) for secret in secrets)
    columns = []
    for column, spec in contract.columns.items():
        if is_written(contract, column):
            kind = thing.kind if column == thing.column else "line"
            value = identity if column == thing.column else f"{identity} || ':' || {column}__text"
            columns.append(f"{_lasting(table, column, kind, value, secrets)} as {column}")
        else:
            columns.append(column if stays(contract, column) else f"null::{TYPES[spec.type]} as {column}")
    return (
        f"select {', '.join(columns)}, _delivered_at from ({select}) "
        f"where _outcome = 'mapped' and {_usable(contract)} "
        f"and exists (from dead d where d.kind = '{thing.kind}' and d.key in ({keys}))"
    )


def _stops(select: str, name: str, table: str, contract: Contract) -> str:
    """SELECT of the stops on lines that go, for identifiers that stay; `value` in its one spelling."""
    columns = [
        f"f.identity as {column}" if is_written(contract, column) else f"c.{column}"
        if stays(contract, column) else f"null::{TYPES[spec.type]} as {column}"
        for column, spec in contract.columns.items()
    ]  # fmt: skip
    stop, values = kept_values(contract)
    line = f"source_name = '{name}' and _file = c._file and _line = c._line"
    return f"""select distinct {", ".join(columns)}, c._delivered_at
        from (select *, {_KIND} as spoken from ({select})) c
        join (select distinct source_name, _file, _line, kind, identity from found
              where table_name = '{table}' and secret = 0) f
          on f.source_name = '{name}' and f._file = c._file and f._line = c._line and f.kind = c.spoken
        where c._outcome = 'mapped' and c.{stop} in ({", ".join(map(literal, values))}) and {_usable(contract)}
          and exists (from gone where {line})
          and not exists (from found x join dead d on d.kind = x.kind and d.key = x.key
                          where x.source_name = '{name}' and x._file = c._file and x._line = c._line
                            and x.table_name = '{table}' and x.kind = c.spoken)"""


def _as_judged(run: Run, select: str, contract: Contract) -> str:
    """The candidate rows with the values of `when_broken` where staging puts them: what is not plainly a grant denies."""
    if not contract.when_broken:
        return select
    conditions = []
    for column in contract.when_broken:
        spec = contract.columns[column]
        conditions.append(f"{column} is null")
        if isinstance(spec.is_in, tuple):
            conditions.append(f"{column} not in ({', '.join(map(literal, spec.is_in))})")
        if spec.max == "as_of":
            conditions.append(f"{day_of(column, spec.type, run.project.settings.zone)} > as_of")
    values = [f"if(is_broken, {value}, {column}) as {column}" for column, value in contract.when_broken.items()]
    return f"""select * exclude (is_broken, as_of) replace ({", ".join(values)})
        from (select *, date '{run.as_of}' as as_of, coalesce({" or ".join(conditions)}, false) as is_broken from ({select}))"""


def _usable(contract: Contract) -> str:
    """Every text of the row could be read, but for cells that are emptied when they cannot."""
    columns = [c for c, spec in contract.columns.items() if spec.type != "attributes" and not is_emptied(contract, c)]
    return " and ".join(f"({column}__text is null or {column} is not null)" for column in columns)


def _newest(con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> None:
    """Of every order or line the newest version stays in `erased_<table>`."""
    grain = ", ".join(contract.grain)
    newest = ", ".join(f"{column} desc nulls last" for column in (*contract.newest_by, "_delivered_at"))
    columns = ", ".join(contract.columns)
    con.execute(f"""create or replace temp table merged_{table} as
        select * exclude (is_new) from (
            select *, 0 as is_new from erased_{table} union all by name select *, 1 as is_new from fresh_{table})
        qualify row_number() over (partition by {grain} order by {newest}, is_new desc, {columns}) = 1""")
    con.execute(f"create or replace temp table erased_{table} as from merged_{table}")


def _lasting(table: str, column: str, kind: str, value: str, secrets: Sequence[str]) -> str:
    """SQL of the hashed id of a row: by an earlier secret key where it is kept under that one already."""
    hashes = [f"left({hashed_sql(secret, repr(kind), value)}, 16)" for secret in secrets]
    cases = " ".join(f"when {each} in (select {column} from erased_{table}) then {each}" for each in hashes[1:])
    return f"case {cases} else {hashes[0]} end" if cases else hashes[0]
