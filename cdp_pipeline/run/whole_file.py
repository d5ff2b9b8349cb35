"""A file that is whole or not there: written under another name, then put in its place in one step.

What belongs here: replacing, extending and removing one file so that a reader, a crash or a full disk never
meets half of it. What does not: what the files say.

A temporary name is `.<name>.<process>`; what a killed process leaves of them goes with the next lasting file in that
folder, or with the next run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdp_pipeline.errors import BusyError
from cdp_pipeline.run.failpoints import fault

_TEMPORARY = re.compile(r"\..+\.(\d+)(\.wal)?")


@contextmanager
def replaced(path: Path, name: str, mode: int = 0o600, *, lasting: bool = False) -> Iterator[Path]:
    """A temporary path to write to; it takes the place of `path` when the block ends well, and goes when it does not.

    `name` names the fault points `<name>.begin`, `<name>.written` and `<name>.replaced`. A `lasting` file has
    reached the disk when this ends; tables need not be, for publication flushes them all.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    if lasting:
        remove_leftovers(path.parent)
    try:
        fault(f"{name}.begin")
        yield temporary
        temporary.chmod(mode)
        if lasting:
            flush(temporary)
        fault(f"{name}.written")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if lasting:
        flush(path.parent)
    fault(f"{name}.replaced")


def write_whole(path: Path, text: str | bytes, name: str, mode: int = 0o600) -> None:
    """Write a small file of the data folder all or nothing, for its owner alone; it survives a loss of power."""
    with replaced(path, name, mode, lasting=True) as temporary:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())


def append_line(path: Path, line: str, name: str) -> None:
    """Add one line to a log of the data folder; what a dead writer left half written stays a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fault(f"{name}.begin")
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, ("\n" * torn + line.rstrip("\n") + "\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fault(f"{name}.written")


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files right in `folder` whose process is gone."""
    for path in sorted(folder.glob(".*")):
        if is_leftover(path):
            fault("leftover.remove")
            path.unlink(missing_ok=True)


def is_leftover(path: Path) -> bool:
    """Whether `path` is a temporary file whose process is gone, or what DuckDB wrote beside one."""
    temporary = _TEMPORARY.fullmatch(path.name)
    return bool(temporary and not Path(f"/proc/{temporary[1]}").exists() and (path.is_symlink() or path.is_file()))


def flush(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Read a file and replace it while no other process of this product does; BusyError after ten seconds."""
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=10, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(f"another command writes {path.name}; try again") from None
    try:
        yield
    finally:
        lock.release()
