"""Snapshots: making a run's folder the published state in one swap, and going back.

What belongs here: `DATA/snapshots`, `DATA/current`, and the two gates before the swap. What does
not: the DuckDB files in a snapshot (warehouse.py).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cdp_pipeline.errors import GateError, InputError, nearest
from cdp_pipeline.lake import Run, published_snapshot
from cdp_pipeline.lock import hold
from cdp_pipeline.manifest import Manifest, read_manifest, write_manifest


@dataclass(frozen=True)
class Snapshot:
    """One published state; `is_current` marks the one that readers see."""

    id: str
    as_of: str
    published_at: str
    run_id: str
    tables: int
    is_current: bool


def publish(run: Run, blocking: Iterable[str], tables: Collection[str] | None = None) -> str:
    """Swap the run folder in as the published state; returns the snapshot id.

    Only `tables`, those of the present project, are published; what an earlier project made is dropped.

    Raises GateError, and changes nothing, when a table is stale, or a check in `blocking` failed,
    did not run, or looked at tables rebuilt since.
    """
    manifest = run.manifest() if tables is None else _forget(run, tables)
    stale = [f"{name} is older than what it is made from: rebuild it" for name in manifest.stale()]
    reasons = [*stale, *manifest.refused(blocking)]
    if reasons:
        raise GateError(["not published; the published state stays as it was", *reasons])
    now = datetime.now(UTC)
    write_manifest(run.folder, replace(manifest, published_at=now.isoformat(timespec="seconds")))
    shutil.rmtree(run.folder / ".spill", ignore_errors=True)
    _sync(run.folder)
    snapshot = run.data / "snapshots" / f"{now:%Y%m%dT%H%M%S}-{run.id[:8]}"
    snapshot.parent.mkdir(exist_ok=True)
    for folder in (snapshot.parent, run.folder):  # the group may pass through to the masked warehouse, to no more
        folder.chmod(0o750)
    run.folder.rename(snapshot)
    point_at(run.data, snapshot.name)
    prune(run.data, run.project.settings.keep_snapshots)
    return snapshot.name


def _forget(run: Run, tables: Collection[str]) -> Manifest:
    """Drop tables that the project no longer makes from the run folder and its manifest."""
    manifest = run.manifest()
    for name in set(manifest.tables) - set(tables):
        path = run.path(name)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    kept = {name: entry for name, entry in manifest.tables.items() if name in tables}
    manifest = replace(manifest, tables=kept)
    write_manifest(run.folder, manifest)
    return manifest


def point_at(data: Path, snapshot: str) -> None:
    """Make `snapshot` the published one: the only moment at which readers change over."""
    _swap_link(data / "current", Path("snapshots") / snapshot)
    for name in ("warehouse.duckdb", "warehouse_full.duckdb"):
        if not (data / name).is_symlink():
            _swap_link(data / name, Path("current") / name)
    _sync_one(data)


def snapshots(data: Path) -> list[Snapshot]:
    """Every complete snapshot, newest first."""
    current = published_snapshot(data)
    found = []
    for folder in sorted((data / "snapshots").glob("[!.]*"), reverse=True):
        manifest = read_manifest(folder)
        found.append(
            Snapshot(
                folder.name,
                manifest.as_of,
                manifest.published_at,
                manifest.run_id,
                len(manifest.tables),
                folder.resolve() == current,
            )
        )
    return found


def rollback(data: Path, wanted: str | None) -> str:
    """Publish an earlier snapshot again, without its audience files: the one named, else the one before.

    Raises InputError when there is no such snapshot, BusyError while a run works.
    """
    known = snapshots(data)
    position = next((i for i, s in enumerate(known) if s.is_current), -1)
    earlier = known[position + 1 :]
    target = wanted or (earlier[0].id if earlier else "")
    if target not in {s.id for s in known}:
        raise InputError(
            f"no snapshot {target or 'before the current one'} in {data}/snapshots{nearest(target, [s.id for s in known])}"
        )
    lock = hold(data)
    try:
        _drop_audience_files(data / "snapshots" / target)
        point_at(data, target)
    finally:
        lock.release()
    return target


def _drop_audience_files(snapshot: Path) -> None:
    """Permissions may have been withdrawn since that night: forget its files, so that the next run makes new ones."""
    manifest = read_manifest(snapshot)
    kept = {name: entry for name, entry in manifest.tables.items() if not name.startswith("activation.")}
    write_manifest(snapshot, replace(manifest, tables=kept))
    for file in (snapshot / "activation").glob("*/*.csv"):
        file.unlink()


def prune(data: Path, keep: int) -> list[str]:
    """Delete all but the newest `keep` snapshots, never the current one; returns what went."""
    gone = [s.id for s in snapshots(data)[keep:] if not s.is_current]
    for name in gone:
        (data / "snapshots" / name).rename(data / "snapshots" / f".{name}")
    for hidden in (data / "snapshots").glob(".*"):  # and what a prune before this one had no time for
        shutil.rmtree(hidden)
    return gone


def _swap_link(link: Path, target: Path) -> None:
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)


def _sync(folder: Path) -> None:
    for path in (p for p in folder.rglob("*") if p.is_file()):
        _sync_one(path)
    _sync_one(folder)


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
