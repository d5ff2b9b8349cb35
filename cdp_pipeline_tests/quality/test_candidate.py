"""The last checks before publication: what changed after it was made, and mistakes in the suite."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.project.shapes import Expectation
from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.quality.candidate import candidate_checks, evaluate_candidate
from cdp_pipeline.quality.suite import mistakes
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Table
from cdp_pipeline_tests.small_run import put, small_run

PEOPLE = Table("profiles.people", "People", {"person_id": "Person", "orders": "Orders"})
TABLES = {"profiles.people": PEOPLE}


def expectation(**changes: Any) -> Expectation:
    """One expectation of profiles.people, with some keys changed."""
    said = {
        "table": "profiles.people", "expect": "expect_column_values_to_be_between",
        "with": {"column": "orders", "min_value": 0}, "description": "Nobody ordered less than nothing",
        "owner": "shop", "fix": "Look at the orders",
    }  # fmt: skip
    return Expectation.model_validate(said | changes)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """One table, one audience file with its receipt, and both warehouse files."""
    made = small_run(tmp_path)
    put(made, "profiles.people", "select 'P1' as person_id, 2 as orders union all select 'P2', 3", ["person_id"])
    file = made.folder / "activation" / "shop" / "all.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"email\n")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    put(made, "activation.receipts", f"select 'activation/shop/all.csv' as file, '{sha256}' as sha256")
    build_warehouse(made, TABLES | {"activation.receipts": Table("activation.receipts", "Receipts")})
    return made


def failed(run: Run) -> dict[str, int]:
    """The checks on the whole run that fail, with what they counted."""
    checks = candidate_checks(run.project)
    return {name: v.failing_rows for name, v in evaluate_candidate(run, checks).items() if not v.passed}


def test_an_untouched_run_passes(run: Run) -> None:
    """Tables, warehouses and audience files as they were made give no failure."""
    assert failed(run) == {}


def test_a_table_changed_behind_the_back_is_counted(run: Run) -> None:
    """Equal in rows, but not in bytes: the digest tells."""
    with run.connect() as con:
        run.write(
            con, "profiles.people", "select 'P1' as person_id, 2 as orders union all select 'P2', 4", ["person_id"]
        )
    assert failed(run) == {"tables_are_as_made": 1}


def test_a_warehouse_of_another_state_is_counted(run: Run) -> None:
    """Both files are held against the rows of the run, and a missing file misses every table."""
    put(run, "profiles.people", "select 'P1' as person_id, 2 as orders", ["person_id"])
    assert failed(run) == {"warehouses_hold_every_row": 2}
    (run.folder / "warehouse.duckdb").unlink()
    assert failed(run) == {"warehouses_hold_every_row": 3}


def test_an_audience_file_changed_or_gone_is_counted(run: Run) -> None:
    """What would be delivered has to be what the gates let through."""
    file = run.folder / "activation" / "shop" / "all.csv"
    file.write_bytes(b"email\nsomebody@mail.example\n")
    assert failed(run) == {"audience_files_are_as_made": 1}
    file.unlink()
    assert failed(run) == {"audience_files_are_as_made": 1}


def test_a_verdict_is_void_once_any_table_is_made_anew(run: Run) -> None:
    """A check of the whole run looked at every table; publication then asks for it again."""
    checks = candidate_checks(run.project)
    run.record_checks(evaluate_candidate(run, checks))
    assert run.manifest().refused([check.name for check in checks]) == []
    put(run, "profiles.people", "select 'P9' as person_id, 2 as orders", ["person_id"])
    assert (
        "check tables_are_as_made ran before its tables were rebuilt: cdp run makes and checks what is missing"
        in run.manifest().refused(["tables_are_as_made"])
    )


def test_expectations_are_checks_unless_project_yml_says_no(run: Run) -> None:
    """Each becomes a check by its name, with severity, owner and cure; `expectations: false` leaves them out."""
    project = replace(run.project, expectations={"orders_count": expectation(severity="error")})
    check = next(check for check in candidate_checks(project) if check.name == "orders_count")
    assert check == Check(
        "orders_count", "publish.warehouse_candidate", "Nobody ordered less than nothing", "", ("profiles.people",),
        "error", "shop", "Look at the orders",
    )  # fmt: skip
    silent = replace(project, settings=project.settings.model_copy(update={"expectations": False}))
    assert [c.name for c in candidate_checks(silent)] == [c.name for c in candidate_checks(run.project)]


MISTAKES: Mapping[str, tuple[dict[str, Any], str]] = {
    "table": ({"table": "profiles.poeple"}, "is no table (did you mean profiles.people?)"),
    "kind": ({"expect": "expect_column_value_to_be_between"}, "(did you mean expect_column_values_to_be_between?)"),
    "argument": ({"with": {"column": "orders", "min_valeu": 0}}, "takes no min_valeu (did you mean min_value?)"),
    "column": (
        {"with": {"column": "order", "min_value": 0}},
        "profiles.people has no column order (did you mean orders?)",
    ),
    "missing": ({"with": {"min_value": 0}}, "expect_column_values_to_be_between needs column"),
    "regex": (
        {"expect": "expect_column_values_to_match_regex"},
        "unknown expectation expect_column_values_to_match_regex",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_the_suite_is_told_before_anything_runs(run: Run, case: str) -> None:
    """Table, kind, arguments and columns are held against what there is, with the nearest name."""
    changes, told = MISTAKES[case]
    project = replace(run.project, expectations={"orders_count": expectation(**changes)})
    problems = mistakes(project, TABLES)
    assert [problem for problem in problems if "expectations.yml: orders_count: " in problem and told in problem]


def test_a_suite_without_mistakes_is_accepted(run: Run) -> None:
    """A name that SQL takes, a known table, kind, arguments and columns."""
    assert mistakes(replace(run.project, expectations={"orders_count": expectation()}), TABLES) == []
    assert mistakes(replace(run.project, expectations={"Orders!": expectation()}), TABLES) != []
