"""Running checks: a verdict is a count with the digests it was counted on, and never a row."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.run.lake import Run
from cdp_pipeline_tests.small_run import put, small_run

CANARY = "canary@mail.example"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = small_run(tmp_path)
    put(made, "profiles.customers", f"select '{CANARY}' as email, -5 as spent union all select 'b', 7")
    return made


def check(name: str, condition: str, severity: str = "error", reads: str = "profiles.customers") -> Check:
    sql = f"-- words\nselect * from {reads} where {condition};\n"
    return Check(name, "profiles.customers", "words", sql, tuple(reads.split(", ")), severity)


def test_failing_rows_are_counted(run: Run) -> None:
    """A check passes when no row comes back; otherwise the number of rows is told."""
    verdicts = evaluate(run, [check("good", "spent > 99"), check("bad", "spent < 0", "warn")])
    assert (verdicts["good"].passed, verdicts["good"].failing_rows, verdicts["good"].is_blocking) == (True, 0, True)
    assert (verdicts["bad"].passed, verdicts["bad"].failing_rows, verdicts["bad"].is_blocking) == (False, 1, False)


def test_a_verdict_names_what_it_looked_at(run: Run) -> None:
    """It holds the digest of each table read, so that a later rebuild makes it void."""
    digest = run.digest("profiles.customers")
    assert evaluate(run, [check("a", "true")])["a"].inputs == {"profiles.customers": digest}


def test_a_verdict_holds_no_value(run: Run) -> None:
    """The failing row is about a person; only its number is kept."""
    verdict = evaluate(run, [check("a", "spent < 0")])["a"]
    assert CANARY not in str(asdict(verdict))


def test_a_check_may_ask_for_the_day(run: Run) -> None:
    """`config.run` is there for every check and is no table that could change."""
    found = evaluate(run, [check("a", "as_of = date '2026-06-30'", reads="profiles.customers, config.run")])
    assert found["a"].failing_rows == 2
    assert list(found["a"].inputs) == ["profiles.customers"]


def test_no_checks_no_verdicts(run: Run) -> None:
    """Nothing to check is not an error."""
    assert evaluate(run, []) == {}
