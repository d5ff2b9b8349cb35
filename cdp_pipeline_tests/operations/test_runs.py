"""What became of a run, in the words of an alert.

What belongs here: runs of small graphs on an instance of their own. What does not: a whole nightly run
(acceptance/test_bad_nights.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from cdp_pipeline.errors import BusyError, InputError
from cdp_pipeline.operations.alerts import Alert, read_alerts
from cdp_pipeline.operations.runs import alert_of_run, tell_of_run, tell_of_runs, telling_of_refusal
from cdp_pipeline.orchestration.boundary import boundary
from cdp_pipeline.orchestration.instance import open_instance
from cdp_pipeline.orchestration.outcome import outcome_of
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Alerts, Settings
from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.run.steps import Step, Table

CANARY = "canary@mail.example"
PROJECT = Project(Path("project"), Settings(name="test", alerts=Alerts(owner="night team")))
PIPELINE = Pipeline(
    steps=(
        Step((Table("raw.orders", "Orders", owner="webshop team <shop@example.org>"),), (), lambda run: {}, "1"),
        Step((Table("profiles.customers", "People", owner="analysts"),), (), lambda run: {}, "1"),
    ),
    checks=(
        Check(
            name="sums_agree",
            asset="profiles.customers",
            description="Sums agree",
            sql="select 1",
            reads=("profiles.customers",),
            owner="finance team",
            fix="see staging.reconciliation",
        ),
    ),
)


@dg.asset(key=["raw", "orders"], op_tags={})
def unreadable() -> None:
    """A file that cannot be used."""
    with boundary("raw.orders"):
        raise InputError("orders_export.csv: header lacks the column Name")


@dg.asset(key=["profiles", "customers"])
def customers() -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Eight rows."""
    return dg.MaterializeResult(metadata={"dagster/row_count": 8})


@dg.asset_check(asset=customers, name="sums_agree", blocking=True)
def sums_agree() -> dg.AssetCheckResult:
    """A check that blocks."""
    return dg.AssetCheckResult(passed=False, metadata={"failing_rows": 5})


@dg.asset(key=["publish", "published"], deps=[customers])
def published() -> None:
    """The swap."""


@dg.asset(key=["raw", "orders"])
def broken() -> None:
    """A mistake of ours, behind the boundary."""
    with boundary("raw.orders"):
        raise ValueError(CANARY)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A history of its own, in memory."""
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def run(
    instance: dg.DagsterInstance, *assets: dg.AssetsDefinition, checks: tuple[dg.AssetChecksDefinition, ...] = ()
) -> dg.DagsterRun:
    """A run of the job `nightly` over these assets; returns what the instance knows of it."""
    definitions = dg.Definitions(
        assets=assets, asset_checks=checks, jobs=[dg.define_asset_job("nightly", executor_def=dg.in_process_executor)]
    )
    job = definitions.resolve_job_def("nightly")
    done = job.execute_in_process(instance=instance, raise_on_error=False, tags={"cdp/as_of": "2026-07-01"})
    found = instance.get_run_by_id(done.run_id)
    assert found is not None
    return found


def alert_of(instance: dg.DagsterInstance, found: dg.DagsterRun) -> Alert:
    outcome = outcome_of(instance.all_logs(found.run_id))
    return alert_of_run(outcome, found.run_id, "2026-07-01", PROJECT, PIPELINE)


def test_a_blocking_check_is_told_with_its_owner_and_cure(instance: dg.DagsterInstance) -> None:
    """The alert says which check failed on how many rows, whose it is, and what its file says to do."""
    alert = alert_of(instance, run(instance, customers, published, checks=(sums_agree,)))
    assert alert.kind == "blocked"
    (cause,) = alert.causes
    assert cause.what == "check sums_agree failed on 5 rows of profiles.customers"
    assert (cause.owner, cause.fix) == ("finance team", "see staging.reconciliation")
    assert alert.next_step == "cdp run --as-of 2026-07-01"


def test_a_file_is_told_with_the_owner_of_its_source(instance: dg.DagsterInstance) -> None:
    """A file that stops the run is its source's: the people who deliver it are named."""
    alert = alert_of(instance, run(instance, unreadable))
    assert alert.kind == "failed"
    (cause,) = alert.causes
    assert cause.what.startswith("raw.orders: ")
    assert "orders_export.csv: header lacks the column Name" in cause.what
    assert cause.owner == "webshop team <shop@example.org>"
    assert "deliver the file again" in cause.fix


def test_an_unexpected_error_is_told_without_its_text(instance: dg.DagsterInstance) -> None:
    """Class and place only: libraries quote the value they stumbled over."""
    alert = alert_of(instance, run(instance, broken))
    assert alert.kind == "failed"
    assert "ValueError" in alert.text
    assert CANARY not in alert.text
    assert "cdp doctor" in alert.causes[0].fix


