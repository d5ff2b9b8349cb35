"""What `cdp run` shows: layers in order, failures in plain words, the exit code of the worst."""

from __future__ import annotations

import io
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from cdp_pipeline.errors import KeyMismatchError
from cdp_pipeline.orchestration.boundary import boundary
from cdp_pipeline.orchestration.progress import Progress


@dg.asset(key=["staging", "people"], check_specs=[dg.AssetCheckSpec("known", asset=["staging", "people"])])
def people():
    """Twelve hundred rows, taken over, with a warning."""
    yield dg.MaterializeResult(metadata={"dagster/row_count": 1200, "unchanged_so_reused": dg.MetadataValue.bool(True)})
    yield dg.AssetCheckResult(
        check_name="known", passed=False, severity=dg.AssetCheckSeverity.WARN, metadata={"failing_rows": 3}
    )


@dg.asset(key=["profiles", "customers"], deps=[people])
def customers() -> dg.MaterializeResult:
    """Eight rows."""
    return dg.MaterializeResult(metadata={"dagster/row_count": 8})


@dg.asset(key=["publish", "published"], deps=[customers])
def published() -> dg.MaterializeResult:
    """The swap."""
    return dg.MaterializeResult(metadata={"snapshot": "20260630T020000-first"})


@dg.asset(key=["profiles", "refused"], deps=[people])
def refused() -> None:
    """A mistake of the user."""
    with boundary("profiles.refused"):
        raise KeyMismatchError(["the key is another one", "set CDP_KEY"])


@dg.asset(key=["profiles", "broken"], deps=[people])
def broken() -> None:
    """A mistake of ours, outside of any boundary."""
    raise ValueError("canary@mail.example")


@dg.asset_check(asset=customers, name="sums_agree", blocking=True)
def sums_agree() -> dg.AssetCheckResult:
    """A check that blocks."""
    return dg.AssetCheckResult(passed=False, metadata={"failing_rows": 5})


def watched(*assets: dg.AssetsDefinition, checks: tuple[dg.AssetChecksDefinition, ...] = ()):
    """What a run of these assets makes of a Progress, and the lines it printed on no terminal."""
    out = io.StringIO()
    progress = Progress(Console(file=out, width=120))
    with dg.DagsterInstance.ephemeral() as instance, progress:
        job = dg.Definitions(assets=assets, asset_checks=checks).resolve_implicit_global_asset_job_def()
        run = job.execute_in_process(instance=instance, raise_on_error=False)
        for entry in instance.all_logs(run.run_id):
            progress.listen(entry)
    return progress, out.getvalue()


def shown(progress: Progress) -> list[list[str]]:
    out = io.StringIO()
    Console(file=out, width=120).print(progress.table())
    return [line.split() for line in out.getvalue().splitlines()]


def test_a_run_is_a_line_a_layer() -> None:
    """Tables, what was reused, rows, checks and seconds, in the order of the layers."""
    progress, printed = watched(people, customers, published)
    assert [row[:6] for row in shown(progress)][1:] == [
        ["staging", "1", "1", "1,200", "1", "(1"],
        ["profiles", "1", "0", "8", "0", shown(progress)[2][5]],
        ["publish", "1", "0", "0", "0", shown(progress)[3][5]],
    ]
    assert printed.splitlines() == ["staging.people: 1200 rows", "profiles.customers: 8 rows", "publish.published"]
    assert progress.snapshot == "20260630T020000-first"


def test_a_warning_is_told_and_is_no_failure() -> None:
    """It names check, table and rows, and the exit code stays zero."""
    progress, _ = watched(people)
    assert progress.failures == ["warning: check known on staging.people: 3 rows"]
    assert progress.exit_code == 0


def test_a_blocking_check_ends_with_its_exit_code() -> None:
    """Publication is refused: code 4, and the check is named."""
    progress, _ = watched(people, customers, published, checks=(sums_agree,))
    assert "blocks publication: check sums_agree on profiles.customers: 5 rows" in progress.failures
    assert progress.exit_code == 4
    assert progress.snapshot == ""


def test_a_mistake_of_the_user_is_told_line_by_line() -> None:
    """Every line of the error, once, with the error's own exit code."""
    progress, _ = watched(people, refused)
    assert progress.failures.count("the key is another one") == 1
    assert "set CDP_KEY" in progress.failures
    assert progress.exit_code == KeyMismatchError.exit_code


def test_what_a_step_said_is_not_said_again_by_the_run() -> None:
    """Dagster tells a failure twice, the second time with the name of its own class before it."""
    progress, _ = watched(people, refused)
    assert [line for line in progress.failures if not line.startswith("warning")] == [
        "the key is another one",
        "set CDP_KEY",
    ]


def test_any_other_error_is_told_without_its_text() -> None:
    """Its class and where to look; never what it says, which may be about a person."""
    progress, printed = watched(people, broken)
    assert progress.exit_code == 1
    assert any("ValueError" in line for line in progress.failures)
    assert "canary" not in "\n".join([*progress.failures, printed])


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_gets_a_table_and_a_file_gets_lines(is_terminal: bool, tmp_path: Path) -> None:
    """On a terminal the table is drawn over and over; elsewhere nothing is drawn twice."""
    out = io.StringIO()
    with Progress(Console(file=out, force_terminal=is_terminal, width=100)) as progress:
        progress._layer("staging").tables += 1
    assert ("layer" in out.getvalue()) == is_terminal
