"""How far SQL from dbt_like_sql reaches: one statement, the tables it was given, no files, no settings.

What belongs here: judging a parsed statement. What does not: the grammar of rules (expressions.py), and
DuckDB's own lock (lake.open_duckdb), which holds even where this is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from cdp_pipeline.project.shapes import Contract, Expression, Source
from cdp_pipeline.project.yaml_file import place

_TABLE_FUNCTIONS = {"unnest", "range", "generate_series", "generate_subscripts", "json_each", "json_tree", "explode"}
_NEVER = (
    {"getenv", "current_setting", "set_config", "nextval", "currval", "query", "query_table", "sniff_csv", "glob"}
    | {"random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "rand"}
    | {"now", "today", "get_current_time", "get_current_timestamp", "transaction_timestamp"}
)
_NEVER_STARTS = ("read_", "write_", "parquet_", "duckdb_", "pragma_", "copy_", "load_", "install_", "st_read")
_WORDS = {"rand": "random", "currenttimestamp": "now", "currentdate": "current_date", "currenttime": "current_time"}


def wrong_query(text: str, tables: Collection[str]) -> list[str]:
    """What is wrong with a SELECT that may read `tables` and its own CTEs; names without a layer."""
    tree, problems = _parsed(text)
    if tree is None:
        return problems
    return outside(tree, tables) if isinstance(tree, exp.Query) else ["it is not one SELECT"]


def wrong_expression(text: str) -> list[str]:
    """What is wrong with an expression over the columns of a row."""
    tree, problems = _parsed(f"select ({text})")
    if tree is None:
        return problems
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or tree.args.get("from_"):
        return ["it is not one expression"]
    if not isinstance(tree.expressions[0], exp.Paren | exp.Subquery):
        return ["it is not one expression"]
    return outside(tree, ())


def mistakes(folder: Path, sources: Mapping[str, Source], contracts: Mapping[str, Contract]) -> list[str]:
    """Every piece of SQL in these YAML files that is more than it may be, with its file and key."""
    problems = []
    for name, source in sources.items():
        path = folder / "1_sources" / f"{name}.yml"
        if source.prepare:
            problems += [f"{place(path, 'prepare')}: prepare: {p}" for p in wrong_query(source.prepare, ("file",))]
        pieces: list[tuple[tuple[str | int, ...], str, str]] = []
        pieces += [(("withhold", rule), f"withhold: {rule}", sql) for rule, sql in source.withhold.items()]
        pieces += [(("continuation",), "continuation", source.continuation)] if source.continuation else []
        for table, mappings in source.into.items():
            for number, mapping in enumerate(mappings):
                own, words = ("into", table, number), f"into {table}"
                pieces += [((*own, "where"), f"{words}: where", mapping.where)] if mapping.where else []
                pieces += [((*own, "drop", rule), f"{words}: drop {rule}", sql) for rule, sql in mapping.drop.items()]
                pieces += [
                    ((*own, "columns", c), f"{words}: {c}", value.sql)
                    for c, value in mapping.columns.items()
                    if isinstance(value, Expression)
                ]
        problems += _told(path, pieces)
    for name, contract in contracts.items():
        columns = [(c, spec.fallback) for c, spec in contract.columns.items() if spec.fallback]
        pieces = [(("rules", n, "sql"), f"rules: {rule.name}", rule.sql) for n, rule in enumerate(contract.rules)]
        pieces += [(("columns", c, "fallback"), f"columns: {c}: fallback", sql) for c, sql in columns]
        pieces += [(("when_broken", c), f"when_broken: {c}", sql) for c, sql in contract.when_broken.items()]
        problems += _told(folder / "2_staging" / f"{name}.yml", pieces)
    return problems


def _told(path: Path, pieces: Iterable[tuple[tuple[str | int, ...], str, str]]) -> list[str]:
    return [f"{place(path, *keys)}: {words}: {p}" for keys, words, sql in pieces for p in wrong_expression(sql)]


def outside(tree: exp.Expr, tables: Collection[str]) -> list[str]:
    """Everything in a statement that reads what it was not given, or is more than reading."""
    problems: dict[str, None] = {}
    own = {cte.alias.casefold() for cte in tree.find_all(exp.CTE)} | {name.casefold() for name in tables}
    for node in tree.walk():
        if isinstance(node, exp.DML | exp.DDL | exp.Command | exp.Into) and not isinstance(node, exp.Query):
            problems.setdefault(f"it does more than read: {type(node).__name__.lower()}")
        elif isinstance(node, exp.Table) and not node.db:
            if isinstance(node.this, exp.Func):
                name = _name(node.this)
                if name not in _TABLE_FUNCTIONS:
                    problems.setdefault(f"it reads {name}(), which is not a table of the pipeline")
            elif node.name.casefold() not in own:
                problems.setdefault("it reads a table or file that it was not given")
        elif isinstance(node, exp.Func) and _is_never(_name(node)):
            problems.setdefault(f"it calls {_name(node)}(), which reads a file, a setting, the clock or chance")
    return list(problems)


def _parsed(text: str) -> tuple[exp.Expr | None, list[str]]:
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect="duckdb") if tree is not None]
    except (SqlglotError, RecursionError):
        return None, ["it is not readable as SQL"]
    return (trees[0], []) if len(trees) == 1 else (None, [f"it holds {len(trees)} statements, not one"])


def _name(node: exp.Expr) -> str:
    name = (
        node.name if isinstance(node, exp.Anonymous) else node.sql_name() if isinstance(node, exp.Func) else ""
    ).lower()
    return _WORDS.get(name.replace("_", ""), name)


def _is_never(name: str) -> bool:
    return name in _NEVER or name in {"current_date", "current_time", "now"} or name.startswith(_NEVER_STARTS)
