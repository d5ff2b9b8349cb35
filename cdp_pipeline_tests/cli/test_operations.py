"""The commands of whoever looks after the nights: their words and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import GateError, InputError, KeyMismatchError
from cdp_pipeline.privacy.keys import FILE
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.lake import fingerprint
from cdp_pipeline.run.steps import Table
from cdp_pipeline_tests.cli.command import cdp
from cdp_pipeline_tests.small_run import KEY, put, small_run

PROJECT = Path(__file__).parents[2] / "dbt_like_sql"
TABLES = {"profiles.customers": Table("profiles.customers", "People")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project and a published data folder with a key of its own."""
    monkeypatch.delenv("CDP_KEY", raising=False)
    monkeypatch.setenv("DAGSTER_HOME", "")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "project.yml").write_text("name: test\nalerts: {command: [/nowhere/to/be/found]}\n")
    (tmp_path / "data").mkdir(mode=0o700)
    run = small_run(tmp_path / "data")
    put(run, "profiles.customers", "select 'p1' as person_id")
    put(run, "identity.records", "select 'crm' as source, '1' as record_id")
    build_warehouse(run, TABLES)
    publish(run, [])
    (tmp_path / "data" / FILE).touch(mode=0o600)
    (tmp_path / "data" / FILE).write_bytes(KEY)
    return tmp_path


def places(folder: Path) -> list[object]:
    return ["--data", folder / "data", "--project", folder / "project"]


def test_the_key_is_shown_by_its_fingerprint_only(folder: Path) -> None:
    """Two keys can be told apart, and none can be read off the screen."""
    shown = cdp("key", "show", *places(folder), "--exports", folder / "exports")
    assert fingerprint(KEY) in shown.output
    assert KEY.decode() not in shown.output
    assert shown.exit_code == 0


def test_a_key_that_is_not_there_is_asked_for(folder: Path) -> None:
    """`cdp key check` ends with the exit code of a wrong key and names the one that is needed."""
    assert cdp("key", "check", *places(folder), "--exports", folder / "exports").exit_code == 0
    (folder / "data" / FILE).write_text("quite another key")
    checked = cdp("key", "check", *places(folder), "--exports", folder / "exports")
    assert checked.exit_code == KeyMismatchError.exit_code
    assert f"{fingerprint(KEY)}  MISSING" in checked.output


def test_an_exchange_says_what_it_did(folder: Path) -> None:
    """Both fingerprints, how much was named anew, and what to do next; afterwards both keys are held."""
    done = cdp("key", "rotate", *places(folder))
    assert done.exit_code == 0
    assert f"key {fingerprint(KEY)} → " in done.output
    assert "back the new key up" in done.output
    checked = cdp("key", "check", *places(folder), "--exports", folder / "exports")
    assert checked.exit_code == 0
    assert f"{fingerprint(KEY)}  held for what is published" in checked.output


def test_the_old_key_is_refused_after_an_exchange(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and requests end with the exit code of a wrong key, write nothing, and the doctor says it too."""
    (folder / "data" / FILE).unlink()
    monkeypatch.setenv("CDP_KEY", "the new key")
    monkeypatch.setenv("CDP_KEY_PREVIOUS", KEY.decode())
    assert cdp("key", "rotate", *places(folder)).exit_code == 0
    monkeypatch.setenv("CDP_KEY", KEY.decode())
    monkeypatch.delenv("CDP_KEY_PREVIOUS")
    expected = fingerprint(b"the new key")
    (folder / "exports").mkdir()
    here = ["--data", folder / "data", "--project", PROJECT]
    for words in (
        ["run", "--no-alert", "--exports", folder / "exports"],
        ["forget", "crm:1"],
        ["restrict", "crm:1"],
        ["correct", "crm:1", "city", "Delft"],
        ["access", "crm:1", "--out", folder / "out"],
    ):
        refused = cdp(*words, *here)
        assert refused.exit_code == KeyMismatchError.exit_code, words
        assert fingerprint(KEY) in refused.output
        assert f"expected is {expected}" in refused.output
    assert not (folder / "data" / "requests.csv").exists()
    checked = cdp("key", "check", *places(folder), "--exports", folder / "exports")
    assert checked.exit_code == KeyMismatchError.exit_code
    looked = cdp("doctor", *places(folder), "--exports", folder / "exports")
    assert f"BAD   key: {fingerprint(KEY)} in use, but exchanged for {expected}: runs refuse it" in looked.output
    assert f"BAD   key: {expected} MISSING; needed by every run since the exchange" in looked.output


def test_a_missing_night_is_said_with_its_cure(folder: Path) -> None:
    """`cdp nights` names the night, what to type, and which channel could not carry the alert."""
    (folder / "data" / "current").unlink()
    (folder / "project" / "project.yml").write_text(
        'name: test\nschedule: "0 12 * * *"\nalerts: {command: [/nowhere/to/be/found]}\n'
    )
    looked = cdp("nights", *places(folder))
    assert "nothing is published yet" in looked.output
    if looked.exit_code:  # but for the quarter of an hour in which it is about to start
        assert looked.exit_code == GateError.exit_code
        assert "did not start" in looked.output
        assert "to make up: cdp run --as-of" in looked.output
        assert "could not be sent by command" in looked.output
        assert (folder / "data" / "alerts.jsonl").exists()


def test_the_doctor_says_what_to_do(folder: Path) -> None:
    """Each finding that is not well has a cure below it, and a bad one makes the exit code 1."""
    (folder / "data" / "warehouse.duckdb.wal").touch(mode=0o600)
    looked = cdp("doctor", *places(folder), "--exports", folder / "exports", "--try-alerts")
    assert looked.exit_code == 1
    lines = looked.output.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("BAD   .wal file"))
    assert lines[at + 1].startswith("      to do: close programs")
    assert any("could not be sent by command" in line for line in lines)


def test_a_backup_alone_is_refused(folder: Path) -> None:
    """`cdp restore` into nothing asks for the place that knows who was erased since."""
    there = ["--data", folder / "new", "--project", PROJECT]
    refused = cdp("restore", folder / "data", *there)
    assert refused.exit_code == InputError.exit_code
    assert "--register" in refused.output
    done = cdp("restore", folder / "data", "--register", folder / "data", *there)
    assert done.exit_code == 0, done.output
    assert "next: cdp run" in done.output
