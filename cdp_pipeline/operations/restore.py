"""Bringing a data folder back from a backup, without bringing back whoever was erased since.

What belongs here: taking the published state and the decisions out of a copy, and uniting the
requests of all places that know some. What does not: carrying the erasures out; the next run does,
before anybody can read what was restored: until then there is no warehouse, no audience, no report.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.ledger import LEDGERS
from cdp_pipeline.ledgers.replays import FILE as REPLAYS
from cdp_pipeline.privacy.replica import is_register, unite
from cdp_pipeline.project.project import Project
from cdp_pipeline.publishing.damage import damaged_tables
from cdp_pipeline.publishing.snapshots import drop_audience_files, left_by, point_at
from cdp_pipeline.publishing.unfinished import tidy
from cdp_pipeline.publishing.withdrawals import take_withdrawals
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import pointed_at, published_snapshot
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.manifest import read_manifest, write_manifest
from cdp_pipeline.run.whole_file import replaced

DECISIONS = (*(ledger.file for ledger in LEDGERS if ledger.is_restored), REPLAYS, ".key", ".key.exchanged")
_NOT_FOR_READERS = ("warehouse.duckdb", "warehouse_full.duckdb", "reports/index.html")


@dataclass(frozen=True)
class Restored:
    """What came back: the snapshot and its day; requests and hashes of people that hold now; parts of permissions."""

    snapshot: str
    as_of: str
    requests: int
    hashes: int
    parts: int


def restore(copy: Path, data: Path, register: Path | None, project: Project) -> Restored:
    """Make the state published in `copy`, a copy of a data folder, the one that the next run of `data` goes on from.

    Requests and tombstones of `data`, `register` and `copy` hold together; without a `register` it is the folder of
    register_copy, when that is there. Raises InputError when the
    copy is damaged, or when it is the only one that knows of requests: who was erased since is not in it.
    """
    replica = Path(project.settings.register_copy).expanduser() if project.settings.register_copy else None
    register = register or (replica if replica and replica.is_dir() else None)
    snapshot = published_snapshot(copy)
    if snapshot is None or not snapshot.is_dir():
        raise InputError(f"{copy} is no copy of a data folder: it has no published state (current)")
    damaged = damaged_tables(snapshot, project)
    if damaged:
        raise InputError([f"{copy} is damaged: {name} is not what its manifest says" for name in damaged])
    if register is not None and not is_register(register):
        raise InputError(f"{register} holds no requests: name the folder of register_copy, or a data folder")
    if register is None and not is_register(data):
        raise InputError(
            f"{copy} does not know who was erased after it was made, and {data} holds no requests: "
            "name the folder of register_copy with --register, or --register the copy itself if nobody was"
        )
    lock = hold(data)
    try:
        tidy(data)
        requests, hashes = unite([place for place in (copy, register, data) if place], data)
        place, parts = _place(snapshot, data, project)
        for name in DECISIONS:
            if (copy / name).exists() and not (data / name).exists():
                _copy(copy / name, data / name)
        for key in sorted((copy / ".keys").glob("*")):
            (data / ".keys").mkdir(exist_ok=True, mode=0o700)
            _copy(key, data / ".keys" / key.name)
        point_at(data, place.name)
    finally:
        lock.release()
    return Restored(place.name, read_manifest(snapshot).as_of, requests, hashes, parts)


def _copy(source: Path, target: Path) -> None:
    with replaced(target, "restore_file", lasting=True) as temporary:
        shutil.copyfile(source, temporary)


def _place(snapshot: Path, data: Path, project: Project) -> tuple[Path, int]:
    """Put the snapshot among those of `data`, without what readers open; its place, and parts of permissions given."""
    now = pointed_at(data)
    waiting = data / "snapshots" / f".{snapshot.name}"
    fault("restore.begin")
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(snapshot, waiting)
    waiting.chmod(0o700)
    for name in _NOT_FOR_READERS:
        (waiting / name).unlink(missing_ok=True)
    parts = take_withdrawals(now, waiting, project)
    drop_audience_files(waiting, project, left_by(data, snapshot.name))
    manifest = read_manifest(waiting)
    files = {name: digest for name, digest in manifest.files.items() if name not in _NOT_FOR_READERS}
    write_manifest(waiting, replace(manifest, files=files))
    place = waiting.with_name(snapshot.name)
    while place.exists():  # readers may have it open: a state that was published is never replaced
        place = place.with_name(f"{place.name}r")
    fault("restore.put_in_place")
    waiting.rename(place)
    return place, parts
