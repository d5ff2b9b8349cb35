"""Which columns of an export a source keeps, and which it cannot do without.

What belongs here: names in the mappings of a source. What does not: names inside `prepare`
(prepared) and headers (header). Columns that no mapping names are dropped at ingest: a column
nobody needs is a column nobody leaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp

from cdp_pipeline.project.shapes import Contract, Expression, Source
from cdp_pipeline.sources.prepared import Relation, needed, prepared

ADDED = frozenset({"_file", "_line", "_delivered_at"})
"""Columns that ingest adds to every row."""


@dataclass(frozen=True)
class Needs:
    """wanted: columns kept; required: groups of which an acceptable file has at least one column each."""

    wanted: tuple[str, ...]
    required: tuple[frozenset[str], ...]


def needs_of(source: Source, contracts: Mapping[str, Contract]) -> Needs:
    """What a source keeps and cannot do without; parses its SQL, so make it once a source."""
    return Needs(referenced_columns(source), required_columns(source, contracts))


@cache
def referenced_columns(source: Source) -> tuple[str, ...]:
    """Names of the export's columns used in `prepare`, mappings, `where`, `drop` and `withhold`, each once, in order.

    Names that differ only in case are one column (as in DuckDB); the first spelling counts.
    """
    query = prepared(source.prepare)
    names = list(query.reads)
    for mappings in source.into.values():
        for mapping in mappings:
            trees = [_tree(value) for value in mapping.columns.values()]
            trees += [_tree(Expression(sql=sql)) for sql in (mapping.where, *mapping.drop.values()) if sql]
            names += [name for tree in trees for name in _export_columns(tree, query.result)]
    names += [
        c.name for sql in source.withhold.values() for c in _tree(Expression(sql=sql)).find_all(exp.Column, bfs=False)
    ]
    kept: dict[str, str] = {}
    for name in names:
        if name.casefold() not in ADDED:
            kept.setdefault(name.casefold(), name)
    return tuple(kept.values())


def required_columns(source: Source, contracts: Mapping[str, Contract]) -> tuple[frozenset[str], ...]:
    """Groups of column names; an acceptable file has at least one of each group.

    They are what the required columns of the core tables are made of, traced through `prepare` unless
    it joins. A choice (a list, coalesce) is one group; what stands in case, if or concat is not required. Of a table
    that `may_be_absent` a file need say nothing (`where`, `filled`, `state`): its columns are never required.
    """
    query = prepared(source.prepare)
    groups: dict[frozenset[str], None] = {}
    for table, mappings in source.into.items():
        contract = contracts.get(table)
        required = {c for c, spec in contract.columns.items() if spec.required} if contract else set()
        for mapping in mappings:
            if query.has_joins or (
                contract and contract.may_be_absent and (mapping.where or mapping.filled or mapping.state)
            ):
                continue
            for column, value in mapping.columns.items():
                if column in required:
                    for group in needed(_tree(value), {"prepared": query.result}):
                        groups.setdefault(group - ADDED)
    return tuple(group for group in groups if group)


def _tree(value: str | Expression | tuple[str, ...]) -> exp.Expr:
    """A mapped value as an expression: one column, several of which the first filled one counts, or SQL."""
    if isinstance(value, Expression):
        return sqlglot.parse_one(value.sql, dialect="duckdb")
    columns = [
        exp.column(exp.to_identifier(name, quoted=True)) for name in ([value] if isinstance(value, str) else value)
    ]
    return columns[0] if len(columns) == 1 else exp.Coalesce(this=columns[0], expressions=columns[1:])


def _export_columns(tree: exp.Expr, result: Relation) -> Iterator[str]:
    if result.passes:
        for column in tree.find_all(exp.Column, bfs=False):
            name = column.parts[0].name
            if name.casefold() not in result.made and not isinstance(column.this, exp.Star):
                yield name
