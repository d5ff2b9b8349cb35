"""What `cdp plan` says of a run that nobody has started."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.operations.plan import plan
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, Table, perform
from cdp_pipeline_tests.small_run import small_run


def step(name: str, *reads: str, version: str = "1", uses_as_of: bool = False) -> Step:
    """A step that writes one row."""

    def write(run: Run) -> Outcome:
        with run.connect() as con:
            run.write(con, name, f"select '{name}' as name, '{version}' as version", ["name"])
        return {}

    return Step((Table(name, "One row"),), reads, write, version, uses_as_of=uses_as_of)


PEOPLE, CUSTOMERS = step("staging.people"), step("profiles.customers", "staging.people")
AGES, PAGES = step("profiles.ages", "staging.people", uses_as_of=True), step("reports.pages", "profiles.ages")
STEPS = (PEOPLE, CUSTOMERS, AGES, PAGES)


@pytest.fixture
def made(tmp_path: Path) -> Run:
    """A state that these steps made, looked at as the published one."""
    run = small_run(tmp_path)
    for one in STEPS:
        perform(run, one)
    return replace(run, published=run.folder, at=run.folder)


@pytest.fixture(autouse=True)
def no_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    """These steps have no drop zone."""
    monkeypatch.setattr("cdp_pipeline.operations.plan._changed_files", lambda run: {})


def verdicts(run: Run, *steps: Step) -> list[str]:
    """The verdict on each step."""
    return [one.verdict for one in plan(run, Pipeline(steps, ()))]


def test_nothing_new_is_used_again(made: Run) -> None:
    """Each step says so."""
    assert verdicts(made, *STEPS) == ["reused"] * 4


def test_another_version_runs_and_what_reads_it_may(made: Run) -> None:
    """Whether the others run depends on what it makes."""
    assert verdicts(made, step("staging.people", version="2"), *STEPS[1:]) == ["runs", "may run", "may run", "may run"]


def test_another_day_runs_what_knows_the_day(made: Run) -> None:
    """And says that it is the day."""
    planned = plan(replace(made, as_of=date(2026, 7, 1)), Pipeline(STEPS, ()))
    assert [one.verdict for one in planned] == ["reused", "reused", "runs", "may run"]
    assert planned[2].reason == "another day"
    assert planned[3].reason == "reads profiles.ages"


def test_a_new_table_runs(made: Run) -> None:
    """It was never made."""
    planned = plan(made, Pipeline((*STEPS, step("reports.more", "profiles.ages")), ()))
    assert (planned[-1].verdict, planned[-1].reason) == ("runs", "never made")


def test_nothing_is_made(made: Run) -> None:
    """The folder is as it was, and without a published state all is made."""
    before = sorted((path, path.stat().st_mtime_ns) for path in made.folder.rglob("*"))
    assert verdicts(replace(made, published=None), *STEPS) == ["runs"] * 4
    assert verdicts(replace(made, as_of=date(2026, 7, 1)), *STEPS)
    assert sorted((path, path.stat().st_mtime_ns) for path in made.folder.rglob("*")) == before
