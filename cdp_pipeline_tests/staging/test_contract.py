"""The rules of a contract on rows: each broken rule is told with its row and column, once."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from cdp_pipeline.errors import CdpError
from cdp_pipeline.project.shapes import Column, Contract
from cdp_pipeline.project.words import Words
from cdp_pipeline.staging import contract as rules
from cdp_pipeline.staging.contract import broken_rows
from cdp_pipeline.staging.parsing import TYPES, create_macros

AS_OF = date(2026, 6, 30)


def broken(
    columns: dict[str, dict[str, Any]], rows: list[dict[str, str | None]], zone: str = "UTC", **more: Any
) -> set[tuple[int, str]]:
    """Row number and column of every broken rule; a value that does not cast is NULL beside its text."""
    contract = Contract.model_validate(
        {
            "description": "a",
            "owner": "a",
            "grain": [next(iter(columns))],
            "columns": {name: {"description": "a", **spec} for name, spec in columns.items()},
            **more,
        }
    )
    with duckdb.connect() as con:
        named = ", ".join(f"{name}__text varchar" for name in columns)
        con.execute(f"create table given (_row bigint, {named})")
        for number, row in enumerate(rows, 1):
            con.execute(
                f"insert into given values ({', '.join('?' * (len(columns) + 1))})",
                [number, *(row.get(name) for name in columns)],
            )
        typed = ", ".join(
            f"try_cast({name}__text as {TYPES[spec.type]}) as {name}" for name, spec in contract.columns.items()
        )
        con.execute(
            f"create table candidates as select *, {typed}, null::varchar[] as _emptied, 'shop' as _source_name, "
            "'a.csv' as _file, 'mapped' as _outcome from given"
        )
        create_macros(con, Words())
        found = broken_rows(con, contract, AS_OF, zone).to_pylist()
    assert len({tuple(item.values()) for item in found}) == len(found)
    return {(item["_row"], item["column"]) for item in found}


@pytest.mark.parametrize(
    ("spec", "good", "bad"),
    [
        ({"type": "text", "required": True}, ["x"], [None]),
        ({"type": "text", "in": ["a", "b"]}, ["a", "b", None], ["A", "c", "a "]),
        ({"type": "text", "in": "iso4217"}, ["EUR", "SEK", None], ["EURO", "eur", "XXX"]),
        ({"type": "text", "matches": "[a-z]+|[0-9]{2}"}, ["abc", "12", None], ["a1", "123", "12\n", "b\na"]),
        ({"type": "text", "max_length": 3}, ["abc", "é€ß", None], ["abcd"]),
        ({"type": "integer", "min": 0, "max": 10}, ["0", "10", None], ["-1", "11", "one"]),
        ({"type": "money", "min": 0, "max": 100}, ["0", "100", "99.9999", None], ["-0.0001", "100.01", "x"]),
        ({"type": "decimal", "min": 0.5}, ["0.5", None], ["0.499999"]),
        ({"type": "date", "max": "as_of"}, ["2026-06-30", None], ["2026-07-01", "2026-02-30"]),
        ({"type": "date", "min": "1900-01-01"}, ["1900-01-01", None], ["1899-12-31"]),
        (
            {"type": "timestamp", "min": date(2000, 1, 1), "max": "as_of"},
            ["2000-01-01 00:00:00", "2026-06-30 23:59:59.999999", None],
            ["1999-12-31 23:59:59", "2026-07-01 00:00:00"],
        ),
        ({"type": "boolean"}, ["true", "false", None], ["perhaps"]),
    ],
)
def test_each_rule_takes_the_good_and_tells_the_bad(
    spec: dict[str, Any], good: list[str | None], bad: list[str | None]
) -> None:
    """Bounds are inclusive, the run's day lasts until midnight, and NULL breaks only `required`."""
    if isinstance(spec.get("min"), str):
        spec = spec | {"min": date.fromisoformat(spec["min"])}
    rows: list[dict[str, str | None]] = [{"key": "k", "value": value} for value in [*good, *bad]]
    expected = {(number, "value") for number in range(len(good) + 1, len(rows) + 1)}
    assert broken({"key": {"type": "text"}, "value": spec}, rows) == expected


