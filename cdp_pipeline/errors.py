"""Every error the product raises on purpose, and how one is shown.

What belongs here: the exception tree and the wording of "did you mean". What does not: checks
of any kind; they live where the thing they check lives.

    CdpError                 a message for the user: one line, or one line a problem
    ├── ProjectError         dbt_like_sql says something impossible (all mistakes at once)
    ├── InputError           an export, or a file named on the command line, is not usable
    ├── GateError            a check stands between this run and publication
    ├── BusyError            another run holds the data folder
    ├── KeyMismatchError     the secret key is missing or not the one the data was made with
    └── MachineError         no room on the disk, no right, no memory: what the system said

Texts carry file, line, column, what was found, what is allowed. They never carry a value of a
person: a message about a row names its line, not its content.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


class CdpError(Exception):
    """A mistake the user can mend; shown as plain lines, never as a traceback."""

    exit_code = 1

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class ProjectError(CdpError):
    """One or more files of dbt_like_sql are wrong; every problem is listed.

    `tables` are those that a stage makes all the same, so that what reads them is not wrong as well.
    """

    exit_code = 2

    def __init__(self, problems: str | Sequence[str], tables: Sequence[Any] = ()) -> None:
        super().__init__(problems)
        self.tables = tuple(tables)


class InputError(CdpError):
    """A file that was to be read cannot be used."""

    exit_code = 3


class GateError(CdpError):
    """Publication was refused; what is published stays as it was."""

    exit_code = 4


class BusyError(CdpError):
    """Another run is working in the same data folder."""

    exit_code = 5


class KeyMismatchError(CdpError):
    """CDP_KEY is missing, or is not the key the published ids were made with."""

    exit_code = 6


class MachineError(CdpError):
    """The operating system refused: no room, no right, no memory (machine.py)."""

    exit_code = 7


def nearest(name: str, allowed: Iterable[str]) -> str:
    """`" (did you mean X?)"` for the closest allowed name, or an empty string."""
    closest = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.6)
    return f" (did you mean {closest[0]}?)" if closest else ""


def place_of(error: BaseException) -> str:
    """Class of an unexpected error and where it arose, without its text, which may hold a value."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "cdp_pipeline" in f.filename]
    where = " ← ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-3:]))
    return f"{type(error).__name__} at {where or 'a place outside cdp_pipeline'}"
