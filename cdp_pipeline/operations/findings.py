"""What can be told from the files of a data folder alone: each thing that is looked at is a finding.

What belongs here: the shape of a finding; the questions asked of the folder's files, the disk, the alerts and the
DuckDB clients. What does not: the nights, the published tables and the key (doctor.py), and mending: a run cleans up
what runs left behind.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from cdp_pipeline.errors import CdpError, place_of
from cdp_pipeline.operations.alerts import SENT, channels_of, read_alerts
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.run.lake import pointed_at
from cdp_pipeline.run.machine import machine_error
from cdp_pipeline.run.whole_file import is_leftover

SPARE = 200_000_000
"""Bytes that must be free besides twice what is published."""
_FREE = "free"
_OPEN_TO_ALL = {"README.md", "dagster.yaml", ".lock"}  # nothing of a person is in them
_OWNERS = ("exports",)  # folders of the data folder that are not the platform's
_PASSED_BY_THE_GROUP = re.compile(r"snapshots(/[^/]+(/warehouse\.duckdb)?)?")
OLDEST_CLIENT = (1, 2)
"""The DuckDB of the oldest client that opens the warehouse."""
State = Literal["ok", "note", "bad"]

_UNEXPECTED = "see the other findings first; CDP_SHOW_ERRORS=1 cdp run shows it in full, on invented data only"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands, and what to do when it is not well."""

    subject: str
    state: State
    words: str
    cure: str = ""


def try_to_look(subject: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What `look` finds, or one finding that says why nobody could look; never raises."""
    try:
        return list(look())
    except Exception as error:  # noqa: BLE001  whatever is broken, the other findings must come
        return [finding_of_error(subject, error)]


def finding_of_error(subject: str, error: Exception, cure: str = _UNEXPECTED) -> Finding:
    """The finding that an error is, in words that hold no value; `cure` is for one that nobody expected."""
    refusal = error if isinstance(error, CdpError) else machine_error(error)
    if refusal is None:
        return Finding(subject, "bad", f"could not be looked at: {place_of(error)}", cure)
    words, _, own_cure = "; ".join(refusal.problems).partition(": ")
    return Finding(subject, "bad", words, own_cure or cure)


def examine_folder(data: Path, settings: Settings) -> list[Finding]:
    """Everything that can be told from the folder itself; opens no table."""
    lock = try_to_look("lock", lambda: [_lock(data)])
    is_free = lock[0].words == _FREE
    return [
        *lock,
        *try_to_look(".wal file", lambda: _wal_files(data)),
        *try_to_look("leftovers", lambda: [_leftovers(data, is_free)]),
        *try_to_look("disk", lambda: [_disk(data)]),
        *try_to_look("warehouse", lambda: _warehouse(data)),
        *try_to_look("file modes", lambda: [_modes(data)]),
        *try_to_look("alerts", lambda: _alerts(data, settings)),
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


def _warehouse(data: Path) -> Iterator[Finding]:
    """Which clients can open what is published; their versions where a command says so."""
    import duckdb

    path = data / "warehouse.duckdb"
    if not path.exists():
        return
    try:
        with duckdb.connect(":memory:") as con:
            con.execute(f"attach {literal(str(path.resolve()))} as published (read_only)")
            tags = con.execute("select tags from duckdb_databases() where database_name = 'published'").fetchall()[0][0]
    except duckdb.Error as error:
        if machine_error(error):
            raise
        yield Finding("warehouse", "bad", f"{path} cannot be opened: it is damaged", "cdp run writes it anew")
        return
    version = str(dict(tags).get("storage_version", "unknown")).rstrip("+")
    oldest = ".".join(map(str, OLDEST_CLIENT))
    words = f"storage version {version}, written by DuckDB {duckdb.__version__}; clients from {oldest} open it"
    if _version(version) > (*OLDEST_CLIENT, 0):
        yield Finding(
            "warehouse",
            "bad",
            f"storage version {version}",
            "older clients cannot open it; run cdp run to write it anew",
        )
    else:
        yield Finding("warehouse", "ok", words)
    client = _client()
    if client and _version(client) < OLDEST_CLIENT:
        yield Finding("client", "bad", f"the duckdb command here is {client}", f"install duckdb {oldest} or newer")
    elif client:
        yield Finding("client", "ok", f"the duckdb command here is {client}")


def _client() -> str:
    command = shutil.which("duckdb")
    if command is None:
        return ""
    try:
        answer = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return next(iter(answer.stdout.split()), "")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _alerts(data: Path, settings: Settings) -> Iterator[Finding]:
    names = [name for name, _ in channels_of(settings)]
    if not names:
        yield Finding("alerts", "note", "nobody is told of a bad night", "name a channel under alerts in project.yml")
        return
    last = read_alerts(data)[-1:]
    states = last[0].get(SENT) if last else None
    failed = [name for name in names if isinstance(states, dict) and states.get(name) != SENT]
    if failed:
        yield Finding(
            "alerts", "bad", f"the last one was not carried by {', '.join(failed)}",
            "alerts.jsonl has the reason; mend the channel and try it: cdp doctor --try-alerts",
        )  # fmt: skip
    else:
        yield Finding("alerts", "ok", f"by {', '.join(names)}")
