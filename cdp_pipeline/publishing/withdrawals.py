"""What an older state must be told before it is published again: withdrawals that were read since.

What belongs here: raw parts with permissions, and stops kept of erased people, which the present state
has and the older one has not. What does not: roll-back (rollback.py) and restore (operations/restore.py).

The files they came in may have left the drop zone, so no later run would read them again. Tables of the
older state stay as they were; the next run makes them anew from what is added here.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.registry import holds_permissions, outlasting
from cdp_pipeline.run.manifest import read_manifest, write_manifest
from cdp_pipeline.run.whole_file import replaced

_EMPTY = "0" * 16


def take_withdrawals(now: Path | None, older: Path, project: Project) -> int:
    """Add to the snapshot `older` what the snapshot `now` knows of permissions beyond it; returns how many files."""
    if now is None or now.resolve() == older.resolve():
        return 0
    missing = {
        name: parts
        for name, source in project.sources.items()
        if holds_permissions(source.into, project.contracts)
        and (parts := _missing(now / "raw" / name, older / "raw" / name))
    }
    stops = {
        f"erased_{table}": rows
        for table, contract in outlasting(project.contracts).items()
        if holds_permissions({table: ()}, project.contracts) and (rows := _stops(now, older, table, contract.grain))
    }
    changed = {f"raw.{name}" for name in (*missing, *stops)}
    if not changed:
        return 0
    manifest = read_manifest(older)
    tables = {name: entry for name, entry in manifest.tables.items() if name not in changed}
    write_manifest(older, replace(manifest, tables=tables))
    for name, parts in missing.items():
        folder = older / "raw" / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in parts:
            with replaced(folder / part.name, "withdrawals.part", lasting=True) as temporary:
                shutil.copyfile(part, temporary)
    for name, rows in stops.items():
        with replaced(older / "raw" / f"{name}.parquet", "withdrawals.stops", lasting=True) as temporary:
            pq.write_table(rows, temporary, compression="zstd")
    return sum(len(parts) for parts in missing.values()) + len(stops)


def _missing(present: Path, older: Path) -> list[Path]:
    """Parts and sidecars that only the present state has; a sidecar comes after its part."""
    return [
        part
        for part in sorted(present.glob("[!.]*.parquet"))
        if not part.name.startswith(_EMPTY) and not (older / part.name).exists()
    ]


def _stops(now: Path, older: Path, table: str, contracted: Sequence[str]) -> pa.Table | None:
    """The stops of both states, each once by the grain of its contract; None when the older one has them all."""
    paths = [folder / "raw" / f"erased_{table}.parquet" for folder in (older, now)]
    if not paths[1].exists():
        return None
    tables = [pq.read_table(path) for path in paths if path.exists()]
    grain: Sequence[str] = [column for column in contracted if column in tables[-1].column_names]
    rows: dict[tuple[object, ...], dict[str, object]] = {}
    for state in tables:
        for row in state.to_pylist():
            rows[tuple(row.get(name) for name in grain or state.column_names)] = row
    if len(tables) > 1 and len(rows) == tables[0].num_rows:
        return None
    return pa.Table.from_pylist(list(rows.values()), schema=tables[-1].schema)
