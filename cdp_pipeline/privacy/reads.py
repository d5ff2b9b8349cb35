"""Who read data of people in clear through `cdp`, and when: DATA/privacy/reads.jsonl.

What belongs here: adding a line, and reading them all. What does not: the commands that read.

A line holds no value of a person: a person is named by a keyed hash, the same as in the register of
requests. Reading the files themselves is for the operating system to log.
"""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from pathlib import Path

from cdp_pipeline.privacy.register import subject_key
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.whole_file import append_line

FILE = "reads.jsonl"


def log_read(data: Path, command: str, *, table: str = "", person: str = "", key: bytes | None = None) -> None:
    """Add a line: moment (UTC), user of this machine, command, the table read or the person asked about.

    `person` is a person id, hashed with `key`; without the key the line says only that somebody was asked
    about.
    """
    said = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "user": _user(),
        "command": command,
        "table": table,
        "subject_key": subject_key(key, Subject(person, (), ())) if key and person else "",
    }
    (data / "privacy").mkdir(parents=True, exist_ok=True, mode=0o700)
    append_line(data / "privacy" / FILE, json.dumps({name: value for name, value in said.items() if value}), "reads")


def reads(data: Path) -> list[dict[str, str]]:
    """Every line, oldest first; what a dead command left half written is skipped."""
    path = data / "privacy" / FILE
    found: list[dict[str, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return "unknown"
