"""Great Expectations behind its door: yes or no for every expectation, and never a value.

One warehouse and one question for all tests: loading the library takes seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.errors import GateError
from cdp_pipeline.project.shapes import Expectation
from cdp_pipeline.quality import expectations
from cdp_pipeline.quality.expectations import ask
from cdp_pipeline.quality.suite import KINDS

CANARY = "canary@mail.example"
PAIR = {"column_A": "last_day", "column_B": "first_day", "or_equal": True}
HOLD: dict[str, dict[str, Any]] = {
    "expect_column_distinct_values_to_be_in_set": {"column": "country", "value_set": ["NL", "BE"]},
    "expect_column_max_to_be_between": {"column": "orders", "max_value": 9},
    "expect_column_mean_to_be_between": {"column": "orders", "min_value": 1, "max_value": 5},
    "expect_column_median_to_be_between": {"column": "orders", "min_value": 1, "max_value": 5},
    "expect_column_min_to_be_between": {"column": "first_day", "min_value": "2020-01-01"},
    "expect_column_most_common_value_to_be_in_set": {"column": "country", "value_set": ["NL"]},
    "expect_column_pair_values_a_to_be_greater_than_b": PAIR,
    "expect_column_proportion_of_non_null_values_to_be_between": {"column": "email", "min_value": 0.5},
    "expect_column_proportion_of_unique_values_to_be_between": {"column": "email", "min_value": 0.9},
    "expect_column_quantile_values_to_be_between": {
        "column": "spent", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 100]]},
    },
    "expect_column_sum_to_be_between": {"column": "spent", "min_value": 0},
    "expect_column_unique_value_count_to_be_between": {"column": "country", "max_value": 249},
    "expect_column_value_lengths_to_be_between": {"column": "country", "min_value": 2, "max_value": 2},
    "expect_column_value_lengths_to_equal": {"column": "country", "value": 2, "mostly": 0.9},
    "expect_column_values_to_be_between": {"column": "spent", "min_value": -5, "mostly": 0.5},
    "expect_column_values_to_be_in_set": {"column": "country", "value_set": ["NL", "BE"]},
    "expect_column_values_to_be_null": {"column": "gender"},
    "expect_column_values_to_not_be_in_set": {"column": "country", "value_set": ["XX"]},
    "expect_column_values_to_not_be_null": {"column": "orders"},
    "expect_table_row_count_to_be_between": {"min_value": 3, "max_value": 3},
}  # fmt: skip
BREAK: dict[str, dict[str, Any]] = {
    "expect_column_distinct_values_to_be_in_set": {"column": "country", "value_set": ["NL"]},
    "expect_column_max_to_be_between": {"column": "orders", "max_value": 2},
    "expect_column_mean_to_be_between": {"column": "orders", "max_value": 1},
    "expect_column_median_to_be_between": {"column": "orders", "max_value": 1},
    "expect_column_min_to_be_between": {"column": "first_day", "min_value": "2026-02-01"},
    "expect_column_most_common_value_to_be_in_set": {"column": "country", "value_set": ["BE"]},
    "expect_column_pair_values_a_to_be_greater_than_b": PAIR | {"or_equal": False},
    "expect_column_proportion_of_non_null_values_to_be_between": {"column": "email", "min_value": 0.9},
    "expect_column_proportion_of_unique_values_to_be_between": {"column": "country", "min_value": 0.9},
    "expect_column_quantile_values_to_be_between": {
        "column": "spent", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[90, 100]]},
    },
    "expect_column_sum_to_be_between": {"column": "spent", "min_value": 1000},
    "expect_column_unique_value_count_to_be_between": {"column": "country", "max_value": 1},
    "expect_column_value_lengths_to_be_between": {"column": "email", "max_value": 3},
    "expect_column_value_lengths_to_equal": {"column": "email", "value": 2},
    "expect_column_values_to_be_between": {"column": "spent", "min_value": 6},
    "expect_column_values_to_be_in_set": {"column": "email", "value_set": ["nobody"]},
    "expect_column_values_to_be_null": {"column": "email"},
    "expect_column_values_to_not_be_in_set": {"column": "country", "value_set": ["NL"]},
    "expect_column_values_to_not_be_null": {"column": "email"},
    "expect_table_row_count_to_be_between": {"min_value": 4},
}  # fmt: skip


def one(kind: str, arguments: dict[str, Any], table: str = "profiles.people") -> Expectation:
    words = {"description": "words", "owner": "team", "fix": "words"}
    return Expectation.model_validate({"table": table, "expect": kind, "with": arguments} | words)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warehouse") / "warehouse_full.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema profiles; create schema segments")
        con.execute(f"""create table profiles.people as select * from (values
            ('{CANARY}', 'NL', 2, 5::decimal(18, 4), date '2026-01-01', date '2026-01-01', null::varchar),
            ('b@mail.example', 'NL', 3, 60, date '2026-01-01', date '2026-03-01', null),
            (null, 'BE', 4, 7.5, date '2026-02-01', date '2026-02-01', null)
        ) as people(email, country, orders, spent, first_day, last_day, gender)""")
        con.execute("create table segments.sizes as select 3 as people")
    path.chmod(0o400)
    return path


@pytest.fixture(scope="module")
def done(warehouse: Path) -> subprocess.CompletedProcess[str]:
    """Every kind once so that it holds and once so that it does not, and two that cannot be answered."""
    suite = {f"hold_{kind}": one(kind, arguments) for kind, arguments in HOLD.items()}
    suite |= {f"break_{kind}": one(kind, arguments) for kind, arguments in BREAK.items()}
    suite["other_table"] = one(
        "expect_column_sum_to_be_between", {"column": "people", "max_value": 3}, "segments.sizes"
    )
    suite["no_column"] = one("expect_column_sum_to_be_between", {"column": "nothing", "max_value": 3})
    suite["no_number"] = one("expect_column_sum_to_be_between", {"column": "email", "max_value": 3})
    said = {name: wanted.model_dump(by_alias=True) for name, wanted in suite.items()}
    command = [sys.executable, "-m", "cdp_pipeline.quality.expectations"]
    job = json.dumps({"warehouse": str(warehouse), "suite": said})
    return subprocess.run(command, input=job, capture_output=True, text=True, check=True, timeout=300)


@pytest.fixture(scope="module")
def answers(done: subprocess.CompletedProcess[str]) -> dict[str, bool | None]:
    found: dict[str, bool | None] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_every_kind_is_tried() -> None:
    """The cases below name every expectation that a suite may use."""
    assert set(HOLD) == set(BREAK) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_yes_and_no(answers: dict[str, bool | None], kind: str) -> None:
    """On DuckDB each kind that a suite may use holds where it should, and breaks where it should."""
    assert (answers[f"hold_{kind}"], answers[f"break_{kind}"]) == (True, False)


def test_tables_of_several_layers_are_asked_together(answers: dict[str, bool | None]) -> None:
    """A suite may name tables of any schema of the warehouse."""
    assert answers["other_table"] is True


def test_what_cannot_be_evaluated_is_neither_yes_nor_no(answers: dict[str, bool | None]) -> None:
    """A column that is not there, and a sum of texts, are crashes and no failures."""
    assert (answers["no_column"], answers["no_number"]) == (None, None)


def test_no_value_of_a_row_comes_out(done: subprocess.CompletedProcess[str]) -> None:
    """Neither answers nor errors of failing and crashing expectations quote a cell."""
    assert CANARY not in done.stdout
    assert CANARY not in done.stderr


def answering(monkeypatch: pytest.MonkeyPatch, returncode: int, stdout: str) -> None:
    """The process that asks is replaced by one that says `stdout`."""
    finished = subprocess.CompletedProcess([], returncode, stdout.encode())
    monkeypatch.setattr(expectations.subprocess, "run", lambda *_, **__: finished)


def test_yes_and_no_come_back_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the library prints before its answers is passed over."""
    answering(monkeypatch, 0, 'a word of the library\n{"a": true, "b": false}\n')
    wanted = one("expect_table_row_count_to_be_between", {"min_value": 1})
    assert ask(tmp_path / "warehouse_full.duckdb", {"a": wanted, "b": wanted}) == {"a": True, "b": False}


@pytest.mark.parametrize(
    ("returncode", "stdout", "told"),
    [
        (1, "", "the suite of expectations could not be evaluated"),
        (0, '{"a": true, "b": null}\n', "expectation b could not be evaluated"),
        (0, '{"a": true}\n', "expectation b could not be evaluated"),
    ],
    ids=["crashed", "one crashed", "one missing"],
)
def test_what_was_not_answered_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, returncode: int, stdout: str, told: str
) -> None:
    """No answer is no yes: publication is refused with code 4, and the expectation is named."""
    answering(monkeypatch, returncode, stdout)
    wanted = one("expect_table_row_count_to_be_between", {"min_value": 1})
    with pytest.raises(GateError, match=told) as error:
        ask(tmp_path / "warehouse_full.duckdb", {"a": wanted, "b": wanted})
    assert error.value.exit_code == 4


def test_nothing_is_imported_until_it_is_asked() -> None:
    """The library is no part of the modules that stand before it."""
    code = "import sys, cdp_pipeline.quality.candidate; print('great_expectations' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False"]
