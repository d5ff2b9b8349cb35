"""The shape of what `cdp doctor` finds.

What belongs here: one finding, and a look that fails, which is a finding too: what is broken must not hide the
rest. What does not: looking (doctor.py, clients.py, health.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from cdp_pipeline.errors import CdpError, place_of
from cdp_pipeline.run.machine import machine_error

State = Literal["ok", "note", "bad"]

_SHOWN = "see the other findings first; CDP_SHOW_ERRORS=1 cdp run shows it in full, on invented data only"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands, and what to do when it is not well."""

    subject: str
    state: State
    words: str
    cure: str = ""


def looked_at(subject: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What `look` finds, or one finding that says why nobody could look; never raises."""
    try:
        return list(look())
    except Exception as error:  # noqa: BLE001  whatever is broken, the other findings must come
        return [not_looked_at(subject, error)]


def not_looked_at(subject: str, error: Exception, cure: str = _SHOWN) -> Finding:
    """The finding that an error is, in words that hold no value; `cure` is for one that nobody expected."""
    told = error if isinstance(error, CdpError) else machine_error(error)
    if told is None:
        return Finding(subject, "bad", f"could not be looked at: {place_of(error)}", cure)
    words, _, told_cure = "; ".join(told.problems).partition(": ")
    return Finding(subject, "bad", words, told_cure or cure)
