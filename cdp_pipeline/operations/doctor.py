"""Looking a data folder over: what is wrong with it, and what to do about each.

What belongs here: the questions asked of the folder's files, the disk, the key and the versions. What
does not: the nights (nights.py), and mending: a run cleans up what runs left behind.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from cdp_pipeline.operations.alerts import SENT, told
from cdp_pipeline.operations.channels import channels_of
from cdp_pipeline.operations.clients import warehouse_findings
from cdp_pipeline.operations.finding import Finding, looked_at
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.run.lake import pointed_at
from cdp_pipeline.run.whole_file import is_leftover

SPARE = 200_000_000
"""Bytes that must be free besides twice what is published."""
_FREE = "free"
_OPEN_TO_ALL = {"README.md", "dagster.yaml", ".lock"}  # nothing of a person is in them
_OWNERS = ("exports",)  # folders of the data folder that are not the platform's
_PASSED_BY_THE_GROUP = re.compile(r"snapshots(/[^/]+(/warehouse\.duckdb)?)?")


def examine_folder(data: Path, settings: Settings) -> list[Finding]:
    """Everything that can be told from the folder itself; opens no table."""
    lock = looked_at("lock", lambda: [_lock(data)])
    is_free = lock[0].words == _FREE
    return [
        *lock,
        *looked_at(".wal file", lambda: _wal_files(data)),
        *looked_at("leftovers", lambda: [_leftovers(data, is_free)]),
        *looked_at("disk", lambda: [_disk(data)]),
        *looked_at("warehouse", lambda: warehouse_findings(data)),
        *looked_at("file modes", lambda: [_modes(data)]),
        *looked_at("alerts", lambda: _alerts(data, settings)),
    ]


def _lock(data: Path) -> Finding:
    """Whether no run works, by what the lock says."""
    holder = data / ".lock.holder"
    who = holder.read_text().strip() if holder.exists() else ""
    process = re.match(r"process (\d+)", who)
    is_alive = bool(process) and Path(f"/proc/{process[1] if process else ''}").exists()
    try:
        with FileLock(data / ".lock", timeout=0, mode=0o600):
            return Finding("lock", "ok", _FREE)
    except Timeout:
        if is_alive:
            return Finding("lock", "ok", f"held by {who}: a run works")
        return Finding(
            "lock", "bad", f"held, but not by who says so ({who or 'nobody'})",
            "find who holds it with: fuser DATA/.lock; do not delete the file, the lock is free when its process ends",
        )  # fmt: skip


def _wal_files(data: Path) -> Iterator[Finding]:
    """DuckDB leaves a .wal beside a file that was written to; a published file never is."""
    for path in _own(data):
        if path.name.endswith((".wal", ".duckdb.tmp")) and not is_leftover(path):
            yield Finding(
                ".wal file", "bad", f"{path.relative_to(data)}: a program wrote to a warehouse, or died writing one",
                "close programs that opened the warehouse without -readonly, then delete the file; "
                "cdp run publishes the warehouse anew",
            )  # fmt: skip


def _leftovers(data: Path, is_free: bool) -> Finding:
    """Folders of runs that died, half-deleted snapshots, temporary files of processes that are gone."""
    if not is_free:
        return Finding("leftovers", "ok", "not looked for while a run works")
    died = sorted(path.name[:8] for path in (data / "runs").glob("*"))
    hidden = sorted((data / "snapshots").glob(".*"))
    temporary = [path for path in _own(data) if is_leftover(path)]
    if not (died or hidden or temporary):
        return Finding("leftovers", "ok", "none")
    words = [f"folder of run {name}, which did not publish" for name in died]
    words += [f"{len(hidden)} snapshots half deleted"] if hidden else []
    words += [f"{len(temporary)} temporary files"] if temporary else []
    return Finding("leftovers", "note", "; ".join(words), "the next cdp run goes on from them or removes them")


def _disk(data: Path) -> Finding:
    free = shutil.disk_usage(data).free
    snapshot = pointed_at(data)
    size = sum(path.stat().st_size for path in snapshot.rglob("*") if path.is_file()) if snapshot else 0
    needed = 2 * size + SPARE
    words = f"{free / 1e9:.1f} GB free; a run may need {needed / 1e9:.1f} GB"
    if free >= needed:
        return Finding("disk", "ok", words)
    return Finding("disk", "bad", words, "make room, or lower keep_snapshots in project.yml; exports are yours to move")


def _modes(data: Path) -> Finding:
    """Nobody but the owner may read; the group may pass through to the masked warehouse."""
    wide = []
    for path in _own(data):
        mode = path.lstat().st_mode & 0o777
        place = path.relative_to(data).as_posix()
        allowed = 0o750 if _PASSED_BY_THE_GROUP.fullmatch(place) else 0o700
        if mode & ~allowed and path.name not in _OPEN_TO_ALL:
            wide.append(place)
    if not wide:
        return Finding("file modes", "ok", "nobody but the owner, and the group for the masked warehouse")
    more = f" and {len(wide) - 3} more" if len(wide) > 3 else ""
    return Finding(
        "file modes", "bad", f"others may read {', '.join(sorted(wide)[:3])}{more}",
        f"chmod o-rwx,g-rwx on them; in {data} only the masked warehouse is for the group",
    )  # fmt: skip


def _own(data: Path) -> Iterator[Path]:
    """Every file and folder of the platform below `data`; no links, nothing of the owner's exports."""

    def refuse(error: OSError) -> None:
        raise error  # os.walk would pass over what it may not read

    for folder, folders, files in os.walk(data, onerror=refuse):
        here = Path(folder)
        if here == data:
            folders[:] = [name for name in folders if name not in _OWNERS]
        for name in sorted([*folders, *files]):
            path = here / name
            if not path.is_symlink():
                yield path


def _alerts(data: Path, settings: Settings) -> Iterator[Finding]:
    names = [name for name, _ in channels_of(settings)]
    if not names:
        yield Finding("alerts", "note", "nobody is told of a bad night", "name a channel under alerts in project.yml")
        return
    last = told(data)[-1:]
    sent = last[0].get(SENT) if last else None
    failed = [name for name in names if isinstance(sent, dict) and sent.get(name) != SENT]
    if failed:
        yield Finding(
            "alerts", "bad", f"the last one was not carried by {', '.join(failed)}",
            "alerts.jsonl has the reason; mend the channel and try it: cdp doctor --try-alerts",
        )  # fmt: skip
    else:
        yield Finding("alerts", "ok", f"by {', '.join(names)}")
