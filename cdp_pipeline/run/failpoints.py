"""Named places at which a run can be made to die, to prove that nothing breaks when it does.

What belongs here: `fault`, called beside every change of a file, and how the environment arms it.
What does not: what is proved with it (cdp_pipeline_tests/trust/faults.py).

    CDP_FAULT=raise@table.written       an error at the first time this point is reached
    CDP_FAULT=full@table.written#3      "no space left on device" at its third time
    CDP_FAULT=exit@#120                 the process is gone, without any cleaning up, at the 120th point
    CDP_FAULT=list@FILE                 nothing dies; every point reached is a line of FILE
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from pathlib import Path

VARIABLE = "CDP_FAULT"
KINDS = ("raise", "exit", "full")
EXIT_CODE = 70
_reached: Counter[str] = Counter()


class FaultError(Exception):
    """Raised on purpose at a fault point, never otherwise."""


def fault(point: str) -> None:
    """A place where a run may die; does nothing unless CDP_FAULT names it."""
    if armed := os.environ.get(VARIABLE):
        _reach(point, armed)


def forget() -> None:
    """Count from the beginning again."""
    _reached.clear()


def _reach(point: str, armed: str) -> None:
    kind, _, place = armed.partition("@")
    if kind == "list":
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(f"{point}\n")
        return
    name, _, number = place.partition("#")
    _reached.update((point, ""))
    if name in {point, ""} and _reached[name] == int(number or 1):
        _die(kind, point)


def _die(kind: str, point: str) -> None:
    if kind == "exit":
        os._exit(EXIT_CODE)
    if kind == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), point)
    raise FaultError(f"a fault was asked for at {point}")
