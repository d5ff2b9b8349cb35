"""Steps and checks in Dagster: what it is told, and what it never hears."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from cdp_pipeline.errors import CdpError, GateError
from cdp_pipeline.orchestration.assets import check_asset, owner_of, step_asset
from cdp_pipeline.orchestration.boundary import boundary
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, Table
from cdp_pipeline_tests.small_run import small_run

CANARY = "canary@mail.example"


def small_pipeline(fail: BaseException | None = None, failing: int = 0) -> Pipeline:
    """Two tables, one made from the other, with a check on each and one across both."""

    def first(run: Run) -> Outcome:
        with run.connect() as con:
            run.write(con, "staging.people", f"select 'p1' as person_id, '{CANARY}' as email", ["person_id"])
        return {"staging.people": {"addresses": 1}}

    def second(run: Run) -> Outcome:
        if fail:
            raise fail
        with run.connect("staging.people") as con:
            run.write(con, "profiles.customers", "select person_id from staging.people", ["person_id"])
        return {}

    sql = "select person_id as person_id from staging.people"
    people = Table("staging.people", "Records", {"person_id": "Person", "email": "Address"}, grain=("person_id",))
    customers = Table("profiles.customers", "People", {"person_id": "Person"}, "crm team", sql=sql)
    check = Check(
        "sums_agree",
        "profiles.customers",
        "Sums agree",
        f"select 1 as a from profiles.customers, staging.people, range({failing})",
        ("profiles.customers", "staging.people"),
        fix="Look again",
    )
    own = Check(
        "people_are_known",
        "staging.people",
        "All known",
        "select 1 as a from staging.people where person_id is null",
        ("staging.people",),
        "warn",
    )
    return Pipeline(
        (Step((people,), (), first, "1"), Step((customers,), ("staging.people",), second, "1")), (own, check)
    )


def execute(run: Run, pipeline: Pipeline) -> tuple[dg.ExecuteInProcessResult, str]:
    """Run all assets and checks; the result, and everything that Dagster has stored of it."""
    assets = [step_asset(step, pipeline) for step in pipeline.steps]
    checks = [check_asset(name, found) for name, found in pipeline.checks_across().items()]
    with dg.DagsterInstance.ephemeral() as instance:
        job = dg.Definitions(
            assets=assets, asset_checks=checks, resources={"run": dg.ResourceDefinition.hardcoded_resource(run)}
        ).resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        stored = "\n".join(str(entry) for entry in instance.all_logs(result.run_id))
    return result, stored


def test_an_asset_is_told_in_numbers(tmp_path: Path) -> None:
    """Rows, schema with words and lineage, numbers, data version: and no value of a row."""
    run = small_run(tmp_path)
    result, stored = execute(run, small_pipeline())
    assert result.success
    events = {event.asset_key.path[1]: event.materialization for event in result.get_asset_materialization_events()}
    people = events["people"].metadata
    assert people["dagster/row_count"].value == 1
    assert people["addresses"].value == 1
    assert people["unchanged_so_reused"].value is False
    columns = events["customers"].metadata["dagster/column_schema"].value.columns
    assert [(c.name, c.description) for c in columns] == [("person_id", "Person ← staging.people.person_id")]
    assert run.digest("staging.people") in str(events["people"].tags)
    assert CANARY not in stored


def test_a_second_run_says_what_was_reused(tmp_path: Path) -> None:
    """Nothing changed: the assets are there again, marked as taken over."""
    run = small_run(tmp_path)
    execute(run, small_pipeline())
    result, _ = execute(run, small_pipeline())
    found = result.get_asset_materialization_events()
    assert [event.materialization.metadata["unchanged_so_reused"].value for event in found] == [True, True]


def test_checks_are_told_and_recorded(tmp_path: Path) -> None:
    """Each check is evaluated once, its verdict is in the manifest, and a failing error stops the run."""
    run = small_run(tmp_path)
    result, _ = execute(run, small_pipeline())
    assert {e.check_name: e.passed for e in result.get_asset_check_evaluations()} == {
        "sums_agree": True,
        "people_are_known": True,
    }
    result, _ = execute(run, small_pipeline(failing=3))
    verdicts = {e.check_name: e for e in result.get_asset_check_evaluations()}
    assert not verdicts["sums_agree"].passed
    assert verdicts["sums_agree"].metadata["failing_rows"].value == 3
    assert not run.manifest().checks["sums_agree"].passed
    assert run.manifest().checks["people_are_known"].passed


class PanicError(BaseException):
    """As the Rust code of a library ends: no Exception."""


ERRORS = [
    PanicError(CANARY),
    duckdb.ConversionException(f"Could not convert string '{CANARY}' to INT32"),
    ValueError(CANARY),
    KeyError(CANARY),
    ExceptionGroup(CANARY, [ValueError(CANARY)]),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_value_in_an_error_never_reaches_dagster(
    tmp_path: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of an unexpected error its class and place are stored: not its message, cause or context."""
    monkeypatch.delenv("CDP_SHOW_ERRORS", raising=False)
    try:
        raise RuntimeError(CANARY)
    except RuntimeError as cause:
        error.__cause__ = cause
        error.__context__ = cause
    result, stored = execute(small_run(tmp_path), small_pipeline(fail=error))
    assert not result.success
    assert CANARY not in stored
    assert f"profiles.customers: {type(error).__name__} at test_assets.py:" in stored
    assert CANARY not in "".join(capfd.readouterr())


