"""Snapshots: making a run's folder the published state in one swap, and going back.

What belongs here: `DATA/snapshots`, `DATA/current`, and the two gates before the swap. What does
not: the DuckDB files in a snapshot (warehouse.py).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cdp_pipeline.activation.removals import keep_delivered
from cdp_pipeline.errors import GateError, InputError, nearest
from cdp_pipeline.privacy.certificate import certify, erased_since, holding_erased
from cdp_pipeline.project.project import Project
from cdp_pipeline.publishing.damage import digests_beside_tables
from cdp_pipeline.publishing.unfinished import begin, end, tidy, unpublished
from cdp_pipeline.publishing.withdrawals import take_withdrawals
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import DELIVERED, Run, pointed_at
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.manifest import Manifest, legible_manifest, read_manifest, write_manifest
from cdp_pipeline.run.whole_file import flush


@dataclass(frozen=True)
class Snapshot:
    """One published state; `is_current` marks the one that readers see, no `as_of` one whose manifest is damaged."""

    id: str
    as_of: str
    published_at: str
    run_id: str
    tables: int
    is_current: bool


def publish(run: Run, blocking: Iterable[str]) -> str:
    """Swap the run folder in as the published state; returns the snapshot id.

    Raises GateError, and changes nothing, when a table is stale, or a check in `blocking` failed,
    did not run, or looked at tables rebuilt since.
    """
    manifest = run.manifest()
    stale = [f"{name} is older than what it is made from: cdp run rebuilds it" for name in manifest.stale()]
    reasons = [*stale, *manifest.refused(blocking)]
    if reasons:
        raise GateError(["not published; the published state stays as it was", *reasons])
    now = datetime.now(UTC)
    for scratch in (".spill", ".previous"):
        shutil.rmtree(run.folder / scratch, ignore_errors=True)
    files = digests_beside_tables(run.folder, run.published)
    write_manifest(run.folder, replace(manifest, published_at=now.isoformat(timespec="seconds"), files=files))
    _sync(run.folder)
    snapshot = run.data / "snapshots" / f"{now:%Y%m%dT%H%M%S}-{run.id[:8]}"
    snapshot.parent.mkdir(exist_ok=True)
    begin(run.data, snapshot.name)
    for folder in (snapshot.parent, run.folder):  # the group may pass through to the masked warehouse, to no more
        folder.chmod(0o750)
    fault("publish.move")
    run.folder.rename(snapshot)
    flush(snapshot.parent)
    fault("publish.moved")
    point_at(run.data, snapshot.name)
    end(run.data)
    prune(run.data, run.project.settings.keep_snapshots)
    certify(run)
    return snapshot.name


def point_at(data: Path, snapshot: str) -> None:
    """Make `snapshot` the published one: the only moment at which readers change over."""
    _swap_link(data / "current", Path("snapshots") / snapshot)
    for name in ("warehouse.duckdb", "warehouse_full.duckdb"):
        if not (data / name).is_symlink():
            _swap_link(data / name, Path("current") / name)
    flush(data)


def snapshots(data: Path) -> list[Snapshot]:
    """Every complete snapshot, newest first."""
    current, never_seen = pointed_at(data), unpublished(data)
    listing = []
    for folder in sorted((data / "snapshots").glob("[!.]*"), reverse=True):
        if folder == never_seen:
            continue
        manifest = legible_manifest(folder) or Manifest()
        listing.append(
            Snapshot(
                folder.name,
                manifest.as_of,
                manifest.published_at,
                manifest.run_id,
                len(manifest.tables),
                folder.resolve() == current,
            )
        )
    return listing


def rollback(data: Path, name: str | None, project: Project | None = None) -> str:
    """Publish an earlier snapshot again, without its audience files: the one named, else the one before.

    What `project` has read of permissions since is added to what it has read, for the next run to obey.
    Raises InputError when there is no such snapshot, BusyError while a run works, GateError when somebody
    was erased since (rollback.py makes such a night again).
    """
    lock = hold(data)
    try:
        tidy(data)
        target = earlier(data, name)
        if erased_since(data, data / "snapshots" / target):
            raise GateError(
                f"people were erased since {target}: it can only be made again without them, by cdp rollback"
            )
        if project:
            take_withdrawals(pointed_at(data), data / "snapshots" / target, project)
        drop_audience_files(data / "snapshots" / target, project, left_by(data, target))
        point_at(data, target)
    finally:
        lock.release()
    return target


def earlier(data: Path, name: str | None) -> str:
    """The snapshot to go back to: the one named, else the one before; raises InputError when there is none."""
    listing = snapshots(data)
    position = next((i for i, s in enumerate(listing) if s.is_current), -1)
    earlier = [state for state in listing[position + 1 :] if state.as_of]
    target = name or (earlier[0].id if earlier else "")
    if target not in {s.id for s in listing}:
        raise InputError(
            f"no snapshot {target or 'before the current one'} in {data}/snapshots{nearest(target, [s.id for s in listing])}"
        )
    return target


def left_by(data: Path, target: str) -> list[Path]:
    """The states that going back to the snapshot `target` leaves: what is published, and all newer than `target`."""
    return [data / "snapshots" / state.id for state in snapshots(data) if state.is_current or state.id > target]


def drop_audience_files(snapshot: Path, project: Project | None, left: Sequence[Path]) -> None:
    """Permissions may have been withdrawn since that night: forget its files, so that the next run makes new ones.

    Whom they and the files of the snapshots `left` name is kept for the removal files of that run, which then
    name once more whoever was erased in one of these nights.
    """
    if project:
        keep_delivered(project, left, snapshot)
    manifest = read_manifest(snapshot)
    tables = {name: entry for name, entry in manifest.tables.items() if not name.startswith("activation.")}
    last_words = {
        request for state in (snapshot, *left) if (its := legible_manifest(state)) for request in its.erased_now
    }
    files = {name: digest for name, digest in manifest.files.items() if name.split("/")[0] != "activation"}
    write_manifest(snapshot, replace(manifest, tables=tables, files=files, erased_now=tuple(sorted(last_words))))
    for file in sorted((snapshot / "activation").glob("*/*.csv")):
        fault("rollback.drop_audience")
        file.unlink()


def prune(data: Path, keep: int) -> list[str]:
    """Delete all but the newest `keep` snapshots, and those that hold somebody erased since; never the current one.

    What the others kept for removal files goes too. Returns what went.
    """
    with_erased = holding_erased(data)
    outdated = [
        s.id for at, s in enumerate(snapshots(data)) if not s.is_current and (at >= keep or s.id in with_erased)
    ]
    for name in outdated:
        fault("prune.hide")
        (data / "snapshots" / name).rename(data / "snapshots" / f".{name}")
    for waiting in sorted((data / "snapshots").glob(f"[!.]*/{DELIVERED}")):
        if waiting.parent.resolve() != pointed_at(data):
            fault("prune.delivered")
            shutil.rmtree(waiting)
    for hidden in sorted((data / "snapshots").glob(".*")):  # and what a prune before this one had no time for
        fault("prune.delete")
        shutil.rmtree(hidden)
    return outdated


def _swap_link(link: Path, target: Path) -> None:
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    fault("link.begin")
    temporary.symlink_to(target)
    fault("link.made")
    temporary.replace(link)
    fault("link.swapped")


def _sync(folder: Path) -> None:
    """Every file and every list of names has reached the disk before anybody may see the folder."""
    for path in folder.rglob("*"):
        if path.is_dir() or path.is_file():
            flush(path)
    flush(folder)
