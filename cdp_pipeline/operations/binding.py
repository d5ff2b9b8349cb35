"""The SQL of a project, bound against the columns that it may use: on tables without a row.

What belongs here: what DuckDB cannot bind, as a message with file, line and nearest name. What does not: whether SQL
reads more than it may (sql_reach.py), and the grammar of rules and destinations (expressions.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import duckdb

from cdp_pipeline.errors import nearest
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import quoted
from cdp_pipeline.project.shapes import Contract, Expression, Source
from cdp_pipeline.project.yaml_file import place
from cdp_pipeline.run.lake import CONFIG_COLUMNS, open_duckdb
from cdp_pipeline.run.steps import Table
from cdp_pipeline.sources.columns import ADDED, referenced_columns
from cdp_pipeline.staging.keyed import key_columns
from cdp_pipeline.staging.mapping import empty_candidates
from cdp_pipeline.staging.parsing import TYPES, create_macros

_UNKNOWN = re.compile(
    r'column "([^"]+)" not found|does not have a column named "([^"]+)"|column named "?([^"\s]+)"? does'
)
_OF_OTHERS = ("Could not choose a best candidate function", "Table with name")
"""Of a column without a known type DuckDB cannot tell which function is meant: no mistake. What a table is that is not
there, is told by pipeline.py and sql_reach.py."""


def binding_mistakes(project: Project, tables: Iterable[Table]) -> list[str]:
    """Every piece of SQL in dbt_like_sql that names what is not there; `tables` are all that the project makes."""
    with open_duckdb() as con:
        create_macros(con, project.words)
        return [
            *(problem for name in project.contracts for problem in _of_contract(con, project, name)),
            *(problem for name in project.sources for problem in _of_source(con, project, name)),
            *_of_models(con, project, {table.name: table for table in tables}),
        ]


# ---- contracts -----------------------------------------------------------------------------------


def _of_contract(con: duckdb.DuckDBPyConnection, project: Project, name: str) -> Iterator[str]:
    contract, path = project.contracts[name], project.folder / "2_staging" / f"{name}.yml"
    con.execute(f"create or replace temp table candidates as {empty_candidates(contract)}")
    columns = [row[0] for row in con.execute("describe candidates").fetchall()]
    for number, rule in enumerate(contract.rules):
        where = place(path, "rules", number, "sql")
        yield from _mistakes(con, f"select ({rule.sql}) from candidates", where, f"rule {rule.name}", columns)
    pieces = [(place(path, "columns", c, "fallback"), c, s.fallback) for c, s in contract.columns.items() if s.fallback]
    pieces += [(place(path, "when_broken", c), c, sql) for c, sql in contract.when_broken.items()]
    for where, column, sql in pieces:
        query = f"select ({sql}) from (select *, null::date as as_of from candidates)"
        yield from _mistakes(con, query, where, column, [*columns, "as_of"])


# ---- sources -------------------------------------------------------------------------------------


def _of_source(con: duckdb.DuckDBPyConnection, project: Project, name: str) -> Iterator[str]:
    source, path = project.sources[name], project.folder / "1_sources" / f"{name}.yml"
    cells = [f"null::varchar as {quoted(column)}" for column in referenced_columns(source)]
    cells += ["''::varchar as _file", "0::bigint as _line", "null::timestamp as _delivered_at"]
    con.execute(f"create or replace temp view file as select {', '.join(cells)} where false")
    for rule, sql in source.withhold.items():
        yield from _mistakes(con, f"select ({sql}) from file", place(path, "withhold", rule), f"withhold: {rule}", ())
    con.execute("drop view if exists prepared")
    prepared = f"create temp view prepared as {source.prepare or 'select * from file'}"
    yield from _mistakes(con, prepared, place(path, "prepare"), "prepare", referenced_columns(source))
    if not con.execute("from duckdb_views() where view_name = 'prepared'").fetchall():
        return
    columns = [row[0] for row in con.execute("describe prepared").fetchall()]
    missing = sorted(ADDED - set(columns))
    if missing:
        yield f"{place(path, 'prepare')}: prepare: gives no {', '.join(missing)}: name them in its last SELECT"
        return
    for kind in source.kinds:
        if kind not in columns:
            yield f"{place(path, 'kinds')}: kinds: unknown column {kind}{nearest(kind, columns)}"
    if source.continuation:
        query = f"select ({source.continuation}) from prepared"
        yield from _mistakes(con, query, place(path, "continuation"), "continuation", columns)
    for table, mappings in source.into.items():
        for number in range(len(mappings)):
            pieces = list(_pieces(source, table, number))
            whole = f"select {', '.join(f'({sql})' for _, sql, _ in pieces)} from prepared"
            for keys, sql, key in pieces if list(_mistakes(con, whole, "", "", ())) else ():
                where = place(path, "into", table, number, *keys)
                yield from _mistakes(con, f"select ({sql}) from prepared", where, f"into {table}: {key}", columns)


def _pieces(source: Source, table: str, number: int) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every piece of SQL of a mapping: its keys in the file, the SQL, and what to call it."""
    mapping = source.into[table][number]
    if mapping.where:
        yield ("where",), mapping.where, "where"
    for rule, sql in mapping.drop.items():
        yield ("drop", rule), sql, f"drop {rule}"
    for column, value in mapping.columns.items():
        if isinstance(value, Expression):
            yield ("columns", column), value.sql, column
        else:
            for name in (value,) if isinstance(value, str) else value:
                yield ("columns", column), quoted(name), column