def test_a_real_error_of_duckdb_is_kept_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB quotes the value it stumbled over; the stored failure does not."""
    monkeypatch.delenv("CDP_SHOW_ERRORS", raising=False)

    def broken(run: Run) -> Outcome:
        with run.connect("staging.people") as con:
            run.write(con, "profiles.customers", "select email::int as email from staging.people", [])
        return {}

    pipeline = small_pipeline()
    steps = (pipeline.steps[0], replace(pipeline.steps[1], run=broken))
    result, stored = execute(small_run(tmp_path), Pipeline(steps, pipeline.checks))
    assert not result.success
    assert CANARY not in stored
    assert "ConversionException at lake.py:" in stored


def test_what_libraries_say_is_not_heard(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Prints, warnings, log lines and what native code writes stay inside; afterwards all of them work again."""
    monkeypatch.delenv("CDP_SHOW_ERRORS", raising=False)

    def talk() -> None:
        print(CANARY)
        print(CANARY, file=sys.stderr)
        warnings.warn(CANARY, stacklevel=1)
        logging.getLogger("a.library").error(CANARY)
        os.write(2, CANARY.encode())

    with boundary("anything"):
        talk()
    assert "".join(capfd.readouterr()) == ""
    with pytest.warns(UserWarning, match="canary"):
        talk()
    out, err = capfd.readouterr()
    assert out.count(CANARY) == 1
    assert err.count(CANARY) >= 2


def test_a_message_for_the_user_goes_through() -> None:
    """A CdpError is told whole, with its exit code, and is not tried again."""
    with pytest.raises(dg.Failure) as failure, boundary("anything"):
        raise GateError(["first", "second"])
    assert failure.value.description == "first\nsecond"
    assert failure.value.metadata["exit_code"].value == GateError.exit_code
    assert not failure.value.allow_retries
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__


def test_errors_are_shown_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """CDP_SHOW_ERRORS=1 is for development on invented data: then the error comes as it is."""
    monkeypatch.setenv("CDP_SHOW_ERRORS", "1")
    with pytest.raises(ValueError, match="canary"), boundary("anything"):
        raise ValueError(CANARY)
    with pytest.raises(dg.Failure), boundary("anything"):
        raise CdpError("told")


def test_an_interrupt_is_no_failure() -> None:
    """Ctrl-C and the end of the process pass the boundary untouched."""
    with pytest.raises(KeyboardInterrupt), boundary("anything"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        ("webshop team <shop@example.org>", "shop@example.org"),
        ("CRM team", "team:crm_team"),
        ("Team: Data & Insights", "team:team_data_insights"),
    ],
)
def test_an_owner_as_dagster_wants_it(owner: str, shown: str) -> None:
    """An address where there is one, else a team name that Dagster accepts."""
    assert owner_of(owner) == shown
