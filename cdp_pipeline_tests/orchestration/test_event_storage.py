"""Dagster's history with its connections kept open: as whole, as shared and as lasting as before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import dagster as dg
import pytest
from dagster._core.events.log import EventLogEntry
from sqlalchemy import text

from cdp_pipeline.orchestration import event_storage
from cdp_pipeline.orchestration.event_storage import KeptConnections
from cdp_pipeline.orchestration.instance import open_instance

ONE_RUN = "a-run"
WRITER = """
import os, sys
from pathlib import Path
from cdp_pipeline.orchestration.instance import open_instance
from cdp_pipeline_tests.orchestration.test_event_storage import ONE_RUN, entry
with open_instance(Path(sys.argv[1])) as instance:
    for number in range(int(sys.argv[2])):
        instance.event_log_storage.store_event(entry(ONE_RUN, number))
        print(number, flush=True)
"""


def entry(run_id: str, number: int) -> EventLogEntry:
    """Event `number` of a run, as Dagster would store it."""
    return EventLogEntry(
        error_info=None, level=20, user_message=f"event {number}", run_id=run_id, timestamp=1_750_000_000.0 + number
    )


def told(storage: KeptConnections, run_id: str = ONE_RUN) -> list[str]:
    return [log.user_message for log in storage.get_logs_for_run(run_id)]


def first(count: int) -> list[str]:
    return [f"event {number}" for number in range(count)]


def open_files(name: str) -> int:
    """How often this process has a file open whose path ends so."""
    links = list(Path("/proc/self/fd").iterdir())
    return sum(str(link.readlink()).endswith(name) for link in links if link.is_symlink())


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[KeptConnections]:
    opened = KeptConnections(str(tmp_path / "runs"))
    yield opened
    opened.dispose()


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", "")
    with open_instance(tmp_path) as opened:
        yield opened


def test_a_file_is_opened_once_and_closed_at_the_end(storage: KeptConnections) -> None:
    """Any number of events goes through one connection a file, which disposing closes, log and all."""
    for number in range(20):
        storage.store_event(entry(ONE_RUN, number))
    assert told(storage) == first(20)
    assert open_files(f"{ONE_RUN}.db") == 1
    storage.dispose()
    assert open_files(f"{ONE_RUN}.db") == 0
    assert not Path(storage.path_for_shard(ONE_RUN) + "-wal").exists()
    assert told(storage) == first(20)


def test_few_files_stay_open(storage: KeptConnections) -> None:
    """Who looks through a long history holds a handful of its files open, and finds all of it."""
    for number in range(20):
        storage.store_event(entry(f"run-{number}", number))
    assert [told(storage, f"run-{number}") for number in range(20)] == [[f"event {number}"] for number in range(20)]
    assert open_files(".db") <= 8


def test_threads_take_turns(storage: KeptConnections) -> None:
    """Eight threads that write and read at once lose nothing and meet no error."""

    def work(number: int) -> int:
        storage.store_event(entry(ONE_RUN, number))
        return len(told(storage))

    with ThreadPoolExecutor(8) as pool:
        assert max(pool.map(work, range(80))) == 80
    assert sorted(told(storage)) == sorted(first(80))


def test_what_fails_leaves_no_open_transaction(storage: KeptConnections) -> None:
    """An error while a connection is in use undoes what it did, and the next event is stored."""
    storage.store_event(entry(ONE_RUN, 0))

    def fail_halfway() -> None:
        with storage.run_connection(ONE_RUN) as connection:
            connection.execute(text("delete from event_logs"))
            raise KeyError

    with pytest.raises(KeyError):
        fail_halfway()
    storage.store_event(entry(ONE_RUN, 1))
    assert told(storage) == first(2)


def test_a_fork_has_connections_of_its_own(storage: KeptConnections) -> None:
    """A forked process, even one forked while another thread is writing, uses nothing that its parent has open."""
    storage.store_event(entry(ONE_RUN, 0))
    with storage._db_lock:
        child = os.fork()
        if not child:
            storage.store_event(entry(ONE_RUN, 1))
            is_apart = storage._engines is not event_storage._INHERITED[-1] and told(storage) == first(2)
            storage.dispose()
            os._exit(0 if is_apart else 1)
        assert os.waitpid(child, 0)[1] == 0
    storage.store_event(entry(ONE_RUN, 2))
    assert told(storage) == first(3)


def test_a_file_that_was_taken_away_is_noticed(storage: KeptConnections) -> None:
    """After another process has wiped the history, events are stored where everybody finds them."""
    storage.store_event(entry(ONE_RUN, 0))
    for left in Path(storage.path_for_shard(ONE_RUN)).parent.glob(f"{ONE_RUN}*"):
        left.unlink()
    storage.store_event(entry(ONE_RUN, 1))
    another = KeptConnections(storage._base_dir)
    assert told(another) == told(storage) == ["event 1"]
    another.dispose()
    storage.wipe()
    assert told(storage) == []


def test_another_process_reads_while_one_writes(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """A page that follows a run is told each event as it is stored; killing the writer loses none of them."""
    heard: Queue[str] = Queue()
    storage = instance.event_log_storage
    assert isinstance(storage, KeptConnections)
    storage.watch(ONE_RUN, None, lambda log, _: heard.put(log.user_message))
    command = [sys.executable, "-c", WRITER, str(tmp_path), "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        told_by_page = [heard.get(timeout=60) for _ in range(50)]
        reads = [len(told(storage)) for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        stored = len(writer.stdout.read().split())
    assert told_by_page == first(50)
    assert reads == sorted(reads)
    assert reads[-1] > reads[0] >= 50
    assert told(storage)[:stored] == first(stored)
    storage.store_event(entry(ONE_RUN, stored + 1))  # the dead writer holds no lock


def test_history_of_before_is_still_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that Dagster stored by itself, in a folder of an older version, are found again, and the other way round."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    config = tmp_path / ".dagster" / "dagster.yaml"
    config.parent.mkdir()
    config.write_text("telemetry: {enabled: false}\n")
    for number in range(3):
        with open_instance(tmp_path) as opened:
            assert isinstance(opened.event_log_storage, KeptConnections) is (number == 1)
            opened.event_log_storage.store_event(entry(ONE_RUN, number))
            assert [log.user_message for log in opened.all_logs(ONE_RUN)] == first(number + 1)
        aside = config.with_name("aside.yaml")
        if number == 0:
            config.rename(aside)
        elif number == 1:
            aside.replace(config)
