"""`cdp run` when it does not come to a night: the machine refuses, the day is over, a signal comes.

What belongs here: words and exit codes of the command. What does not: nights that run (acceptance/).
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cdp_pipeline.cli.main import main
from cdp_pipeline.errors import GateError, MachineError
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
