"""The folder a run works in: a clone of what is published, or what a run that died had made already.

What belongs here: making, taking over and cleaning `DATA/runs/<run id>`. What does not: the tables in it
(lake.py) and making it the published state (publishing/).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cdp_pipeline.errors import InputError
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import DELIVERED, Run
from cdp_pipeline.run.manifest import Manifest, legible_manifest, read_manifest, write_manifest
from cdp_pipeline.run.whole_file import write_whole

_UNTOUCHED_BY_A_RUN = {"warehouse.duckdb", "warehouse_full.duckdb"}
_THIS_START = Path("/proc/sys/kernel/random/boot_id")
_ONCE = "cannot_be_resumed"
_FILTERED = ".previous"
"""Published tables without who was erased since: later steps need them, and the erasure is not done again."""


def open_run(run: Run) -> Run:
    """Prepare the run folder; what is made in it already and still right is not made again.

    It is the folder of this very run when that is resumed; else that of a run that died, when it began on
    the same day of data, from the same published state, with the same key, since the machine started;
    else a hard-linked clone of what is published. Folders of other runs go: the caller holds the lock, so
    they belong to runs that died. Raises InputError when this very run died in work that is done once.
    """
    os.umask(0o077)
    runs = run.folder.parent
    if (run.folder / _ONCE).exists():
        raise InputError("this run died while it took erased people out of what it had read: start a new one, cdp run")
    if not run.folder.exists():
        _take_over(run)
    for other in sorted(runs.glob("*")):
        if other != run.folder:
            fault("run.drop_dead")
            shutil.rmtree(other)
    if run.folder.exists():
        _clean(run.folder)
    else:
        _start(run)
    write_manifest(run.folder, _of_this_run(run, run.manifest()))
    spill = run.folder / ".spill"
    spill.mkdir(mode=0o700)
    spill.chmod(0o700)
    return run


@contextmanager
def done_once(folder: Path) -> Iterator[None]:
    """Work that changes what it reads: the folder of a run that dies in it is not gone on with."""
    write_whole(folder / _ONCE, "", "once")
    yield
    fault("once.remove")
    (folder / _ONCE).unlink()


def drop_former_tables(run: Run, tables: Collection[str]) -> None:
    """Drop what an earlier project made and `tables`, those of the present one, do not name: files and entries."""
    former = sorted(set(run.manifest().tables) - set(tables))
    for name in former:
        path = run.path(name)
        fault("run.drop_former")
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    run.forget(former)


def _of_this_run(run: Run, manifest: Manifest) -> Manifest:
    """The manifest with the facts of this run."""
    return replace(
        manifest,
        run_id=run.id,
        as_of=str(run.as_of),
        key_fingerprint=run.key_fingerprint,
        published_at="",
        started_from=run.published.name if run.published else "",
        started_on=_THIS_START.read_text().strip() if _THIS_START.exists() else "",
    )


def _take_over(run: Run) -> None:
    """Go on in the folder of a run that died, when all it had made was made from what this run starts from."""
    for other in sorted(run.folder.parent.glob("[!.]*")):
        left = legible_manifest(other)
        if (
            left
            and left.tables
            and not (other / _ONCE).exists()
            and left.started_on
            and replace(_of_this_run(run, left), run_id="", published_at="")
            == replace(left, run_id="", published_at="")
        ):
            fault("run.take_over")
            other.rename(run.folder)
            return


def _start(run: Run) -> None:
    """A clone of what is published under a hidden name, then under its own: never half a clone."""
    temporary = run.folder.with_name(f".{run.id}")
    fault("run.clone_begins")
    temporary.mkdir(parents=True)
    if run.published:
        _clone(run.published, temporary)
    write_manifest(temporary, replace(_of_this_run(run, read_manifest(temporary)), checks={}))
    fault("run.clone_ready")
    temporary.rename(run.folder)


def _clone(published: Path, folder: Path) -> None:
    for source in sorted(published.rglob("*")):
        relative = source.relative_to(published)
        if relative.parts[0] != DELIVERED and any(part.startswith(".") for part in relative.parts):
            continue
        if source.is_dir():
            (folder / relative).mkdir(parents=True, exist_ok=True)
        elif source.name not in _UNTOUCHED_BY_A_RUN:
            fault("run.clone_file")
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            os.link(source, folder / relative)


def _clean(folder: Path) -> None:
    """Take away what a run that died had half written, and what DuckDB had spilled."""
    for left in sorted(folder.rglob(".*")):
        if left in (folder / _FILTERED, folder / DELIVERED):
            continue
        fault("run.clean")
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)
