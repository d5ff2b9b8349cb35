"""What a page is made of: rows of the report tables in grain order, and the times of the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.reports.facts import Stage, Warned, read_facts
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Entry, Verdict
from cdp_pipeline_tests.reports.made_up import FOLDER
from cdp_pipeline_tests.small_run import small_run


def with_manifest(run: Run) -> Run:
    run.record({
        "staging.b": Entry("k", "d", 1, seconds=1.5), "raw.a": Entry("k", "d", 1, seconds=0.5),
        "raw.c": Entry("k", "d", 1, seconds=9.0, is_reused=True), "raw.d": Entry("k", "d", 1, seconds=2.0),
    })  # fmt: skip
    return run


def test_stages_are_in_the_order_of_the_layers(tmp_path: Path) -> None:
    """Seconds, tables made and tables reused of each layer that has any."""
    run = with_manifest(small_run(tmp_path, project=Project(FOLDER, Settings(name="shop"))))
    facts = read_facts(run, ())
    assert facts.stages == (Stage("raw", 11.5, 2, 1), Stage("staging", 1.5, 1, 0))
    assert facts.slowest == (("raw.d", 2.0), ("staging.b", 1.5), ("raw.a", 0.5))


def test_the_eight_slowest_are_enough(tmp_path: Path) -> None:
    """A ninth is left out; equal ones stand by name."""
    run = small_run(tmp_path)
    run.record({f"raw.t{at}": Entry("k", "d", 1, seconds=1.0) for at in range(9)})
    assert [name for name, _ in read_facts(run, ()).slowest] == [f"raw.t{at}" for at in range(8)]


def test_checks_that_failed_are_in_words(tmp_path: Path) -> None:
    """Description, or the name as words; those that hold are only among all checks."""
    run = small_run(tmp_path)
    held = Verdict(True, True, 0, {}, "raw.a", "Holds", "o", "f")
    run.record_checks({"b_name": replace(held, passed=False, failing_rows=3, description=""), "a": held})
    facts = read_facts(run, ())
    assert facts.warned == (Warned("b name", 3, True, "f"),)
    assert [name for name, _ in facts.checks] == ["a", "b_name"]


def test_the_made_up_run_is_read_whole(run: Run) -> None:
    """Every table by its short name in the order of its grain, with its words; segments with theirs."""
    tables = tuple(sorted(name for name in run.project.models if name.startswith("reports.")))
    facts = read_facts(run, tables)
    assert set(facts.tables) == {name.removeprefix("reports.") for name in tables} == set(facts.about)
    assert [row["source"] for row in facts.rows("systems")] == ["crm", "news", "shop"]
    assert facts.headline["people"] == 1200
    assert facts.rows("nothing") == ()
    assert (facts.floor, facts.currency, facts.run_id) == (20, "EUR", "run-1")
