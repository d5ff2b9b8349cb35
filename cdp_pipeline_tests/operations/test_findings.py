"""What can be told from the files of a data folder: each thing that can be wrong, with what to do about it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.operations import findings
from cdp_pipeline.operations.alerts import Alert, Cause, tell
from cdp_pipeline.operations.findings import Finding, examine_folder, try_to_look
from cdp_pipeline.project.shapes import Alerts, Settings
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.steps import Table
from cdp_pipeline_tests.small_run import put, small_run

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
    (data / "exports").mkdir()
    (data / "exports" / "orders.csv").touch()
    (data / "exports" / "orders.csv").chmod(0o644)
    (data / "exports").chmod(0o755)
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


@pytest.mark.parametrize(
    ("error", "words", "cure"),
    [
        (
            InputError(["a.csv is damaged: deliver it again", "and b.csv"]),
            "a.csv is damaged",
            "deliver it again; and b.csv",
        ),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "no space left on the disk", "free some, and run again"),
        (InputError("no cure is known"), "no cure is known", "see the other findings first"),
        (ValueError("canary@mail.example"), "could not be looked at: ValueError at ", "see the other findings first"),
    ],
)
def test_a_look_that_fails_is_a_finding(error: Exception, words: str, cure: str) -> None:
    """In words and cure apart; of what nobody expected the class and the place only."""

    def look() -> list[Finding]:
        raise error

    (finding,) = try_to_look("thing", look)
    assert (finding.subject, finding.state) == ("thing", "bad")
    assert finding.words.startswith(words)
    assert finding.cure.startswith(cure)
    assert "canary" not in finding.words
    assert try_to_look("thing", lambda: [finding]) == [finding]


def test_of_many_open_files_three_are_named(data: Path) -> None:
    """In their order, with the number of the others."""
    for number in range(5):
        (data / f"open_{number}.csv").touch()
        (data / f"open_{number}.csv").chmod(0o644)
    assert bad(data)["file modes"].words == "others may read open_0.csv, open_1.csv, open_2.csv and 2 more"
    for number in (3, 4):
        (data / f"open_{number}.csv").unlink()
    assert bad(data)["file modes"].words == "others may read open_0.csv, open_1.csv, open_2.csv"


def test_a_warehouse_too_new_for_old_clients_is_named(data: Path) -> None:
    """The version it is written in is bad, and the next run writes it anew; one that every client opens is well."""
    words = {finding.subject: finding.words for finding in examine_folder(data, SETTINGS)}["warehouse"]
    assert words.startswith("storage version v1.2.0, written by DuckDB ")
    assert words.endswith("; clients from 1.2 open it")
    warehouse = (data / "warehouse.duckdb").resolve()
    warehouse.unlink()
    with duckdb.connect(":memory:") as con:
        con.execute(f"attach '{warehouse}' as newer (storage_version 'v1.4.0'); create table newer.t as select 1 as a")
    finding = bad(data)["warehouse"]
    assert finding.words.startswith("storage version v1.4.")
    assert "write it anew" in finding.cure
