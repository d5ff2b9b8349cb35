"""The last checks stand between the finished warehouse and its publication, also as Dagster runs them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from cdp_pipeline.orchestration.assets import candidate_check_asset, publishing_assets, step_asset
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.shapes import Expectation
from cdp_pipeline.quality import candidate
from cdp_pipeline.quality.candidate import candidate_checks
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.steps import Outcome, Step, Table
from cdp_pipeline_tests.small_run import put, small_run


def expectation(severity: str) -> Expectation:
    return Expectation.model_validate({
        "table": "profiles.people", "expect": "expect_table_row_count_to_be_between", "with": {"min_value": 9},
        "description": "There are people", "severity": severity, "owner": "crm team", "fix": "See what came in",
    })  # fmt: skip


def night(run: Run) -> dg.ExecuteInProcessResult:
    """The last part of a run as Dagster does it: a table, the warehouses, the last checks, publication."""

    def write(run: Run) -> Outcome:
        with run.connect() as con:
            run.write(con, "profiles.people", "select 'P1' as person_id", ["person_id"])
            run.write(con, "activation.receipts", "select null::varchar as file, null::varchar as sha256", [])
        return {}

    tables = (Table("profiles.people", "People"), Table("activation.receipts", "Receipts"))
    pipeline = Pipeline((Step(tables, (), write, "1"),), (), candidate_checks(run.project))
    assets = [*(step_asset(step, pipeline) for step in pipeline.steps), *publishing_assets(pipeline)]
    resources = {"run": dg.ResourceDefinition.hardcoded_resource(run)}
    definitions = dg.Definitions(assets=assets, asset_checks=[candidate_check_asset(pipeline)], resources=resources)
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=instance, raise_on_error=False)


@pytest.mark.parametrize(("severity", "is_published"), [("error", False), ("warn", True)])
def test_an_expectation_that_breaks_stops_what_it_says_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, severity: str, is_published: bool
) -> None:
    """`error` keeps everything from being published, `warn` is told; both name owner and cure on the page."""
    made = small_run(tmp_path)
    run = replace(made, project=replace(made.project, expectations={"people_are_there": expectation(severity)}))
    monkeypatch.setattr(candidate, "ask", lambda warehouse, suite: dict.fromkeys(suite, False))
    result = night(run)
    told = {found.check_name: found for found in result.get_asset_check_evaluations()}
    assert not told["people_are_there"].passed
    assert told["people_are_there"].metadata["fix"].value == "See what came in"
    assert told["people_are_there"].metadata["owner"].value == "crm team"
    assert result.success == is_published
    snapshot = published_snapshot(tmp_path)
    assert (snapshot is not None) == is_published
    page = ((snapshot or run.folder) / "reports" / "checks.html").read_text(encoding="utf-8")
    assert "See what came in" in page


def test_every_expectation_is_a_check_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite is asked once, and each expectation answers for itself."""
    made = small_run(tmp_path)
    suite = {name: expectation("error") for name in ("first", "second")}
    run = replace(made, project=replace(made.project, expectations=suite))
    asked: list[list[str]] = []

    def ask(warehouse: Path, wanted: dict[str, Expectation]) -> dict[str, bool]:
        asked.append(sorted(wanted))
        return {"first": True, "second": False}

    monkeypatch.setattr(candidate, "ask", ask)
    told = {found.check_name: found.passed for found in night(run).get_asset_check_evaluations()}
    assert asked == [["first", "second"]]
    assert (told["first"], told["second"], told["tables_are_as_made"]) == (True, False, True)


def test_what_an_earlier_project_made_stands_in_no_way(tmp_path: Path) -> None:
    """A table whose model is gone is neither counted as missing from the warehouses nor published."""
    run = small_run(tmp_path)
    put(run, "profiles.former", "select 'P1' as person_id")
    result = night(run)
    told = {found.check_name: found.passed for found in result.get_asset_check_evaluations()}
    assert told["warehouses_hold_every_row"]
    snapshot = published_snapshot(tmp_path)
    assert snapshot is not None
    assert set(read_manifest(snapshot).tables) == {"profiles.people", "activation.receipts"}
    assert sorted(path.name for path in (snapshot / "profiles").iterdir()) == ["people.parquet"]
