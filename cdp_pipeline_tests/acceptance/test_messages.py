"""Mistakes end in plain lines and an exit code, and change nothing that is published.

What belongs here: the words and codes of a `cdp` process. What does not: each rule behind a message.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cdp_pipeline.run.lock import hold
from cdp_pipeline_tests.acceptance.published import PROJECT, assert_one_state, cdp, run_command

AUDIENCE = """\
description: Everybody who bought
owner: crm team
purpose: email_marketing
where: {where}
destinations: [{destination}]
"""


def told(code: int, *words: str | Path, **changes: str) -> list[str]:
    """The lines on standard error of a `cdp` that ends with `code`; never a traceback."""
    finished = cdp(*words, **changes)
    assert finished.returncode == code, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    return finished.stderr.splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of dbt_like_sql in which a test makes a mistake."""
    return Path(shutil.copytree(PROJECT, tmp_path / "dbt_like_sql"))


def test_missing_exports(tmp_path: Path) -> None:
    """A drop zone that is not there is named in one line, with what to do, and nothing is made."""
    (line,) = told(3, *run_command(tmp_path / "nowhere", tmp_path / "data"))
    assert line.startswith(f"{tmp_path / 'nowhere'} is not a folder: put exports there")
    assert not (tmp_path / "data").exists()


def test_a_day_that_is_none(shared: Path, tmp_path: Path) -> None:
    """A day in another form is refused in one line that shows the form."""
    lines = told(3, "run", "--exports", shared / "exports", "--data", tmp_path / "data", "--as-of", "30-06-2026")
    assert lines == ["--as-of 30-06-2026: expected a day as YYYY-MM-DD"]


def test_an_unknown_destination(shared: Path, tmp_path: Path, project: Path) -> None:
    """A destination that nobody defined is told before the run, with its line, the nearest name and the others."""
    path = project / "5_segments" / "audiences" / "buyers.yml"
    path.write_text(AUDIENCE.format(where="orders_count > 0", destination="plain_cvs"))
    (line,) = told(2, *run_command(shared / "exports", tmp_path / "data", project=project))
    assert re.match(
        rf"{re.escape(str(path))}:\d+: unknown destination plain_cvs \(did you mean plain_csv\?\); allowed: ", line
    )
    assert not (tmp_path / "data" / "runs").exists()


def test_an_unknown_column(shared: Path, tmp_path: Path, project: Path) -> None:
    """A column that no attribute makes is told before the run, with the nearest name."""
    path = project / "5_segments" / "audiences" / "buyers.yml"
    path.write_text(AUDIENCE.format(where="order_count > 0", destination="plain_csv"))
    (line,) = told(2, *run_command(shared / "exports", tmp_path / "data", project=project))
    assert re.match(rf"{re.escape(str(path))}:\d+: where: ", line)
    assert "order_count (did you mean orders_count?)" in line
    assert not (tmp_path / "data" / "runs").exists()


def test_a_busy_data_folder(exports: Path, data: Path) -> None:
    """While a run works, a second one ends at once, names the first, and leaves it alone."""
    before = assert_one_state(data)
    lock = hold(data)
    try:
        lines = told(5, *run_command(exports, data))
    finally:
        lock.release()
    assert len(lines) == 1
    assert lines[0].startswith(f"another run works in {data} (process ")
    assert assert_one_state(data) == before


def test_another_key(exports: Path, data: Path) -> None:
    """A key that is not the one the ids were made with is refused, without showing either."""
    before = assert_one_state(data)
    (line,) = told(6, *run_command(exports, data), CDP_KEY="a key of somebody else")
    assert line.startswith("the key at hand has the fingerprint ")
    assert f"for the published data in {data} was made with it" in line
    assert "set CDP_KEY to that key" in line
    assert "somebody else" not in line
    assert assert_one_state(data) == before


def test_nothing_published_yet(tmp_path: Path) -> None:
    """Commands that look at published data say that there is none yet, and what makes it."""
    for command in (["check"], ["show"], ["explain", "P0"]):
        (line,) = told(3, *command, "--data", tmp_path)
        assert "nothing is published" in line
        assert "cdp run" in line
