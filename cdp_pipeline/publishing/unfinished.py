"""What a run that died in the middle of publishing left behind, and how the next one deals with it.

What belongs here: the note `DATA/.publishing` and cleaning the data folder before work begins. What does not:
the folder of the run itself (run_folder.py).

Between the move of the run's folder to `snapshots/` and the swap of `current` a complete state stands there
that nobody ever saw. The note names it, so that it is neither listed nor gone back to; the next run makes it a
run's folder again, finds everything made, and publishes it if all gates still say so.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import DELIVERED, pointed_at
from cdp_pipeline.run.manifest import legible_manifest
from cdp_pipeline.run.whole_file import remove_leftovers, write_whole

_NOTE = ".publishing"


def begin(data: Path, snapshot: str) -> None:
    """Note that `snapshot` is about to be moved into place."""
    write_whole(data / _NOTE, snapshot, "publish_note")


def end(data: Path) -> None:
    """The swap is done: the note goes."""
    fault("publish_note.remove")
    (data / _NOTE).unlink(missing_ok=True)


def unpublished(data: Path) -> Path | None:
    """The snapshot that was moved into place but never made the published one, or None."""
    try:
        name = (data / _NOTE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    snapshot = data / "snapshots" / name
    return snapshot if name and snapshot.is_dir() and snapshot.resolve() != pointed_at(data) else None


def tidy(data: Path) -> None:
    """Make a data folder as if nothing had died in it; the caller holds its lock.

    A snapshot nobody saw goes back to `runs/`; deletions are finished; temporary files of dead processes go.
    """
    run_folder = unpublished(data)
    if run_folder:
        manifest = legible_manifest(run_folder)
        target = data / "runs" / (manifest.run_id if manifest and manifest.run_id else run_folder.name)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        run_folder.chmod(0o700)
        fault("unfinished.move_back")
        if target.exists():
            shutil.rmtree(target)
        run_folder.rename(target)
    end(data)
    for hidden in sorted((data / "snapshots").glob(".*")):
        fault("unfinished.delete")
        shutil.rmtree(hidden)
    own = (data, data / ".keys", data / "privacy", data / "privacy" / "certificates")
    for folder in (*own, *data.glob("snapshots/*"), *data.glob(f"snapshots/*/{DELIVERED}/*")):
        remove_leftovers(folder)
    for scratch in sorted(data.glob(".whatif-*")):  # of `cdp explain`, with a copy of what was published then
        if not Path(f"/proc/{scratch.name.rpartition('-')[2]}").exists():
            fault("unfinished.scratch")
            shutil.rmtree(scratch)
