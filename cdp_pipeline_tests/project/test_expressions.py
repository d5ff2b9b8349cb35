"""One expression out of a YAML file: what may be in it, and what is told about what may not."""

from __future__ import annotations

import duckdb
import pytest

from cdp_pipeline.project.expressions import Expression, read_expression
from cdp_pipeline.project.quoting import literal, quoted

KNOWN = ("Net_revenue", "city")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("net_revenue >", "is not a readable SQL expression: net_revenue >"),
        ("", "holds no expression"),
        ("city; city", "holds more than one statement"),
        ("(select 1)", "holds a query; a rule is one expression over the columns of a person"),
        ("upperr(city)", "uses the function upperr, which is not allowed (did you mean upper?)"),
        ("random() > net_revenue", "uses the function rand, which is not allowed"),
        ("t.city = 'x'", "t.city: write the column alone, without a table before it"),
        ("net_revenu > 5", "unknown column net_revenu (did you mean net_revenue?)"),
        ('city = "Gouda"', "unknown column Gouda (text stands between single quotes)"),
        ("net_revenue + 1", "must be true or false for a person: net_revenue + 1"),
    ],
)
def test_what_is_no_condition_is_told(text: str, wanted: str) -> None:
    """Each mistake by itself, with the nearest name where there is one."""
    assert [each[: len(wanted)] for each in read_expression(text, KNOWN, is_condition=True)[1]] == [wanted]


def test_a_condition_is_read_with_its_columns() -> None:
    """Columns in lower case, sorted and once; no comment is left."""
    text = "(net_revenue > 5 and city is not null) or Net_Revenue < 1 -- why"
    expression, problems = read_expression(text, KNOWN, is_condition=True)
    assert problems == []
    assert expression.columns == ("city", "net_revenue")
    assert "why" not in expression.sql


@pytest.mark.parametrize("text", ["starts_with(city, 'G')", "not city in ('a', 'b')", "true", "(city)"])
def test_conditions_are_truths(text: str) -> None:
    """Predicates, functions that say yes or no, and columns alone are conditions."""
    assert read_expression(text, KNOWN, is_condition=True)[1] == []


def test_a_value_need_not_be_true_or_false() -> None:
    """Only a condition has to; both mistakes of columns and of truth are told at once."""
    assert read_expression("net_revenue + 1", KNOWN) == (
        Expression("net_revenue + 1", ("net_revenue",)), []
    )  # fmt: skip
    assert len(read_expression("town + place", KNOWN, is_condition=True)[1]) == 3


def test_names_and_texts_are_quoted() -> None:
    """Quotes within are doubled, so a value stays one value."""
    name, text = 'a"b', "it's"
    with duckdb.connect() as con:
        con.execute(f"create table t ({quoted(name)} varchar)")
        con.execute(f"insert into t values ({literal(text)})")
        assert con.execute("describe t").fetchall()[0][0] == name
        assert con.execute("from t").fetchall() == [(text,)]
