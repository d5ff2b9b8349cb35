"""One run at a time: the second is told who is at work, and a dead one blocks nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cdp_pipeline.errors import BusyError
from cdp_pipeline.run.lock import hold

HOLDER = """
import sys, time
from pathlib import Path
from cdp_pipeline.run.lock import hold
lock = hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"held"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_is_told_who_is_at_work(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    """While a process holds the folder another gets BusyError at once, with its number and start."""
    with pytest.raises(BusyError, match=rf"process {holder.pid} since \d{{4}}-\d\d-\d\d"):
        hold(tmp_path)


def test_a_killed_run_blocks_nobody(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    """The lock goes with the process, also when it was killed by force."""
    holder.kill()
    holder.wait()
    hold(tmp_path).release()


def test_a_released_folder_can_be_taken_again(tmp_path: Path) -> None:
    """Runs one after another take turns, and the folder is made when it is not there."""
    for _ in range(2):
        hold(tmp_path / "new").release()
