"""The manifest of a run folder: what each table was made from, and what its checks said.

What belongs here: the file `manifest.json` and the two questions asked of it, "is anything stale"
and "which checks did not pass". What does not: moving folders about (lake.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cdp_pipeline.errors import InputError
from cdp_pipeline.run.whole_file import replaced

_AGAIN = "cdp run makes and checks what is missing"
Numbers = Mapping[str, int | float | str]


@dataclass(frozen=True)
class Entry:
    """One table: the key it was made under, the digest of its bytes, and the digests it read."""

    key: str
    digest: str
    rows: int
    inputs: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    numbers: Numbers = field(default_factory=dict)
    is_reused: bool = False

    def reused(self) -> Entry:
        return replace(self, is_reused=True, seconds=0.0)


@dataclass(frozen=True)
class Verdict:
    """What a check said about its tables, by the digests it looked at; and the check in words.

    `failing_rows` is 0 for a check that failed as a whole, such as an expectation of a mean.
    """

    passed: bool
    is_blocking: bool
    failing_rows: int
    inputs: Mapping[str, str] = field(default_factory=dict)
    asset: str = ""
    description: str = ""
    owner: str = ""
    fix: str = ""

    @property
    def extent(self) -> str:
        """` on 3 rows`, or nothing for a check that failed as a whole."""
        return f" on {self.failing_rows} rows" if self.failing_rows else ""


@dataclass(frozen=True)
class Manifest:
    """All tables and checks of one run folder, with the run's own facts."""

    run_id: str = ""
    as_of: str = ""
    key_fingerprint: str = ""
    published_at: str = ""
    started_from: str = ""  # the snapshot that was published when the run began
    started_on: str = ""  # this start of the machine: what was written before a loss of power may not have lasted
    erased: tuple[str, ...] = ()  # requests of erasure that are carried out in it
    erased_now: tuple[str, ...] = ()  # those of them that its removal files name, or those of the next run
    carried_out: tuple[str, ...] = ()  # requests of restriction, objection and correction that it is the first to obey
    tables: Mapping[str, Entry] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)  # what is published beside tables: path -> SHA-256
    checks: Mapping[str, Verdict] = field(default_factory=dict)

    def stale(self) -> list[str]:
        """Tables made from an older version of something that has been rebuilt since."""
        return sorted(
            name
            for name, entry in self.tables.items()
            if any(
                self.tables.get(read, entry).digest != digest
                for read, digest in entry.inputs.items()
                if read in self.tables
            )
        )

    def refused(self, expected: Iterable[str]) -> list[str]:
        """Blocking checks that failed, did not run, or looked at tables that changed since; each with what to do."""
        reasons = []
        for name in sorted(expected):
            verdict = self.checks.get(name)
            if verdict is None:
                reasons.append(f"check {name} did not run: {_AGAIN}")
            elif verdict.is_blocking and not verdict.passed:
                cure = f": {verdict.fix} (owner: {verdict.owner})" if verdict.fix else ""
                reasons.append(f"check {name} failed{verdict.extent}{cure}")
            elif any(t in self.tables and self.tables[t].digest != d for t, d in verdict.inputs.items()):
                reasons.append(f"check {name} ran before its tables were rebuilt: {_AGAIN}")
        return reasons


State = tuple[int, int, int, int]
_LAST: dict[Path, tuple[State, Manifest]] = {}
"""The manifests read or written last, by file and what the file was then: a night asks for its own a thousand times."""
_REMEMBERED = 2  # that of the run and that of what is published


def read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`; an empty one when there is none. InputError when it is damaged."""
    path = folder / "manifest.json"
    try:
        state = _state(path)
    except FileNotFoundError:
        return Manifest()
    earlier, manifest = _LAST.get(path, (None, None))
    if manifest is None or earlier != state:
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            raw["tables"] = {name: Entry(**entry) for name, entry in raw["tables"].items()}
            raw["checks"] = {name: Verdict(**verdict) for name, verdict in raw["checks"].items()}
            for lists in ("erased", "erased_now", "carried_out"):
                raw[lists] = tuple(raw.get(lists, ()))
            manifest = Manifest(**raw)
        except (ValueError, TypeError, LookupError, AttributeError):
            raise InputError(
                f"{path} is damaged: cdp rollback publishes the state before again, cdp restore brings a backup back"
            ) from None
        _remember(path, state, manifest)
    return manifest


def legible_manifest(folder: Path) -> Manifest | None:
    """The same, or None when it is damaged: for looking at many folders, of which one may be."""
    try:
        return read_manifest(folder)
    except InputError:
        return None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of `folder` in one step, unless it says the same already."""
    path = folder / "manifest.json"
    if path.exists() and read_manifest(folder) == manifest:
        return
    with replaced(path, "manifest") as temporary:
        temporary.write_text(json.dumps(manifest, default=vars, sort_keys=True), encoding="utf-8")
    _remember(path, _state(path), manifest)


def _state(path: Path) -> State:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _remember(path: Path, state: State, manifest: Manifest) -> None:
    _LAST.pop(path, None)
    for old in list(_LAST)[: len(_LAST) + 1 - _REMEMBERED]:
        _LAST.pop(old, None)
    _LAST[path] = state, manifest
