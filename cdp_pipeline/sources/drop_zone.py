"""Walking the exports folder: which names are export files, and which may not be opened.

What belongs here: names, links and kinds of files. What does not: what is inside a file, and whether it
is whole (completeness) or claimed (arrivals).

Nothing outside the folder is ever opened: a link counts only when what it leads to lies inside, a linked
folder is not entered, and of pipes, sockets and devices only the name is read.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.sources.codes import RefusedError

MARKER, MANIFEST = ".done", ".manifest.json"
_UNDER_WAY = re.compile(r".*(\.(part|partial|tmp|temp|crdownload|download|filepart|inprogress|uploading|swp)|~)", re.I)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Found:
    """A name in the exports folder; `code` says why it may not be opened, if so."""

    path: Path
    code: str = ""


def walk(exports: Path) -> Iterator[Found]:
    """Everything under `exports` but folders, hidden names, `_` names, markers and manifests, sorted."""
    root = exports.resolve()
    for folder, folders, files in os.walk(exports):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
        for name in [f for f in folders if (Path(folder) / f).is_symlink()]:
            folders.remove(name)
            yield Found(Path(folder) / name, code_of(root, Path(folder) / name) or "linked_folder")
        for name in sorted(files):
            if not (name.startswith((".", "_")) or name.endswith((MARKER, MANIFEST))):
                yield Found(Path(folder) / name, code_of(root, Path(folder) / name))


def export_files(exports: Path) -> Iterator[Path]:
    """The regular files among them that may be opened."""
    return (found.path for found in walk(exports) if not found.code)


def code_of(root: Path, path: Path) -> str:
    """Why a path may not be opened as an export; an empty string when it may. `root` is resolved."""
    if _CONTROL.search(path.name):
        return "bad_file_name"
    try:
        target = path.resolve(strict=True)
        mode = target.stat().st_mode
    except (OSError, RuntimeError):  # a link to nowhere or to itself, or a file that has gone
        return "not_a_file"
    if not target.is_relative_to(root):
        return "outside_exports"
    if any(part.startswith((".", "_")) for part in target.relative_to(root).parts):
        return "outside_exports"
    return "" if stat.S_ISREG(mode) else "linked_folder" if stat.S_ISDIR(mode) else "not_a_file"


def expect_inside(exports: Path, file: str) -> Path:
    """The path of an export just before it is opened; RefusedError when it may not be (any more)."""
    path = exports / file
    if code := code_of(exports.resolve(), path):
        raise RefusedError(code)
    return path


def is_under_way(name: str) -> bool:
    """Whether a name is one that transfers use until they are done.

    >>> is_under_way("orders.csv.part"), is_under_way("parts.csv")
    (True, False)
    """
    return _UNDER_WAY.fullmatch(name) is not None


def shown(file: str) -> str:
    """A name as it may be stored and printed: other characters become question marks, told apart by a digest."""
    safe = _CONTROL.sub("?", file)
    return safe if safe == file else f"{safe} ({hashlib.sha256(os.fsencode(file)).hexdigest()[:6]})"
