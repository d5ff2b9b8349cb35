"""What `cdp doctor` sees: each thing that can be wrong with a data folder, with what to do about it."""

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

from cdp_pipeline.operations import findings
from cdp_pipeline.operations.alerts import Alert, Cause, tell
from cdp_pipeline.operations.doctor import examine, history
from cdp_pipeline.operations.findings import Finding, examine_folder
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.privacy.keys import DEMO_KEY
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Alerts, Settings
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


def bad(data: Path, settings: Settings = SETTINGS) -> dict[str, Finding]:
    """What is not well: subject -> finding."""
    return {found.subject: found for found in examine_folder(data, settings) if found.state == "bad"}


def noted(data: Path) -> dict[str, Finding]:
    return {found.subject: found for found in examine_folder(data, SETTINGS) if found.state == "note"}


def gone() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_folder_as_a_run_leaves_it_is_well(data: Path) -> None:
    """Nothing is bad, and all that is noted is that nobody is told of bad nights."""
    assert bad(data) == {}
    assert set(noted(data)) == {"alerts"}


def test_every_finding_that_is_not_well_says_what_to_do(data: Path) -> None:
    """A message without a cure is half a message."""
    (data / "warehouse.duckdb.wal").touch()
    (data / "runs" / "died").mkdir()
    for finding in examine_folder(data, SETTINGS):
        assert finding.state == "ok" or finding.cure, finding.subject


def test_a_wal_file_is_named(data: Path) -> None:
    """A program that writes into a published warehouse is found by the file it leaves."""
    snapshot = (data / "current").resolve()
    (snapshot / "warehouse.duckdb.wal").touch(mode=0o600)
    found = bad(data)[".wal file"]
    assert f"snapshots/{snapshot.name}/warehouse.duckdb.wal" in found.words
    assert "-readonly" in found.cure


def test_a_run_at_work_is_not_taken_for_a_leftover(data: Path) -> None:
    """While the lock is held by a living process, its folder and its files are its own."""
    lock = hold(data)
    try:
        (data / "runs" / "at_work").mkdir()
        assert bad(data) == {}
        assert "leftovers" not in noted(data)
        words = next(found.words for found in examine_folder(data, SETTINGS) if found.subject == "lock")
        assert f"process {os.getpid()}" in words
    finally:
        lock.release()


def test_a_lock_that_somebody_else_holds_is_bad(data: Path) -> None:
    """Held, but its holder is gone: another program sits on the file."""
    lock = hold(data)
    try:
        (data / ".lock.holder").write_text(f"process {gone()} since 2026-07-01 02:30:00 UTC\n")
        assert "fuser" in bad(data)["lock"].cure
    finally:
        lock.release()


def test_what_dead_processes_left_is_counted(data: Path) -> None:
    """Folders of runs that died, half-deleted snapshots and temporary files are noted; the next run takes them."""
    (data / "runs" / "abcdefgh-more").mkdir()
    (data / "snapshots" / ".half").mkdir(mode=0o700)
    (data / f".verdicts.csv.{gone()}").touch(mode=0o600)
    (data / f".warehouse.duckdb.{gone()}.wal").touch(mode=0o600)
    assert bad(data) == {}
    found = noted(data)["leftovers"]
    assert "run abcdefgh" in found.words
    assert "1 snapshots half deleted" in found.words
    assert "2 temporary files" in found.words


def test_a_full_disk_is_seen_before_the_night(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less room than a run may need is bad, before a run finds out."""
    monkeypatch.setattr(findings, "SPARE", 10**18)
    assert "keep_snapshots" in bad(data)["disk"].cure


def test_files_that_others_may_read_are_named(data: Path) -> None:
    """Everything is the owner's, but for the masked warehouse; the exports are not the platform's."""
    (data / "exports").mkdir(mode=0o755)
    (data / "exports" / "orders.csv").touch(mode=0o644)
    assert bad(data) == {}
    (data / "verdicts.csv").touch(mode=0o600)
    (data / "verdicts.csv").chmod(0o640)
    (data / "current" / "warehouse_full.duckdb").chmod(0o440)
    words = bad(data)["file modes"].words
    assert "verdicts.csv" in words
    assert "warehouse_full.duckdb" in words


def test_an_old_client_is_told_apart(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A duckdb command that is too old for the file is named with what it needs to be."""
    command = tmp_path / "bin" / "duckdb"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\necho v1.1.3 19864453f7\n")
    command.chmod(0o700)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    assert "v1.1.3" in bad(data)["client"].words
    command.write_text("#!/bin/sh\necho v1.5.6 19864453f7\n")
    assert "client" not in bad(data)


def test_an_alert_that_did_not_get_through_is_bad(data: Path) -> None:
    """Somebody has to hear of a channel that is broken, if not by that channel."""
    settings = SETTINGS.model_copy(update={"alerts": Alerts(command=("/nowhere/to/be/found",))})
    assert bad(data, settings) == {}
    tell(data, settings, Alert("run:1", "failed", "2026-07-01", (Cause("it", "they", "that"),), "cdp run"))
    assert "command" in bad(data, settings)["alerts"].words


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