def test_the_day_of_the_run_ends_at_midnight_of_the_zone() -> None:
    """Two hours earlier in UTC, in a summer of Amsterdam: the first minute of July is no part of June."""
    columns = {"key": {"type": "text"}, "value": {"type": "timestamp", "max": "as_of"}}
    rows: list[dict[str, str | None]] = [
        {"key": "k", "value": f"2026-06-30 {clock}"} for clock in ("21:59:59", "22:00:00")
    ]
    assert broken(columns, rows, "Europe/Amsterdam") == {(2, "value")}
    assert broken(columns, rows) == set()


def test_a_rule_across_columns() -> None:
    """An error rule quarantines, a warning does not, and a rule that is unknown for a row breaks nothing."""
    columns = {"total": {"type": "money"}, "refund": {"type": "money"}}
    rows: list[dict[str, str | None]] = [{"total": "5", "refund": "5"}, {"total": "5", "refund": "6"}, {"total": "5"}]
    within = {"name": "refund_within_total", "sql": "refund <= total"}
    assert broken(columns, rows, rules=[within]) == {(2, "refund_within_total")}
    assert broken(columns, rows, rules=[{**within, "severity": "warn"}]) == set()


def test_all_broken_rules_of_a_row_are_told() -> None:
    """One row may break many rules."""
    columns = {"a": {"type": "integer", "required": True}, "b": {"type": "text", "max_length": 1}}
    assert broken(columns, [{"a": "x", "b": "long"}, {"a": "1", "b": "l"}]) == {(1, "a"), (1, "b")}


def test_rows_are_numbered_right_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row keeps its number however the table is cut into batches."""
    expected = {(n + 1, "a") for n in range(5000) if n % 7 == 3}
    monkeypatch.setattr(rules, "BATCH_ROWS", 512)
    with duckdb.connect() as con:
        con.execute(
            "create table candidates as select i + 1 as _row, if(i % 7 = 3, 'x', '1') as a__text, "
            "try_cast(a__text as bigint) as a, null::varchar[] as _emptied, 'shop' as _source_name, 'a.csv' as _file, "
            "'mapped' as _outcome from range(5000) as t(i)"
        )
        contract = Contract.model_validate(
            {
                "description": "a",
                "owner": "a",
                "grain": ["a"],
                "columns": {"a": {"type": "integer", "description": "a"}},
            }
        )
        found = broken_rows(con, contract, AS_OF).to_pylist()
    assert {(item["_row"], item["column"]) for item in found} == expected


def test_no_rows_break_nothing() -> None:
    """An empty table, and one in which all is well, have no broken rows."""
    assert broken({"a": {"type": "text"}}, []) == set()
    assert broken({"a": {"type": "text"}}, [{"a": "x"}]) == set()


def test_a_check_that_crashes_is_an_error_and_no_pass() -> None:
    """When a rule could not be run nothing is known, so the run stops, without a value in the message."""
    columns = {"value": {"type": "text", "min": 3}}
    with pytest.raises((CdpError, duckdb.Error)) as stopped:
        broken(columns, [{"value": "canary"}])
    assert "canary" not in str(stopped.value)


def test_every_reason_has_a_cure() -> None:
    """Whatever quarantine says of a cell, the documentation says what to do."""
    said = {
        *rules._NOT_A.values(),
        rules.OTHER_CURRENCY,
        rules.NOT_WHOLE,
        rules.DOUBTFUL,
        *rules.NO_KEY.values(),
        "missing",
    }
    day = {"type": "date", "min": date(2026, 1, 1), "max": "as_of"}
    for bounds in ({"in": "iso4217"}, {"matches": "a"}, {"max_length": 1}, day, {"type": "timestamp", "max": "as_of"}):
        column = Column.model_validate({"type": "text", "description": "a"} | bounds)
        said |= {str(check.error) for check in rules._checks(column, date(2026, 6, 30), "UTC")}
    assert said <= set(rules.CURES)
