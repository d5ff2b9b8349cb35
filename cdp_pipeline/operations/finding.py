"""The shape of what `cdp doctor` finds.

What belongs here: one finding. What does not: looking (doctor.py, clients.py, checkup.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands, and what to do when it is not well."""

    subject: str
    state: State
    words: str
    cure: str = ""
