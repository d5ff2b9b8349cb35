"""`cdp run`: its words and exit codes for a night however it ends, and for one that does not begin.

What belongs here: words and exit codes of the command. What does not: nights that run (acceptance/).
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cdp_pipeline.cli.main import main
from cdp_pipeline.errors import GateError, MachineError
from cdp_pipeline.operations.nightly import NightOutcome
from cdp_pipeline.orchestration.progress import Progress
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.run import lock
from cdp_pipeline_tests.small_run import put, small_run

PROJECT = Path(__file__).parents[2] / "dbt_like_sql"
NOTHING = "nothing was published; what was published before is as it was"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a state as of 2026-06-30, and an empty drop zone."""
    run = small_run(tmp_path / "data")
    put(run, "profiles.customers", "select 'p1' as person_id")
    publish(run, [])
    (tmp_path / "exports").mkdir()
    return tmp_path


def cdp_run(folder: Path, day: str) -> Result:
    """The command, without telling anybody; no traceback may come out."""
    words = ["run", "--no-alert", "--as-of", day, "--project", PROJECT]
    words += ["--data", folder / "data", "--exports", folder / "exports"]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


def stands_in(monkeypatch: pytest.MonkeyPatch, action: Callable[[Path], object]) -> None:
    """Let the first thing that a run does with its folder end like this."""
    monkeypatch.setattr(lock, "hold", action)


def test_a_read_only_folder_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system said, the file, the cure, what became of the night; exit code 7."""

    def refuse(data: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(data / ".lock"))

    stands_in(monkeypatch, refuse)
    refused = cdp_run(folder, "2026-07-01")
    assert refused.exit_code == MachineError.exit_code
    lock_file = folder / "data" / ".lock"
    assert refused.output.splitlines() == [
        f"the file system is read-only ({lock_file}): mount it for writing, and run again",
        NOTHING,
    ]


def test_a_day_before_the_published_one_is_refused_at_the_start(folder: Path) -> None:
    """One line with the cure, before anything is made."""
    refused = cdp_run(folder, "2026-06-29")
    assert refused.exit_code == GateError.exit_code
    (line,) = refused.output.splitlines()
    assert "history is not told backwards" in line
    assert not list((folder / "data" / "runs").glob("*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    """The name of the signal, that nothing was published, what to do; and the exit code a shell expects."""
    stands_in(monkeypatch, lambda data: os.kill(os.getpid(), number))
    stopped = cdp_run(folder, "2026-07-01")
    assert stopped.output.splitlines() == [f"interrupted by {number.name}; nothing was published; run again"]
    assert stopped.exit_code == 128 + number


@dataclass(frozen=True)
class Ended:
    """A night of which only the outcome counts; collects the runs that somebody was told of."""

    outcome: NightOutcome
    alerted: list[tuple[str, ...]]

    def run_night(self, exports: Path, data: Path, project: Path, day: date, progress: Progress) -> NightOutcome:
        """The outcome, of the night that was asked for."""
        assert (exports.name, data.name, project, str(day)) == ("exports", "data", PROJECT, "2026-07-01")
        return self.outcome

    def tell_of_runs(self, run_ids: tuple[str, ...], data: Path, project: Path) -> list[str]:
        """One channel that does not work."""
        self.alerted.append(run_ids)
        return ["the alert could not be sent"]


def ended(folder: Path, monkeypatch: pytest.MonkeyPatch, outcome: NightOutcome, *words: str) -> tuple[Result, Ended]:
    """The command over a night that ends like this."""
    night = Ended(outcome, [])
    monkeypatch.setattr("cdp_pipeline.cli.run.run_night", night.run_night)
    monkeypatch.setattr("cdp_pipeline.operations.runs.tell_of_runs", night.tell_of_runs)
    places = ["--data", folder / "data", "--exports", folder / "exports", "--project", PROJECT]
    return CliRunner().invoke(main, ["run", "--as-of", "2026-7-1", *words, *map(str, places)]), night


def test_a_published_night_says_where_everything_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot and three places; warnings go to the other stream, each once, and nobody is told."""
    result, night = ended(folder, monkeypatch, NightOutcome("20260701T0", ("warning: a", "warning: a"), 0))
    data = folder / "data"
    assert [line for line in result.stdout.splitlines() if not line.startswith("layer")] == [
        "published 20260701T0",
        f"  warehouse  {data / 'warehouse.duckdb'}",
        f"  report     {data / 'current' / 'reports' / 'index.html'}",
        f"  audiences  {data / 'current' / 'activation'}",
    ]
    assert (result.stderr, result.exit_code, night.alerted) == ("warning: a\n", 0, [])


def test_a_night_before_that_died_is_told_of_by_one_that_publishes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble with telling is said, and the night has published all the same."""
    result, night = ended(folder, monkeypatch, NightOutcome("20260701T0", (), 0, ("dead",)))
    assert (result.stderr, result.exit_code, night.alerted) == ("the alert could not be sent\n", 0, [("dead",)])


@pytest.mark.parametrize("code", [1, 4])
def test_a_night_that_did_not_publish_ends_with_its_reasons(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """What failed, what became of what is published; where an error came that nobody expected, where to look."""
    outcome = NightOutcome("", ("blocks publication: b",), code, ("run",))
    result, night = ended(folder, monkeypatch, outcome)
    first, second, *rest = result.stderr.splitlines()
    assert (first, second) == ("blocks publication: b", "the alert could not be sent")
    assert [line.startswith("an error nobody expected") for line in rest[:-1]] == [True] * (code == 1)
    assert (rest[-1], result.exit_code, night.alerted) == (NOTHING, code, [("run",)])


def test_nobody_is_told_when_somebody_tries(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--no-alert` is for trying things by hand."""
    result, night = ended(folder, monkeypatch, NightOutcome("", ("b",), 4, ("run",)), "--no-alert")
    assert (result.stderr.splitlines(), night.alerted) == (["b", NOTHING], [])
