"""One SQL expression over named columns, as it stands in a YAML file: read, judged, written back.

What belongs here: parsing an expression, refusing whatever is more than an expression (a query, an
unknown function, a second statement), and finding its columns. What does not: what the expression
is for (segments/rules.py, activation/destinations.py).

An expression comes from a file that an analyst edits, but runs inside the pipeline: it may only
hold columns, literals, operators and the functions named here. None of them reads a file, a
setting, the clock or chance, so the same rows always give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from cdp_pipeline.errors import nearest

_FORMS = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Tuple, exp.Var,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Is,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Like, exp.ILike, exp.Escape,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe,
    exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Interval, exp.Case, exp.If,
)  # fmt: skip
_FUNCTIONS: dict[type[exp.Expression], str] = {
    exp.Coalesce: "coalesce", exp.Nullif: "nullif", exp.Greatest: "greatest", exp.Least: "least",
    exp.Abs: "abs", exp.Round: "round", exp.Floor: "floor", exp.Ceil: "ceil",
    exp.Lower: "lower", exp.Upper: "upper",
    exp.Trim: "trim", exp.Length: "length",
    exp.Substring: "substring", exp.Left: "left", exp.Right: "right",
    exp.Replace: "replace", exp.Concat: "concat",
    exp.ConcatWs: "concat_ws",
    exp.StartsWith: "starts_with", exp.EndsWith: "ends_with", exp.Contains: "contains",
    exp.ArrayContains: "list_contains", exp.RegexpLike: "regexp_matches",
    exp.DateDiff: "date_diff", exp.Year: "year", exp.Month: "month", exp.Day: "day",
    exp.TimeToStr: "strftime",
}  # fmt: skip
_TRUTHS = (exp.Connector, exp.Predicate, exp.Not, exp.Boolean, exp.Column)
_TRUTH_FUNCTIONS = (exp.StartsWith, exp.EndsWith, exp.Contains, exp.ArrayContains, exp.RegexpLike)


@dataclass(frozen=True)
class Expression:
    """A readable expression: DuckDB's `sql` without comments, and its `columns` in lower case, sorted."""

    sql: str
    columns: tuple[str, ...]


def read_expression(text: str, allowed: Iterable[str], *, is_condition: bool = False) -> tuple[Expression, list[str]]:
    """Read `text`; returns it with all problems found, each as the end of a sentence about a file.

    `allowed` are the columns it may use. With `is_condition` it must be true or false for a row.
    An expression with problems must not be run.

    >>> read_expression("net_revenu > 5", ["net_revenue"], is_condition=True)[1]
    ['unknown column net_revenu (did you mean net_revenue?)']
    """
    nothing = Expression("null", ())
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect="duckdb") if tree is not None]
    except SqlglotError:
        return nothing, [f"is not a readable SQL expression: {text.strip()}"]
    if len(trees) != 1:
        return nothing, ["holds no expression" if not trees else "holds more than one statement"]
    tree = trees[0]
    names = {name.lower(): name for name in allowed}
    problems = _forbidden(tree)
    if not problems:
        problems = _wrong_columns(tree, names)
        if is_condition and not isinstance(tree.unnest(), (*_TRUTHS, *_TRUTH_FUNCTIONS)):
            problems.append(f"must be true or false for a person: {text.strip()}")
    columns = sorted({column.name.lower() for column in tree.find_all(exp.Column)})
    return Expression(tree.sql(dialect="duckdb", comments=False), tuple(columns)), problems


def _forbidden(tree: exp.Expr) -> list[str]:
    """What is in the tree that is neither a plain form nor a listed function."""
    problems: list[str] = []
    for node in tree.walk():
        if isinstance(node, exp.Query | exp.Subquery | exp.DML | exp.DDL | exp.Command):
            return ["holds a query; a rule is one expression over the columns of a person"]
        if type(node) in _FUNCTIONS or type(node) in _FORMS:
            continue
        if isinstance(node, exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            problems.append(f"uses the function {name}, which is not allowed{nearest(name, _FUNCTIONS.values())}")
        else:
            problems.append(f"holds {type(node).__name__.lower()}, which is not allowed in an expression")
    return sorted(set(problems))


def _wrong_columns(tree: exp.Expr, names: dict[str, str]) -> list[str]:
    problems: list[str] = []
    for column in tree.find_all(exp.Column):
        if column.table:
            problems.append(f"{column.sql(dialect='duckdb')}: write the column alone, without a table before it")
        elif column.name.lower() not in names:
            quoted = " (text stands between single quotes)" if column.this.args.get("quoted") else ""
            problems.append(f"unknown column {column.name}{nearest(column.name.lower(), names) or quoted}")
    return list(dict.fromkeys(problems))
