"""The Dagster instance of a data folder: silent, kept, and free of runs whose process is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml

from cdp_pipeline.orchestration.instance import (
    SILENT,
    bury_dead_runs,
    night_of,
    open_instance,
    schedule_is_on,
    started_runs,
)


@dg.op
def nothing() -> None:
    """Does nothing."""


@dg.job
def idle() -> None:
    """A job that does nothing."""
    nothing()


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", "")
    with open_instance(tmp_path / "data") as opened:
        yield opened


def test_a_new_folder_is_silent(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Telemetry and the subscribe window are off, one run at a time, and only the owner may look in."""
    home = tmp_path / "data" / ".dagster"
    config = yaml.safe_load((home / "dagster.yaml").read_text())
    assert config == yaml.safe_load(SILENT)
    assert config["telemetry"] == {"enabled": False}
    assert instance.telemetry_enabled is False
    assert home.stat().st_mode & 0o077 == 0
    assert os.environ["DAGSTER_HOME"] == str(home)
    assert os.environ["DAGSTER_DISABLE_TELEMETRY"] == "1"


def test_a_file_that_is_there_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes dagster.yaml keeps the change."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    home = tmp_path / ".dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    open_instance(tmp_path).dispose()
    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_history_outlives_the_process(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """A run that is over is found again by whoever opens the folder next."""
    idle.execute_in_process(instance=instance)
    with open_instance(tmp_path / "data") as again:
        assert [run.status for run in again.get_runs()] == [dg.DagsterRunStatus.SUCCESS]


def test_only_runs_whose_process_is_gone_are_buried(instance: dg.DagsterInstance) -> None:
    """A dead process here is marked; a living one, one on another machine and one of the UI are not."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here = os.uname().nodename
    tags = {
        "dead": {"cdp/pid": str(gone.pid), "cdp/host": here},
        "alive": {"cdp/pid": str(os.getpid()), "cdp/host": here},
        "elsewhere": {"cdp/pid": str(gone.pid), "cdp/host": "another machine"},
        "of the UI": {},
    }
    runs = {
        name: instance.create_run_for_job(idle, status=dg.DagsterRunStatus.STARTED, tags=tag).run_id
        for name, tag in tags.items()
    }
    assert bury_dead_runs(instance) == [runs["dead"]]
    statuses = {name: instance.get_run_by_id(run_id).status for name, run_id in runs.items()}
    assert statuses.pop("dead") == dg.DagsterRunStatus.FAILURE
    assert set(statuses.values()) == {dg.DagsterRunStatus.STARTED}
    assert bury_dead_runs(instance) == []


def test_runs_are_counted_for_their_night(tmp_path: Path) -> None:
    """By the day they were started for, else by the day they were made; jobs that publish nothing do not count."""

    @dg.job(name="nightly")
    def nightly() -> None:
        nothing()

    with dg.DagsterInstance.ephemeral() as history:
        nightly.execute_in_process(instance=history, tags={"cdp/as_of": "2026-07-01"})
        working = history.create_run_for_job(nightly, status=dg.DagsterRunStatus.STARTED)
        idle.execute_in_process(instance=history)
        now = datetime.now(UTC)
        newest, first = [started for started, _ in started_runs(history, now - timedelta(days=1), "UTC")]
        assert started_runs(history, now + timedelta(days=1), "UTC") == []
    assert (str(first.night), first.succeeded) == ("2026-07-01", True)
    assert first.ended is not None
    assert now - timedelta(minutes=5) < first.began <= first.ended + timedelta(seconds=1)
    assert (newest.run_id, newest.ended, newest.succeeded) == (working.run_id, None, False)
    assert abs((newest.night - now.date()).days) <= 1


def test_a_schedule_that_nobody_switched_on_is_off(instance: dg.DagsterInstance) -> None:
    """Bare history knows of no schedule at work."""
    assert not schedule_is_on(instance)
    with dg.DagsterInstance.ephemeral() as history:
        assert not schedule_is_on(history)


def test_a_file_of_an_earlier_version_finds_the_event_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder that names the storage where it was before is opened, and the rest of its file stays."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    home = tmp_path / ".dagster"
    home.mkdir()
    earlier = "# mine\n" + SILENT.replace("cdp_pipeline.orchestration.event_storage", "cdp_pipeline.event_storage")
    (home / "dagster.yaml").write_text(earlier)
    open_instance(tmp_path).dispose()
    assert (home / "dagster.yaml").read_text() == "# mine\n" + SILENT


@pytest.mark.parametrize(
    ("written", "night"), [("2026-7-1", "2026-07-01"), ("2026-07-01", "2026-07-01"), ("soon", "soon"), ("", "unknown")]
)
def test_a_night_has_one_spelling(written: str, night: str) -> None:
    """A day typed without its zeros in the UI counts for the same night; what is no day is told as it was written."""
    config = {"resources": {"run": {"config": {"as_of": written}}}}
    assert night_of(dg.DagsterRun(job_name="nightly", run_config=config)) == night
