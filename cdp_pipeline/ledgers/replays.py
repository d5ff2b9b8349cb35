"""DATA/replays.jsonl: rows that somebody corrected after quarantine.

What belongs here: the lines and their mistakes. What does not: laying them over rows (staging/replay.py).

A line names one row by table, source, fingerprint of its export, line there, and digest of its texts, and says the new
texts of some of its columns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cdp_pipeline.errors import InputError
from cdp_pipeline.run.whole_file import alone, write_whole

FILE = "replays.jsonl"


@dataclass(frozen=True)
class Replay:
    """A line of the file; row and after: digests of the row's texts before and after; changes: column → text."""

    table: str
    source: str
    fingerprint: str
    line: int
    row: str
    after: str
    changes: Mapping[str, str]
    decided_at: str
    reviewer: str

    @property
    def place(self) -> tuple[str, str, str, int]:
        return self.table, self.source, self.fingerprint, self.line


def read_replays(data: Path) -> list[Replay]:
    """Every line in order; InputError lists each line that is none, without its text."""
    path = data / FILE
    if not path.exists():
        return []
    replays, problems = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line:
            continue
        try:
            replays.append(Replay(**json.loads(line)))
        except (ValueError, TypeError):
            problems.append(f"{FILE}:{number}: not a replay; remove the line, or write it with cdp quarantine replay")
    if problems:
        raise InputError(problems)
    return replays


def add_replays(data: Path, replays: Sequence[Replay]) -> None:
    """Write lines behind those that are there, all or none."""
    with alone(data / FILE):
        lines = [json.dumps(asdict(replay)) for replay in (*read_replays(data), *replays)]
        write_whole(data / FILE, "".join(f"{line}\n" for line in lines), "replays")
