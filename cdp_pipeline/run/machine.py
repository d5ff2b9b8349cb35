"""What the machine said, in plain words: no room, no right, no memory, a signal.

What belongs here: recognising the few things an operating system says, however a library wraps them, and the
cure of each. What does not: where errors are caught (boundary.py, cli/), and ending on a signal (interruption.py).

The text of a library's error may quote a value of a person, so nothing of it goes through: it is only searched
for words of the system, and what is told stands in this file. A file is named by the path that Python itself gave
to the system, never by one out of a text.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from cdp_pipeline.errors import MachineError

_HISTORY, _SHUT = -1, -2  # no errno: SQLite says it, and the only SQLite files of the product are those of Dagster
_ROOM = "free some, and run again; cdp doctor says how much a run needs"
_RIGHT = "run as the owner of the folder, or give the folder back to who runs (chown -R), and run again"
_FILES = "raise the limit (ulimit -n 4096, or LimitNOFILE of the service), and run again"
_TOLD: Mapping[int, tuple[str, str]] = {
    errno.ENOSPC: ("no space left on the disk", _ROOM),
    errno.EDQUOT: ("the disk quota is used up", _ROOM),
    errno.EFBIG: ("a file grew larger than the system allows", "raise the limit (ulimit -f), and run again"),
    errno.EROFS: ("the file system is read-only", "mount it for writing, and run again"),
    errno.EACCES: ("permission denied", _RIGHT),
    errno.EPERM: ("not permitted", _RIGHT),
    errno.EMFILE: ("too many open files", _FILES),
    errno.ENFILE: ("too many open files on this machine", "end programs that hold many, and run again"),
    errno.ENOMEM: (
        "not enough memory",
        "end other programs, or give a run more by memory_limit in project.yml, and run again",
    ),
    errno.EIO: ("the disk could not be read or written", "look at the disk (dmesg), then cdp doctor"),
    _HISTORY: (
        "Dagster's history of runs is damaged",
        "move the folder .dagster of the data folder away: the next cdp run makes a new one, and no data is in it",
    ),
    _SHUT: (
        "Dagster's history of runs cannot be opened",
        "see whether the folder .dagster of the data folder may be written: its owner, its disk, a read-only mount",
    ),
}
_EVERYWHERE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What has no place."""
_WRAPPERS = ("IOException", "OutOfMemoryException", "OperationalError", "DatabaseError", "ComputeError", "OSError")
"""Classes of DuckDB, SQLite, SQLAlchemy, Polars and Arrow whose text may repeat what the system said."""
_INTERRUPTIONS = ("KeyboardInterrupt", "DagsterExecutionInterruptedError", "InterruptException")
_WORDS: Mapping[str, int] = {
    **{os.strerror(number): number for number in _TOLD if number > 0},
    "failed to offload data block": errno.ENOSPC,  # DuckDB spills until the disk is full
    "could not allocate block": errno.ENOMEM,
    "bad allocation": errno.ENOMEM,
    "database or disk is full": errno.ENOSPC,
    "attempt to write a readonly database": errno.EROFS,
    "disk I/O error": errno.EIO,
    "unable to open database file": _SHUT,
    "file is not a database": _HISTORY,
    "database disk image is malformed": _HISTORY,
}


def machine_error(error: BaseException, place: Path | None = None) -> MachineError | None:
    """What the machine said, when that is what `error` is about; `place` is the folder that was worked in."""
    for cause in _causes(error):
        number = _number(cause)
        if number:
            words, cure = _TOLD[number]
            where = "" if number in _EVERYWHERE else _path(cause) or str(place or "")
            return MachineError(f"{words}{f' ({where})' if where else ''}: {cure}")
    return None


def is_interruption(error: BaseException) -> bool:
    """Whether a library raised `error` because a signal had come: DuckDB hides the signal's own exception."""
    return (isinstance(error, RuntimeError) and str(error) == "Query interrupted") or any(
        type(cause).__name__ in _INTERRUPTIONS for cause in _causes(error)
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, the outermost first; each once."""
    passed: set[int] = set()
    while error is not None and id(error) not in passed:
        passed.add(id(error))
        yield error
        before = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or before or getattr(error, "orig", None)  # SQLAlchemy's way


def _number(error: BaseException) -> int:
    """The errno that an error stands for, 0 for none of those told here."""
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    if isinstance(error, OSError) and error.errno and error.errno in _TOLD:
        return error.errno
    if type(error).__name__ not in _WRAPPERS:
        return 0
    text = str(error)
    return next((number for words, number in _WORDS.items() if words in text), 0)


def _path(error: BaseException) -> str:
    """The path that the system was asked for, safe to show on a terminal; empty when the error names none."""
    name = getattr(error, "filename", None) if isinstance(error, OSError) else None
    if not isinstance(name, str | bytes | os.PathLike):
        return ""
    return "".join(c if c.isprintable() else "?" for c in os.fsdecode(name))