def test_without_the_project_somebody_is_named_all_the_same(instance: dg.DagsterInstance) -> None:
    """When the project cannot be read any more, whoever owns the nights is told."""
    found = run(instance, customers, published, checks=(sums_agree,))
    alert = alert_of_run(outcome_of(instance.all_logs(found.run_id)), found.run_id, "2026-07-01", PROJECT, None)
    assert [cause.owner for cause in alert.causes] == ["night team"]
    assert all(cause.fix for cause in alert.causes)


def test_a_run_is_told_of_once(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    """The command that ran it and the sensor that sees it later make one alert."""
    found = run(instance, unreadable)
    for _ in range(2):
        assert tell_of_run(instance, found, tmp_path / "data", PROJECT, PIPELINE) == []
    assert [entry["event"] for entry in read_alerts(tmp_path / "data")] == [f"run:{found.run_id}"]


def test_a_refused_run_is_told_and_still_fails(tmp_path: Path) -> None:
    """A run that another one keeps from starting raises as before, and leaves an alert with the cure."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "project.yml").write_text("name: test\nalerts: {owner: night team}\n")
    said: list[str] = []
    with pytest.raises(BusyError), telling_of_refusal(tmp_path, project, "2026-07-01", said.append):
        raise BusyError("another run works here")
    (entry,) = read_alerts(tmp_path)
    assert said == []
    assert (entry["kind"], entry["night"]) == ("did_not_start", "2026-07-01")
    assert "another run works here" in str(entry["text"])
    assert "night team" in str(entry["text"])
    assert "cdp doctor" in str(entry["text"])


def test_a_run_refused_at_its_start_is_told_with_its_reason(instance: dg.DagsterInstance) -> None:
    """A wrong key, or a second run, stops a run of the UI before its first step: the alert says so."""

    @dg.resource
    def refused(_: dg.InitResourceContext) -> None:
        with boundary("run"):
            raise BusyError("another run works here (process 1)")

    @dg.asset(key=["raw", "anything"], required_resource_keys={"run"})
    def anything() -> None:
        """Is never made."""

    job = dg.define_asset_job("nightly", executor_def=dg.in_process_executor)
    definitions = dg.Definitions(assets=[anything], jobs=[job], resources={"run": refused})
    done = definitions.resolve_job_def("nightly").execute_in_process(instance=instance, raise_on_error=False)
    found = instance.get_run_by_id(done.run_id)
    assert found is not None
    alert = alert_of(instance, found)
    assert alert.kind == "failed"
    assert "another run works here (process 1)" in alert.causes[0].what
    assert alert.causes[0].owner == "night team"


@pytest.mark.parametrize(
    ("error", "cure"),
    [(BusyError("busy"), "wait for the other run"), (InputError("no file"), "deliver the file again"),
     (ValueError(CANARY), "look at the run in cdp ui")],
)  # fmt: skip
def test_a_refusal_has_the_cure_of_its_kind(tmp_path: Path, error: Exception, cure: str) -> None:
    """By the exit code of what refused the run; trouble with telling is said, and the text of a library is not."""
    (tmp_path / "project.yml").write_text("name: test\nalerts: {webhook_env: CDP_NO_SUCH_VARIABLE}\n")
    lines: list[str] = []
    with pytest.raises(type(error)), telling_of_refusal(tmp_path, tmp_path, "2026-07-01", lines.append):
        raise error
    (entry,) = read_alerts(tmp_path)
    assert entry["causes"][0]["fix"].startswith(cure)
    assert CANARY not in str(entry)
    assert lines == ["the alert could not be sent by webhook (KeyError); it stands in alerts.jsonl"]


def test_a_command_that_was_mistyped_tells_nobody(tmp_path: Path) -> None:
    """Without a data folder no night was missed, and none is made."""
    with pytest.raises(BusyError), telling_of_refusal(tmp_path / "no", tmp_path, "2026-07-01", lambda line: None):
        raise BusyError("busy")
    assert not (tmp_path / "no").exists()


def test_runs_are_told_of_by_their_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `cdp run` does with its own failure, and with a run before it that was killed; an unknown id is nobody's."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    project = tmp_path / "project"
    project.mkdir()
    (project / "project.yml").write_text("name: test\nalerts: {owner: night team}\n")
    with open_instance(tmp_path) as history:
        failed = run(history, unreadable)
    assert tell_of_runs([failed.run_id, "no such run"], tmp_path, project) == []
    (entry,) = read_alerts(tmp_path)
    assert "orders_export.csv" in str(entry["text"])
    assert "owner: night team" in str(entry["text"])
