"""One run at a time in a data folder, whoever started it.

What belongs here: the lock file and the message that names its holder. What does not: what is done
while it is held.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from cdp_pipeline.errors import BusyError
from cdp_pipeline.run.whole_file import write_whole


def hold(data: Path) -> FileLock:
    """Take `DATA/.lock`; raises BusyError at once, naming process and start, when it is taken.

    The operating system frees the lock when its process dies, so a killed run blocks nobody.
    """
    data.mkdir(parents=True, exist_ok=True)
    holder = data / ".lock.holder"
    lock = FileLock(data / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        who = holder.read_text().strip() if holder.exists() else "unknown process"
        raise BusyError(f"another run works in {data} ({who}); wait for it to end") from None
    write_whole(holder, f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n", "lock_holder")
    return lock
