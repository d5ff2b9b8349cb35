"""What `cdp doctor` sees of the nights, the published state, the history and the key; a look that fails is a finding."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from cdp_pipeline.operations.doctor import examine, history
from cdp_pipeline.operations.findings import Finding
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.privacy.keys import DEMO_KEY
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.lake import fingerprint
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.manifest import read_manifest, write_manifest
from cdp_pipeline.run.steps import Step, Table
from cdp_pipeline_tests.small_run import KEY, put, small_run

SETTINGS = Settings(name="test", key_env="CDP_KEY_OF_THESE_TESTS")
TABLES = {"profiles.customers": Table("profiles.customers", "People")}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one publication in it, as a run leaves it."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    lock = hold(folder)
    run = small_run(folder)
    put(run, "profiles.customers", "select 'p1' as person_id")
    build_warehouse(run, TABLES)
    publish(run, [])
    lock.release()
    return folder


def gone() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@dg.job
def nightly() -> None:
    """A job without work."""


def test_dead_runs_missed_nights_and_a_wrong_key_are_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The three things that a folder cannot say by itself, each with its cure."""
    project = Project(Path("project"), SETTINGS)
    monkeypatch.setenv(SETTINGS.key_env, "quite another key")
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {"cdp/pid": str(gone()), "cdp/host": os.uname().nodename, "cdp/as_of": "2026-07-02"}
        dead = instance.create_run_for_job(nightly, status=dg.DagsterRunStatus.STARTED, tags=tags)
        found = examine(instance, project, data, data / "exports", datetime(2026, 7, 1, 9, tzinfo=UTC))
        told = {(item.subject, item.state): item for item in found}
        assert instance.get_run_by_id(dead.run_id).status == dg.DagsterRunStatus.STARTED  # type: ignore[union-attr]
        monkeypatch.setenv(SETTINGS.key_env, KEY.decode())
        instance.delete_run(dead.run_id)
        well = examine(instance, project, data, data / "exports", datetime(2026, 6, 30, 9, tzinfo=UTC))
    assert dead.run_id[:8] in told["dead runs", "bad"].words
    assert told["nights", "bad"].cure == "cdp run --as-of 2026-07-01"
    assert "MISSING" in told["key", "bad"].words
    assert "2026-07-02 02:30" in told["schedule", "note"].words
    assert {item.subject for item in well if item.state == "bad"} == set()


def damage(path: Path) -> None:
    """Other bytes at the beginning of a file."""
    path.write_bytes(b"garbage " * 40 + path.read_bytes()[320:])


def examined(data: Path, pipeline: Pipeline | None = None) -> dict[str, Finding]:
    """All that the doctor finds with a history that cannot be opened: subject -> finding."""
    project = Project(Path("project"), SETTINGS)
    found = examine(None, project, data, data / "exports", datetime(2026, 6, 30, 9, tzinfo=UTC), pipeline)
    assert all(item.state == "ok" or item.cure for item in found)
    return {item.subject: item for item in found}


FOLDER_ALONE = {"lock", "leftovers", "disk", "file modes", "alerts"}


def test_a_cut_manifest_is_a_finding_and_the_others_come(data: Path) -> None:
    """It names the file and the state to go back to; without one, the backup."""
    first = (data / "current").resolve()
    put(run := small_run(data, "second"), "profiles.customers", "select 'p2' as person_id")
    publish(run, [])
    manifest = (data / "current" / "manifest.json").resolve()
    manifest.write_text(manifest.read_text()[:300])
    found = examined(data)
    assert found["published state"].words == f"{manifest} is damaged"
    assert found["published state"].cure.startswith(f"cdp rollback {first.name}")
    assert set(found) > FOLDER_ALONE
    shutil.rmtree(first)
    assert "cdp restore" in examined(data)["published state"].cure


def test_a_lost_state_is_a_finding(data: Path) -> None:
    """`current` that points at nothing is not "nothing published yet"."""
    shutil.rmtree((data / "current").resolve())
    found = examined(data)
    assert "is not there" in found["published state"].words
    assert "cdp run" not in found["nights"].cure
    assert set(found) > FOLDER_ALONE


def test_damaged_tables_and_files_are_named_with_what_mends_them(data: Path) -> None:
    """What a run makes from other tables is made anew; what it goes on from needs another state; a model is trained."""
    step = Step((Table("profiles.customers", "People"),), (), lambda run: {}, "1")
    put(run := small_run(data, "second"), "profiles.customers", "select 'p2' as person_id")
    (run.folder / "identity").mkdir()
    (run.folder / "identity" / "model.json").write_text("{}")
    build_warehouse(run, TABLES)
    publish(run, [])
    state = data / "current"
    assert examined(data)["published state"].state == "ok"
    damage(state / "identity" / "model.json")
    assert "identity/model.json" in examined(data)["published state"].words
    assert examined(data)["published state"].cure.startswith("cdp identity train")
    damage(state / "profiles" / "customers.parquet")
    assert "cdp rollback" in examined(data)["published state"].cure
    (state / "identity" / "model.json").write_text("{}")
    assert examined(data, Pipeline((step,), ()))["published state"].cure.startswith("cdp run makes it anew")
    before = replace(step, reads=("previous.profiles.customers",))
    assert "cdp rollback" in examined(data, Pipeline((before,), ()))["published state"].cure


def test_a_damaged_warehouse_is_named(data: Path) -> None:
    """It cannot be opened, and the next run writes it anew."""
    warehouse = (data / "warehouse.duckdb").resolve()
    warehouse.chmod(0o600)
    damage(warehouse)
    found = examined(data)
    assert "cannot be opened" in found["warehouse"].words
    assert "warehouse.duckdb" in found["published state"].words


def test_a_damaged_history_of_dagster_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No instance, and what to do; no data is in it."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    with history(tmp_path) as (instance, trouble):
        assert instance is not None
        assert trouble == []
    for path in (tmp_path / ".dagster").rglob("*.db"):
        damage(path)
    with history(tmp_path) as (instance, trouble):
        assert instance is None
    assert [(item.subject, item.state) for item in trouble] == [("history of runs", "bad")]
    assert "move the folder .dagster" in trouble[0].cure


def test_a_folder_that_may_not_be_read_is_a_finding(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own words for each look that needed it; nothing is passed over as if it were empty."""
    real = os.scandir

    def scandir(path: os.PathLike[str] | str) -> object:
        if Path(path).name == "snapshots":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = examined(data)
    assert found["file modes"].words == f"permission denied ({data / 'snapshots'})"
    assert "chown" in found["file modes"].cure
    assert set(found) > FOLDER_ALONE


def test_the_public_key_of_a_demo_is_never_missing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo's exports may lie elsewhere: what is published says by its fingerprint that the key is the public one."""
    monkeypatch.delenv(SETTINGS.key_env, raising=False)
    snapshot = (data / "current").resolve()
    write_manifest(snapshot, replace(read_manifest(snapshot), key_fingerprint=fingerprint(DEMO_KEY)))
    assert examined(data)["key"].state == "ok"
    assert "in use" in examined(data)["key"].words


def test_a_folder_without_a_state_waits_for_its_first_run(tmp_path: Path) -> None:
    """Nothing is published, and nothing is said to be damaged."""
    found = examined(tmp_path)
    assert (found["nights"].state, found["nights"].words) == ("bad", "nothing is published yet")
    assert found["nights"].cure == "cdp run"
    assert "published state" not in found
    assert found["key"].words == "none yet"
