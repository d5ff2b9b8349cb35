"""The one door to people in clear: who looked, when, with which command and why, in DATA/privacy/reads.jsonl.

What belongs here: writing a line, the leave it gives, and reading the lines. What does not: the commands that
look, and finding what they show.

Whatever shows somebody in clear asks for a `Leave`, and only `Door.enter` gives one, after the line has reached the
disk: a log that cannot be written shows nobody. A line holds no value of a person: people are named by keyed
hashes, the same as in the register of requests. Reading the files themselves is for the operating system to log.
"""

from __future__ import annotations

import json
import os
import pwd
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cdp_pipeline.errors import InputError
from cdp_pipeline.run.whole_file import alone, append_line, write_whole

if TYPE_CHECKING:
    from cdp_pipeline.privacy.subject import Subject

FOLDER, FILE = "privacy", "reads.jsonl"
LONGEST_REASON = 200
_VALUE = re.compile(r"[@\uff20]|(?<![\w-])(?:\+|0)(?:[\s()./-]*\d){7}")
"""What looks like an address or a phone number; the number of a case or of a request does not."""
Read = Mapping[str, object]


@dataclass(frozen=True)
class Leave:
    """Leave to show people in clear, once: the line is written. Made by `Door.enter` and by nothing else."""

    data: Path = field(repr=False)

    @property
    def warehouse(self) -> Path:
        """The warehouse in clear."""
        return self.data / "warehouse_full.duckdb"


@dataclass(frozen=True)
class Door:
    """What is known of a command that will show people: its data folder, its name, the secret key if held, and why."""

    data: Path
    command: str
    key: bytes | None = field(default=None, repr=False)
    reason: str = ""

    def __post_init__(self) -> None:
        """Raises InputError for a reason that names somebody or is a story."""
        if len(self.reason) > LONGEST_REASON or _VALUE.search(self.reason):
            raise InputError(
                f"--reason: at most {LONGEST_REASON} characters, and no address or number of a person: "
                "the log names nobody; write the number of a case"
            )

    def enter(self, subjects: Collection[Subject] = (), table: str = "") -> Leave:
        """Write the line: moment (UTC), account of this machine, command, reason, table, how many people and who.

        Without the key it says only how many. Raises InputError when the line cannot be written.
        """
        from cdp_pipeline.ledgers.requests import (
            subject_key,
        )  # knows identity, which a stage that asks for leave does not

        entry = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "user": account(),
            "command": self.command,
            "reason": self.reason,
            "table": table,
            "people": len(subjects),
            "subject_keys": sorted({subject_key(self.key, subject) for subject in subjects}) if self.key else [],
        }
        line = json.dumps({name: value for name, value in entry.items() if value})
        try:
            with alone(path_of(self.data)):
                append_line(path_of(self.data), line, "reads")
        except OSError as error:
            raise InputError(
                f"nobody is shown: {path_of(self.data)} cannot be written ({error.strerror}); "
                "whoever may see people in clear must be able to write there"
            ) from None
        return Leave(self.data)


def path_of(data: Path) -> Path:
    """Where the log of a data folder is."""
    return data / FOLDER / FILE


def reads(data: Path) -> list[Read]:
    """Every line, oldest first; what a dead command left half written is skipped."""
    entries: list[Read] = []
    for line in _lines(data):
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries


def unite(places: Sequence[Path], data: Path) -> int:
    """Write into the log of `data` every line that any of `places` has; returns how many there are now."""
    if not any(path_of(place).exists() for place in places):
        return 0
    lines: Counter[str] = Counter()
    with alone(path_of(data)):
        for place in places:
            lines |= Counter(line for line in _lines(place) if line.strip())
        if lines:  # sorted by their moments, with which they begin
            write_whole(path_of(data), "".join(f"{line}\n" for line in sorted(lines.elements())), "reads")
    return lines.total()


def rekey(data: Path, hashes: Mapping[str, str]) -> None:
    """Write people in the log by the hashes of another key: old hash -> new; a hash that is not in `hashes` stays."""
    if not path_of(data).exists():
        return
    with alone(path_of(data)):
        lines = _lines(data)
        rekeyed = [re.sub(r"\b[0-9a-f]{32}\b", lambda hit: hashes.get(hit[0], hit[0]), line) for line in lines]
        if rekeyed != lines:
            write_whole(path_of(data), "".join(f"{line}\n" for line in rekeyed), "reads")


def account() -> str:
    """The account of this process as the system knows it, whatever the environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account without a name
        return f"user {os.getuid()}"


def _lines(data: Path) -> list[str]:
    path = path_of(data)
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n") if path.exists() else []
