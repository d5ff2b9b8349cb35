"""A step runs when what it depends on has changed, and only then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, Table, perform
from cdp_pipeline_tests.small_run import put, small_run


class Counted:
    """A step that doubles `staging.numbers` and counts how often it has run."""

    def __init__(self) -> None:
        self.times = 0
        self.step = Step(
            (Table("profiles.doubled", "Numbers, twice"),),
            ("staging.numbers", "previous.profiles.doubled"),
            self.run,
            "1",
        )

    def run(self, run: Run) -> Outcome:
        self.times += 1
        with run.connect("staging.numbers") as con:
            run.write(con, "profiles.doubled", "select n * 2 as n from staging.numbers", ["n"])
        return {"profiles.doubled": {"times": self.times}}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = small_run(tmp_path)
    put(made, "staging.numbers", "select 1 as n union all select 2", ["n"])
    return made


def test_a_step_that_ran_is_in_the_manifest(run: Run) -> None:
    """The entry holds rows, digest, the digests it read, and the numbers to show."""
    entry = perform(run, Counted().step)["profiles.doubled"]
    assert run.manifest().tables["profiles.doubled"] == entry
    assert (entry.rows, entry.is_reused, entry.numbers) == (2, False, {"times": 1})
    assert entry.digest == run.digest("profiles.doubled")
    assert entry.inputs == {"staging.numbers": run.digest("staging.numbers")}


def test_nothing_changed_nothing_runs(run: Run) -> None:
    """The same inputs, code, key and configuration: the table is taken over and says so."""
    counted = Counted()
    first = perform(run, counted.step)["profiles.doubled"]
    second = perform(run, counted.step)["profiles.doubled"]
    assert counted.times == 1
    assert second == first.reused()


def test_whatever_decides_the_rows_decides_the_run(run: Run) -> None:
    """A new input, version, key, or a file that is gone: each makes the step run again."""
    counted = Counted()
    perform(run, counted.step)
    put(run, "staging.numbers", "select 7 as n")
    perform(run, counted.step)
    perform(run, replace(counted.step, version="2"))
    perform(replace(run, key=b"another"), replace(counted.step, version="2"))
    run.path("profiles.doubled").unlink()
    perform(replace(run, key=b"another"), replace(counted.step, version="2"))
    assert counted.times == 5


def test_an_input_made_again_to_the_same_bytes_is_no_change(run: Run) -> None:
    """Content counts, not the time at which it was written."""
    counted = Counted()
    perform(run, counted.step)
    put(run, "staging.numbers", "select 1 as n union all select 2", ["n"])
    perform(run, counted.step)
    assert counted.times == 1


def test_a_setting_counts_where_the_day_does(run: Run) -> None:
    """Another time zone in project.yml is another day for some orders: what reads config.run runs again."""
    counted = Counted()
    step = replace(counted.step, uses_as_of=True)
    perform(run, step)
    moved = replace(run.project, settings=run.project.settings.model_copy(update={"zone": "America/Lima"}))
    perform(replace(run, project=moved), step)
    assert counted.times == 2


@pytest.mark.parametrize(("uses_as_of", "times"), [(False, 1), (True, 2)])
def test_the_day_counts_only_where_it_is_used(run: Run, uses_as_of: bool, times: int) -> None:
    """The next day runs the steps that look at the day, and no other."""
    counted = Counted()
    step = replace(counted.step, uses_as_of=uses_as_of)
    perform(run, step)
    perform(replace(run, as_of=date(2026, 7, 1)), step)
    assert counted.times == times


def test_a_step_that_looks_at_the_exports_always_runs(run: Run) -> None:
    """What lies in the drop zone is known only by looking."""
    counted = Counted()
    step = replace(counted.step, uses_exports=True)
    perform(run, step)
    perform(run, step)
    assert counted.times == 2


def test_a_step_that_fails_leaves_the_manifest_as_it_was(run: Run) -> None:
    """Nothing is recorded of a step that did not end well."""

    def broken(_: Run) -> Outcome:
        raise ValueError

    before = run.manifest()
    with pytest.raises(ValueError):  # noqa: PT011  (any error will do)
        perform(run, replace(Counted().step, run=broken))
    assert run.manifest() == before
