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
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
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
        nodes = lineage(None, tree, schema, scope=build_scope(tree), dialect="duckdb", copy=False, trim_selects=False)
    except SqlglotError:
        return {}
    return {column: tuple(sorted(_sources(node))) for column, node in nodes.items()}


def _sources(column: Node) -> set[str]:
    return {
        f"{node.expression.db}.{node.expression.name}.{exp.to_column(node.name, dialect='duckdb').name}"
        for node in column.walk()
        if isinstance(node.expression, exp.Table) and node.expression.db
    }
