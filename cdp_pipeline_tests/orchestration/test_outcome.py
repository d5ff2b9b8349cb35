"""What the events of a run say: checks and steps that failed, and nothing that could hold a value of a person."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import dagster as dg
import pytest

from cdp_pipeline.errors import GateError, InputError
from cdp_pipeline.orchestration.boundary import boundary
from cdp_pipeline.orchestration.outcome import Failure, RunOutcome, lines_of_failure, outcome_of

CANARY = "canary@mail.example"


def outcome(*assets: dg.AssetsDefinition, checks: tuple[dg.AssetChecksDefinition, ...] = ()) -> RunOutcome:
    """The outcome of a run over these assets."""
    definitions = dg.Definitions(assets=assets, asset_checks=checks)
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_implicit_global_asset_job_def()
        run_id = job.execute_in_process(instance=instance, raise_on_error=False).run_id
        return outcome_of(instance.all_logs(run_id))


def raising(error: Exception, name: str = "") -> dg.AssetsDefinition:
    """An asset that fails, inside the boundary when it is named."""

    @dg.asset(key=["raw", "orders"])
    def asset() -> None:
        if not name:
            raise error
        with boundary(name):
            raise error

    return asset


@dg.asset(key=["profiles", "customers"])
def customers() -> None:
    """A table."""


def check(
    name: str, severity: dg.AssetCheckSeverity, *, passed: bool, rows: int | None = 5
) -> dg.AssetChecksDefinition:
    """A check of the table, with its verdict."""

    @dg.asset_check(asset=customers, name=name)
    def judged() -> dg.AssetCheckResult:
        metadata = {} if rows is None else {"failing_rows": rows}
        return dg.AssetCheckResult(passed=passed, severity=severity, metadata=metadata)

    return judged


def test_a_run_without_trouble_says_nothing() -> None:
    """No check, no failure, and it is not called blocked."""
    empty = outcome(customers, checks=(check("fine", dg.AssetCheckSeverity.ERROR, passed=True),))
    assert (empty, empty.is_blocked) == (RunOutcome({}, ()), False)


def test_only_checks_that_block_are_told() -> None:
    """By name with their failing rows, 0 where a check failed as a whole; warnings are none."""
    checks = (
        check("counted", dg.AssetCheckSeverity.ERROR, passed=False),
        check("whole", dg.AssetCheckSeverity.ERROR, passed=False, rows=None),
        check("warned", dg.AssetCheckSeverity.WARN, passed=False),
    )
    blocked = outcome(customers, checks=checks)
    assert blocked.checks == {"counted": 5, "whole": 0}
    assert blocked.is_blocked


def test_what_the_boundary_let_through_is_told_whole() -> None:
    """Each problem is a line, with the exit code that the error asks for."""
    failed = outcome(raising(InputError(["orders.csv: no header", "people.csv: empty"]), "raw.orders"))
    expected = Failure("raw__orders", ("orders.csv: no header", "people.csv: empty"), InputError.exit_code)
    assert (failed.failures, failed.is_blocked) == ((expected,), False)


def test_a_gate_blocks_and_is_no_failure_of_a_step() -> None:
    """A run whose only trouble is that publication was refused is blocked."""
    assert outcome(raising(GateError("not published"), "publish")).is_blocked


def test_an_error_outside_of_the_boundary_is_its_class_only() -> None:
    """The text of what a library raised is never read."""
    (failure,) = outcome(raising(ValueError(CANARY))).failures
    assert failure == Failure("raw__orders", ("ValueError in raw__orders",), 1)


def of_instance(end: Callable[[dg.DagsterInstance, dg.DagsterRun], object]) -> RunOutcome:
    """The outcome of a run that somebody else than its steps ended."""

    @dg.job
    def job() -> None:
        """Nothing of it runs."""

    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        end(instance, run)
        return outcome_of(instance.all_logs(run.run_id))


def test_a_run_that_was_ended_from_outside_says_how() -> None:
    """Stopped by somebody, gone with its process, or failed without a reason."""
    stopped = of_instance(lambda instance, run: instance.report_run_canceled(run))
    assert [failure.lines for failure in stopped.failures] == [("it was stopped",)]
    (gone,) = of_instance(lambda instance, run: instance.report_run_failed(run, message="its process is gone")).failures
    assert "killed by force" in gone.lines[0]
    (failed,) = of_instance(lambda instance, run: instance.report_run_failed(run, message="x")).failures
    assert failed == Failure("", ("the run failed",), 1)


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_run_refused_before_its_first_step_gives_its_reason(is_ours: bool) -> None:
    """The resource of a run speaks through the boundary; what came past it is its class."""

    @dg.resource
    def refused(_: dg.InitResourceContext) -> None:
        if not is_ours:
            raise ValueError(CANARY)
        with boundary("run"):
            raise InputError("two\nlines")

    @dg.asset(required_resource_keys={"run"})
    def anything() -> None:
        """Is never made."""

    definitions = dg.Definitions(assets=[anything], resources={"run": refused})
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_implicit_global_asset_job_def()
        run_id = job.execute_in_process(instance=instance, raise_on_error=False).run_id
        (failure,) = outcome_of(instance.all_logs(run_id)).failures
    assert failure == Failure("", ("two", "lines") if is_ours else ("ValueError in the run",))


@pytest.mark.parametrize(
    ("name", "message", "lines"),
    [
        ("Failure", "dagster._core.definitions.events.Failure: one\ntwo\n", ["one", "two"]),
        ("Failure", "Failure: Failure: once\n", ["Failure: once"]),
        ("ValueError", f"ValueError: {CANARY}", []),
    ],
)
def test_the_lines_of_a_failure_are_without_its_class(name: str, message: str, lines: list[str]) -> None:
    """Once, at the beginning; of an error that did not pass the boundary there is no line."""
    assert lines_of_failure(SimpleNamespace(cls_name=name, message=message)) == lines
