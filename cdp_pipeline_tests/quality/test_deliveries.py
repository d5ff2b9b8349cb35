"""Checks on how a source delivers: written from its YAML, with its owner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.project.project import read_project
from cdp_pipeline.project.shapes import Expect
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.quality.deliveries import DRIFT, delivery_checks
from cdp_pipeline.run.lake import Run
from cdp_pipeline_tests.small_run import put, small_run

SQL = Path(__file__).parents[2] / "dbt_like_sql"
USUAL = {
    "source": "'shopify_orders'", "is_new": "true", "hours_old": "5", "rows_now": "100", "rows_usually": "100.0",
    "new_columns": "''", "gone_columns": "''",
}  # fmt: skip


def run_with(folder: Path, expect: dict[str, Any], **drift: str) -> Run:
    """A run whose newest delivery of shopify_orders is as usual but for `drift`, with this `expect` in its YAML."""
    whole = read_project(SQL)
    source = whole.sources["shopify_orders"].model_copy(update={"expect": Expect.model_validate(expect)})
    project = replace(whole, sources={"shopify_orders": source})
    run = small_run(folder, project=project)
    put(run, DRIFT, "select " + ", ".join(f"{value} as {name}" for name, value in (USUAL | drift).items()))
    return run


def failing(run: Run) -> list[str]:
    verdicts = evaluate(run, delivery_checks(run.project))
    return [name.removeprefix("shopify_orders_") for name, verdict in verdicts.items() if not verdict.passed]


@pytest.mark.parametrize(
    ("drift", "found"),
    [
        ({}, []),
        ({"new_columns": "'Colour'"}, ["columns_as_before"]),
        ({"gone_columns": "'Email'"}, ["columns_as_before"]),
        ({"gone_columns": "'Email'", "is_new": "false"}, []),
        ({"rows_now": "24"}, ["rows_as_usual"]),
        ({"rows_now": "25"}, []),
        ({"rows_now": "400"}, []),
        ({"rows_now": "401"}, ["rows_as_usual"]),
        ({"rows_now": "1", "rows_usually": "null::decimal(18, 1)"}, []),
        ({"rows_now": "1", "is_new": "false"}, []),
        ({"hours_old": "24"}, []),
        ({"hours_old": "25"}, ["is_fresh"]),
        ({"source": "'other'", "hours_old": "25"}, []),
    ],
    ids=str,
)
def test_a_delivery_unlike_those_before_it_is_told(tmp_path: Path, drift: dict[str, str], found: list[str]) -> None:
    """Columns that came or went, four times or a quarter of the rows, and nothing within the hours promised."""
    assert failing(run_with(tmp_path, {"every_hours": 24}, **drift)) == found


def test_how_much_is_usual_is_said_by_the_source(tmp_path: Path) -> None:
    """`rows_within` moves the bounds, and without `every_hours` no delivery is late."""
    assert failing(run_with(tmp_path / "a", {"rows_within": 2}, rows_now="49", hours_old="9999")) == ["rows_as_usual"]
    assert failing(run_with(tmp_path / "b", {"rows_within": 10}, rows_now="11")) == []


def test_a_check_has_severity_owner_and_cure(tmp_path: Path) -> None:
    """Warnings by default, blocking where the YAML says so; whose they are is whose the source is."""
    run = run_with(tmp_path, {"every_hours": 24, "late": "error"})
    checks = delivery_checks(run.project)
    assert {check.name.removeprefix("shopify_orders_"): check.severity for check in checks} == {
        "columns_as_before": "warn", "rows_as_usual": "warn", "is_fresh": "error",
    }  # fmt: skip
    assert all(check.owner == run.project.sources["shopify_orders"].owner and check.fix for check in checks)


def test_a_project_without_the_model_has_no_such_checks(tmp_path: Path) -> None:
    """What deliveries are held against is a model; a project may do without it."""
    run = run_with(tmp_path, {})
    assert delivery_checks(replace(run.project, models={})) == ()
