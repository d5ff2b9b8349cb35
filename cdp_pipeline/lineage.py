"""Which columns of which tables a column of a model comes from, read from its SQL.

What belongs here: column lineage by sqlglot. What does not: showing it (assets.py, warehouse.py).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema


def column_lineage(sql: str, tables: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Output column → the `layer.table.column`s it is computed from, sorted.

    `tables` gives the columns of every table the SQL reads. A column made of constants or of
    `count(*)` has no source; so has every column of SQL that sqlglot cannot follow.
    """
    schema = MappingSchema(dialect="duckdb")
    for name, columns in tables.items():
        schema.add_table(name, dict.fromkeys(columns, "text"), dialect="duckdb", match_depth=False)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of every UNPIVOT
    try:
        tree: Any = qualify(
            sqlglot.parse_one(sql, dialect="duckdb"), schema=schema, dialect="duckdb", validate_qualify_columns=False
        )
        scope = build_scope(tree)
        return {select.alias_or_name: _sources(select.alias_or_name, tree, schema, scope) for select in tree.selects}
    except SqlglotError:
        return {}


def _sources(column: str, tree: exp.Expr, schema: MappingSchema, scope: Scope | None) -> tuple[str, ...]:
    found = set()
    for node in lineage(column, tree, schema, scope=scope, dialect="duckdb").walk():
        if isinstance(node.expression, exp.Table) and node.expression.db:
            name = exp.to_column(node.name, dialect="duckdb").name
            found.add(f"{node.expression.db}.{node.expression.name}.{name}")
    return tuple(sorted(found))