# ---- models and checks ---------------------------------------------------------------------------


def _of_models(con: duckdb.DuckDBPyConnection, project: Project, tables: Mapping[str, Table]) -> Iterator[str]:
    con.execute("attach ':memory:' as previous")
    con.execute("create schema config")
    con.execute(f"create view config.run as select {', '.join(f'null::{k} as {c}' for c, k in CONFIG_COLUMNS.items())}")
    for table in tables.values():
        columns = dict.fromkeys(table.columns, "") | _types_of(project, table.name)
        _empty_view(con, table.name, {c: k for c, k in columns.items() if c in table.columns})
        _empty_view(con, f"previous.{table.name}", dict.fromkeys(table.columns, ""))
    for name in _in_order(project):
        model = project.models[name]
        if problems := list(_mistakes_of_file(con, model.sql, model.path)):
            yield from problems
            continue
        with suppress(duckdb.Error):
            _empty_view(con, name, {row[0]: row[1] for row in con.execute(f"describe {model.sql}").fetchall()})
    for check in project.checks.values():
        yield from _mistakes_of_file(con, check.sql, project.folder / "checks" / f"{check.name}.sql")


def _types_of(project: Project, name: str) -> dict[str, str]:
    """Column → type of a core table; of other tables nobody has said it."""
    layer, _, stem = name.partition(".")
    contract: Contract | None = project.contracts.get(stem) if layer == "staging" else None
    if contract is None:
        return {}
    return {c: TYPES[s.type] for c, s in contract.columns.items()} | dict.fromkeys(
        key_columns(contract).values(), "varchar[]"
    )


def _empty_view(con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str]) -> None:
    """A view without rows; a column without a type fits everywhere."""
    con.execute(f"create schema if not exists {name.rpartition('.')[0]}")
    values = [f"null{f'::{k}' if k and 'NULL' not in k else ''} as {quoted(c)}" for c, k in columns.items()]
    con.execute(f"create or replace view {name} as select {', '.join(values) or '1 as nothing'} where false")


def _in_order(project: Project) -> list[str]:
    """Models after those they read, so that columns have their types; in any order when they read each other."""
    reads = {name: set(model.inputs) & set(project.models) for name, model in project.models.items()}
    try:
        return list(TopologicalSorter(reads).static_order())
    except CycleError:
        return list(project.models)


def _mistakes_of_file(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> Iterator[str]:
    yield from _mistakes(con, f"explain {sql}", str(path), "", (), is_file=True)


# ---- words ---------------------------------------------------------------------------------------


def _mistakes(
    con: duckdb.DuckDBPyConnection, sql: str, where: str, key: str, columns: Iterable[str], *, is_file: bool = False
) -> Iterator[str]:
    """What DuckDB says of SQL that it cannot bind, in our words: at most one problem."""
    try:
        con.execute(sql)
    except duckdb.Error as error:
        text = str(error)
        if any(words in text for words in _OF_OTHERS):
            return
        line = re.search(r"^LINE (\d+):", text, re.MULTILINE)
        place_of_it = f"{where}:{line[1]}" if is_file and line else where
        yield f"{place_of_it}: {f'{key}: ' if key else ''}{_words(text, columns)}"


def _words(text: str, columns: Iterable[str]) -> str:
    """A message of DuckDB in our words; what it names as near counts where we know no better."""
    unknown = _UNKNOWN.search(text)
    if unknown is None:
        return text.splitlines()[0].partition(": ")[2] or text.splitlines()[0]
    name = next(group for group in unknown.groups() if group)
    bindings = re.search(r"Candidate bindings: (.*)", text)
    allowed = list(columns) or re.findall(r'"(?:[^"]*\.)?([^".]+)"', bindings[1] if bindings else "")
    return f"unknown column {name}{nearest(name, allowed)}"
