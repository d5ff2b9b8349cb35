"""A run killed with SIGKILL at any moment leaves what was published whole, and the next run succeeds.

What belongs here: real `cdp run` processes that die at named moments. What does not: runs that end
with a message (test_messages.py).

One moment is tried by default; CDP_KILLS=20 tries all of them. Every fault point is hit in
test_fault_points.py, and random moments by `make trust` (trust/kills.py).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest

from cdp_pipeline.publishing.snapshots import snapshots
from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline_tests.acceptance.published import (
    AS_OF,
    PROJECT,
    ROOT,
    assert_one_state,
    cdp,
    copy_data,
    environment,
    look_at,
    run_command,
)


@dataclass(frozen=True)
class Moment:
    """The instant before the `nth` file operation of this kind on a path with `text` in it.

    `event` is a name of Python's audit events; `open` counts files that are opened. Counting begins when a
    folder with `since` in its path begins to be deleted. `swapped` says that the new state is published by then.
    """

    name: str
    event: str
    text: str
    nth: int = 1
    since: str = ""
    swapped: bool = False


MOMENTS = (
    # before the first write of the run
    Moment("the instance opens", "open", "/.dagster/dagster.yaml"),
    Moment("the run is stored", "sqlite3.connect", "/.dagster/history", 40),
    Moment("the lock is taken", "os.rename", "/.lock.holder"),
    # while tables are made
    Moment("the clone begins", "os.mkdir", "/runs/."),
    Moment("the clone is half done", "os.mkdir", "/runs/.", 60),
    Moment("the clone has its manifest", "os.rename", "/manifest.json"),
    Moment("arrivals are written", "os.rename", "/raw/arrivals.parquet"),
    Moment("people are written", "os.rename", "/staging/people.parquet"),
    Moment("a check is recorded", "os.rename", "/manifest.json", 70),
    Moment("orders are written", "os.rename", "/staging/orders.parquet"),
    Moment("customers are written", "os.rename", "/profiles/customers.parquet"),
    Moment("memberships are written", "os.rename", "/segments/memberships.parquet"),
    Moment("an audience file is written", "os.rename", "/activation/mailchimp_newsletter/"),
    Moment("receipts are written", "os.rename", "/activation/receipts.parquet"),
    Moment("the report is written", "os.rename", "/reports/index.html"),
    # publication
    Moment("the first warehouse is ready", "os.rename", "/warehouse_full.duckdb"),
    Moment("files are flushed", "open", "/warehouse.duckdb"),
    Moment("the folder moves", "os.rename", "/snapshots/"),
    Moment("the link is swapped", "os.rename", "/current"),
    Moment("an old snapshot is half deleted", "os.remove", "customers.parquet", since="/snapshots/.", swapped=True),
)
USUAL = ("an old snapshot is half deleted",)

DIES = """
import os, signal, sys
from cdp_pipeline.cli.main import main

event, text, nth, since = sys.argv.pop(1), sys.argv.pop(1), int(sys.argv.pop(1)), sys.argv.pop(1)
left = nth

def watch(name, arguments):
    global left, since
    if name == "shutil.rmtree" and since in str(arguments[0]):
        since = ""
    if not since and name == event and any(text in str(argument) for argument in arguments):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
main()
"""


def runs_at_work(data: Path) -> list[str]:
    """Runs that Dagster believes to be working."""
    home = str(data / ".dagster")
    with mock.patch.dict(os.environ, DAGSTER_HOME=home), dg.DagsterInstance.from_config(home) as instance:
        found = instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    return [run.run_id for run in found]


def chosen() -> Sequence[Moment]:
    """As many moments as CDP_KILLS asks for, else the usual one."""
    many = int(os.environ.get("CDP_KILLS", "1"))
    return MOMENTS[:many] if many > len(USUAL) else [moment for moment in MOMENTS if moment.name in USUAL]


@pytest.fixture(scope="module")
def nightly(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project that keeps one earlier snapshot, and the data folder in which run after run is killed."""
    folder = tmp_path_factory.mktemp("kills")
    project = Path(shutil.copytree(PROJECT, folder / "dbt_like_sql"))
    settings = project / "project.yml"
    settings.write_text(settings.read_text().replace("keep_snapshots: 7", "keep_snapshots: 1"))
    return project, copy_data(shared / "data", folder / "data")


@pytest.mark.parametrize("moment", chosen(), ids=lambda moment: moment.name.replace(" ", "_"))
def test_a_kill_leaves_one_whole_state(exports: Path, nightly: tuple[Path, Path], moment: Moment) -> None:
    """After SIGKILL every published artefact opens and belongs to one run: the old, or the new if it was swapped."""
    project, data = nightly
    before = assert_one_state(data)
    day = AS_OF + timedelta(days=1 + MOMENTS.index(moment))
    words = run_command(exports, data, day, project)
    killed = subprocess.run(
        [sys.executable, "-c", DIES, moment.event, moment.text, str(moment.nth), moment.since, *map(str, words)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, f"the moment never came: {killed.stdout}{killed.stderr}"
    after = assert_one_state(data)
    assert (after != before) == moment.swapped
    listed = snapshots(data)
    assert [s.run_id for s in listed if s.is_current] == [after]
    for snapshot in listed:  # each can be rolled back to, so each is whole
        run = look_at(data / "snapshots" / snapshot.id, project)
        entries = run.manifest().tables
        assert entries
        assert {name: run.digest(name) for name in entries} == {n: e.digest for n, e in entries.items()}


def test_the_next_run_succeeds(exports: Path, nightly: tuple[Path, Path]) -> None:
    """After all those kills one more run ends well and publishes, and no killed run is left behind as running."""
    project, data = nightly
    before = published_snapshot(data)
    killed = runs_at_work(data)
    finished = cdp(*run_command(exports, data, AS_OF + timedelta(days=30), project))
    assert finished.returncode == 0, finished.stderr
    assert_one_state(data)
    assert published_snapshot(data) != before
    assert len(snapshots(data)) == 1
    assert killed
    assert not runs_at_work(data)
