"""What of a published state is no longer what was published.

What belongs here: the digests of files that are no tables, and holding a state against its manifest. What does
not: telling of it (operations/doctor.py), and refusing a backup (operations/restore.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from cdp_pipeline.project.project import Project
from cdp_pipeline.run.lake import Run, sha256
from cdp_pipeline.run.manifest import legible_manifest, read_manifest

MANIFEST = "manifest.json"


def digests_beside_tables(folder: Path, published: Path | None) -> dict[str, str]:
    """Path in `folder` -> SHA-256 of warehouses, audience files, pages and the match model.

    What is taken over from `published` as it lies keeps the digest it had there: damage is not sworn to.
    """
    before = legible_manifest(published) if published else None
    digests_before = before.files if before else {}
    digests = {}
    for path in _beside_tables(folder):
        name = path.relative_to(folder).as_posix()
        taken_over = bool(published and name in digests_before and _is_same(path, published / name))
        digests[name] = digests_before[name] if taken_over else sha256(path)
    return digests


def damaged_tables(snapshot: Path, project: Project) -> list[str]:
    """Tables of a snapshot that are missing, cannot be read, or have other bytes than its manifest says.

    InputError when the manifest itself is damaged.
    """
    manifest = read_manifest(snapshot)
    if not manifest.tables or not manifest.published_at:
        return [MANIFEST]
    run = Run(project, snapshot, snapshot, date.fromisoformat(manifest.as_of), "look", b"", at=snapshot)
    return [name for name, entry in manifest.tables.items() if _digest(run, name) != entry.digest]


def damaged_files(snapshot: Path) -> list[str]:
    """The same for what is published beside the tables; nothing of states that an earlier version published."""
    return [
        name for name, digest in read_manifest(snapshot).files.items() if _sha256_or_none(snapshot / name) != digest
    ]


def _beside_tables(folder: Path) -> Iterator[Path]:
    tables: Mapping[str, object] = read_manifest(folder).tables
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if any(part.startswith(".") for part in place.parts) or place.parts[0] in ("raw", MANIFEST):
            continue
        is_table = path.suffix == ".parquet" and ".".join(place.with_suffix("").parts) in tables
        if path.is_file() and not is_table:
            yield path


def _is_same(path: Path, other: Path) -> bool:
    return other.exists() and path.samefile(other)


def _digest(run: Run, table: str) -> str | None:
    try:
        return run.digest(table)
    except OSError:
        return None


def _sha256_or_none(path: Path) -> str | None:
    try:
        return sha256(path)
    except OSError:
        return None
