"""Which columns of an export the SELECT of `prepare` reads, and what its own columns are made of.

What belongs here: name resolution through CTEs, joins, unions and stars. What does not: mappings
(columns).

A name is an export's column when it is looked up in `file`, or in a query that hands the columns of
`file` on with a star and does not make that name itself. An unquoted name that the same SELECT makes
is taken for what it makes; a quoted one for the export's column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

_UNKNOWN_USE = (exp.Case, exp.If, exp.Concat, exp.ConcatWs, exp.Query)


@dataclass(frozen=True)
class Relation:
    """A table or query: whether columns of `file` pass through it, and what its own are made of."""

    passes: bool
    made: Mapping[str, tuple[exp.Expr, Mapping[str, Relation]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """reads: the export's columns in order of appearance; result: what mappings see; has_joins: rows
    of several kinds may be brought together, so no single file need have every column.
    """

    reads: tuple[str, ...]
    result: Relation
    has_joins: bool


def prepared(sql: str | None) -> Prepared:
    """The SELECT of a source's `prepare`; without one, `file` itself."""
    if not sql:
        return Prepared((), Relation(passes=True), has_joins=False)
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    reads: dict[str, None] = {}
    result = _query(tree, {"file": Relation(passes=True)}, {}, reads)
    return Prepared(tuple(reads), result, has_joins=tree.find(exp.Join) is not None)


def needed(tree: exp.Expr, sources: Mapping[str, Relation]) -> Iterator[frozenset[str]]:
    """Groups of export columns without which an expression has no value; of a group one is enough."""
    if isinstance(tree, _UNKNOWN_USE):
        return
    if isinstance(tree, exp.Window):
        yield from needed(tree.this, sources)
    elif isinstance(tree, exp.Coalesce):
        choices = [list(needed(arg, sources)) for arg in (tree.this, *tree.expressions)]
        if all(choices):
            yield frozenset(name for choice in choices for group in choice for name in group)
    elif isinstance(tree, exp.Column):
        found = _look_up(tree, sources)
        if isinstance(found, str):
            yield frozenset({found})
        elif found is not None:
            yield from needed(*found)
    else:
        for part in tree.iter_expressions():
            yield from needed(part, sources)


def _query(
    tree: exp.Expr, named: Mapping[str, Relation], outer: Mapping[str, Relation], reads: dict[str, None]
) -> Relation:
    for cte in getattr(tree, "ctes", []):
        named = {**named, cte.alias.casefold(): _query(cte.this, named, outer, reads)}
    if isinstance(tree, exp.SetOperation):
        left = _query(tree.this, named, outer, reads)
        _query(tree.expression, named, outer, reads)
        return left
    if isinstance(tree, exp.Subquery):
        return _query(tree.this, named, outer, reads)
    if not isinstance(tree, exp.Select):
        return Relation(passes=False)
    sources = dict(_sources(tree, named, outer, reads))
    aliases = {a.alias.casefold() for a in tree.expressions if isinstance(a, exp.Alias)}
    scope = sources if any(r.passes for r in sources.values()) else {**outer, **sources}
    for column in _own_columns(tree):
        is_alias = column.name.casefold() in aliases and not column.this.quoted and not column.table
        inside = column.find_ancestor(exp.Alias)
        if is_alias and not (inside and inside.alias.casefold() == column.name.casefold()):
            continue
        found = _look_up(column, scope)
        if isinstance(found, str):
            reads.setdefault(found)
    for nested in _nested(tree):
        _query(nested, named, scope, reads)
    return _output(tree, sources)


def _output(select: exp.Select, sources: Mapping[str, Relation]) -> Relation:
    made: dict[str, tuple[exp.Expr, Mapping[str, Relation]]] = {}
    has_star = select.is_star or not select.expressions
    if has_star:
        for source in sources.values():
            made.update(source.made)
    for item in select.expressions:
        if isinstance(item, exp.Alias):
            made[item.alias.casefold()] = (item.this, sources)
        elif isinstance(item, exp.Column) and not isinstance(item.this, exp.Star):
            made[item.name.casefold()] = (item, sources)
    return Relation(has_star and any(s.passes for s in sources.values()), made)


def _sources(
    select: exp.Select, named: Mapping[str, Relation], outer: Mapping[str, Relation], reads: dict[str, None]
) -> Iterator[tuple[str, Relation]]:
    start = select.args.get("from_") or select.args.get("from")
    joins = select.args.get("joins") or []
    laterals = select.args.get("laterals") or []
    for item in ([start.this] if start else []) + [j.this for j in joins] + list(laterals):
        alias = item.alias_or_name.casefold()
        if isinstance(item, exp.Table) and item.name:
            yield alias, named.get(item.name.casefold(), Relation(passes=False))
        elif isinstance(item, exp.Subquery):
            yield alias, _query(item.this, named, outer, reads)
        else:
            names = [alias, *(c.casefold() for c in item.alias_column_names)]
            yield alias, Relation(False, {name: (exp.null(), {}) for name in names})


def _walk(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Everything in a SELECT; inner queries are given themselves, but not gone into."""
    for part in tree.iter_expressions():
        if isinstance(part, exp.With):
            continue
        yield part
        if not isinstance(part, exp.Query):
            yield from _walk(part)


def _own_columns(select: exp.Select) -> Iterator[exp.Column]:
    for part in _walk(select):
        if isinstance(part, exp.Column) and not isinstance(part.this, exp.Star):
            yield part


def _nested(select: exp.Select) -> Iterator[exp.Expr]:
    for part in _walk(select):
        if isinstance(part, exp.Query) and not isinstance(part.parent, (exp.From, exp.Join)):
            yield part


def _look_up(
    column: exp.Column, sources: Mapping[str, Relation]
) -> str | tuple[exp.Expr, Mapping[str, Relation]] | None:
    """An export's column name, or the expression it is made of, or None when it is neither."""
    parts = [part for part in column.parts if isinstance(part, exp.Identifier)]
    if len(parts) > 1 and parts[0].name.casefold() in sources:
        sources = {parts[0].name.casefold(): sources[parts[0].name.casefold()]}
        parts = parts[1:]
    name = parts[0].name
    for source in sources.values():
        if name.casefold() in source.made:
            return source.made[name.casefold()]
    return name if any(source.passes for source in sources.values()) else None
