"""A night that a check stops, and a night that does not start: exit code, nothing published, somebody told.

What belongs here: `cdp` as cron runs it. What does not: what an alert says (operations/test_alerts.py),
and every kind of failure (operations/test_runs.py).
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from cdp_pipeline.errors import GateError
from cdp_pipeline.operations.alerts import read_alerts
from cdp_pipeline_tests.acceptance.published import AS_OF, PROJECT, assert_one_state, cdp, run_command

CHECK = """-- No export has more rows than there are people on earth.
-- asset: raw.files
-- severity: error
-- owner: census team <census@example.org>
-- fix: count again, then deliver the census
select file from raw.files limit 3
"""


def project_with(folder: Path, alerts: str) -> Path:
    """The project of the repository with a check that fails early, and with somebody to tell."""
    project = Path(shutil.copytree(PROJECT, folder / "project"))
    (project / "checks" / "fewer_rows_than_people.sql").write_text(CHECK)
    settings = project / "project.yml"
    kept, _, _ = settings.read_text("utf-8").partition("alerts:")
    settings.write_text(f"{kept}{alerts}", "utf-8")
    return project


def channel(folder: Path) -> Path:
    """A command that keeps what it is told."""
    command = folder / "page_me.sh"
    command.write_text(f"#!/bin/sh\ncat >> {folder}/told.jsonl\necho >> {folder}/told.jsonl\n")
    command.chmod(0o700)
    return command


def test_a_blocking_check_publishes_nothing_and_names_owner_and_cure(exports: Path, data: Path, tmp_path: Path) -> None:
    """Exit code 4, the published state as it was, and one alert: on disk, and at the command that is to be called."""
    project = project_with(tmp_path, f"alerts: {{owner: night team, command: [{channel(tmp_path)}]}}\n")
    before = assert_one_state(data)
    night = AS_OF + timedelta(days=1)
    finished = cdp(*run_command(exports, data, night, project))
    assert finished.returncode == GateError.exit_code, finished.stderr
    assert assert_one_state(data) == before
    (entry,) = read_alerts(data)
    (cause,) = entry["causes"]
    assert entry["kind"] == "blocked"
    assert cause["owner"] == "census team <census@example.org>"
    assert cause["fix"] == "count again, then deliver the census"
    assert "fewer_rows_than_people failed on 3 rows" in cause["what"]
    (line,) = (tmp_path / "told.jsonl").read_text().splitlines()
    assert json.loads(line)["text"] == entry["text"]
    assert f"cdp run --as-of {night}" in json.loads(line)["text"]


def test_a_night_that_did_not_start_is_told_from_outside(tmp_path: Path) -> None:
    """`cdp nights`, started by something else than the nights: exit code 4, owner, cure, and one alert for ever."""
    project = project_with(tmp_path, f"alerts: {{owner: night team, command: [{channel(tmp_path)}]}}\n")
    half_a_day_away = (datetime.now(ZoneInfo("Europe/Amsterdam")).hour + 12) % 24
    settings = project / "project.yml"
    settings.write_text(settings.read_text("utf-8").replace('"30 2 * * *"', f'"0 {half_a_day_away} * * *"'), "utf-8")
    for _ in range(2):
        looked = cdp("nights", "--data", tmp_path / "data", "--project", project)
        assert looked.returncode == GateError.exit_code, looked.stderr
        assert "did not start" in looked.stdout
        assert "to make up: cdp run --as-of" in looked.stdout
    (entry,) = read_alerts(tmp_path / "data")
    assert entry["kind"] == "did_not_start"
    assert "owner: night team" in str(entry["text"])
    assert "cdp run --as-of" in str(entry["next_step"])
    assert len((tmp_path / "told.jsonl").read_text().splitlines()) == 1
