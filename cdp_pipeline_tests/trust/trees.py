"""A data folder as a value: what is in it, file by file, so that two of them can be compared.

What belongs here: reading, saving and restoring whole data folders. What does not: what should be equal to what.

Left out of the comparison: what tells the time of a run (seconds, moments, its id, the report page's text), and
the bytes of DuckDB files, which are never twice the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from cdp_pipeline.run.lake import published_snapshot

Tree = dict[str, str]
_TIMES = {"run_id", "published_at", "started_on", "seconds", "is_reused"}
_UNSEEN = re.compile(r"\.lock(\.holder)?$|(.*/)?\.[\w.]+\.lock$|\.dagster")
_digests: dict[tuple[int, int, int], str] = {}


def tree(data: Path, names: Mapping[str, str]) -> Tree:
    """Path → content of everything in a data folder; each of `names` is written as what it stands for."""
    found: Tree = {}
    for path in sorted(data.rglob("*")):
        relative = str(path.relative_to(data))
        if _UNSEEN.match(relative) or "/.spill" in relative:
            continue
        found[_named(relative, names)] = _content(path, names)
    return found


def difference(a: Tree, b: Tree) -> list[str]:
    """Paths in which two trees differ."""
    return sorted(path for path in a.keys() | b.keys() if a.get(path) != b.get(path))


def published_files(data: Path) -> tuple[object, ...]:
    """Which files a reader sees, by identity: equal results mean that not one was replaced or written to."""
    snapshot = published_snapshot(data)
    if snapshot is None:
        return ()
    states = ((path, path.lstat()) for path in sorted(snapshot.rglob("*")) if path.is_file())
    return (snapshot.name, *((str(p.relative_to(snapshot)), s.st_ino, s.st_size, s.st_mtime_ns) for p, s in states))


def save(data: Path, target: Path) -> None:
    """A copy of a data folder: tables hard-linked, since nothing may ever write into one; the rest copied."""
    for path in data.iterdir():
        if path.name in {"runs", "snapshots"}:
            shutil.copytree(path, target / path.name, copy_function=os.link, symlinks=True)
        elif path.is_symlink() or path.is_file():
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target / path.name, follow_symlinks=False)
        elif path.name != ".dagster":
            shutil.copytree(path, target / path.name, symlinks=True)


def restore(saved: Path, data: Path) -> None:
    """Make `data` what was saved."""
    shutil.rmtree(data, ignore_errors=True)
    save(saved, data)


def _named(text: str, names: Mapping[str, str]) -> str:
    for name, role in names.items():
        text = text.replace(name, role)
    return text


def _content(path: Path, names: Mapping[str, str]) -> str:
    if path.is_symlink():
        return _named(f"→ {path.readlink()}", names)
    state = path.stat()
    mode = f"{state.st_mode & 0o777:o}"
    if path.is_dir():
        return mode
    if path.name == "manifest.json":
        return f"{mode} {_named(json.dumps(_timeless(json.loads(path.read_text())), sort_keys=True), names)}"
    if path.suffix in {".json", ".csv", ".jsonl"}:
        return f"{mode} {_named(path.read_text(), names)}"
    if path.suffix == ".duckdb":
        return f"{mode} warehouse"
    if path.suffix == ".html":
        return f"{mode} page {path.read_text().rstrip().endswith('</html>')}"
    key = (state.st_ino, state.st_size, state.st_mtime_ns)
    if key not in _digests:
        _digests[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{mode} {_digests[key]}"


def _timeless(value: object) -> object:
    if isinstance(value, dict):
        return {name: _timeless(inner) for name, inner in value.items() if name not in _TIMES}
    return value
