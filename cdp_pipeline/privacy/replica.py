"""A second copy of what must outlive the data folder: who asked for what, whom to keep out, and who looked.

What belongs here: copying the register of requests, tombstones, restrictions and the log of who looked to the
folder that `register_copy` names, and putting several copies together. What does not: restoring the data
(operations/restore.py).

These files hold keyed hashes, days and counts, and no value of a person, so a copy may be kept for as
long as the requests have to be proved, beside or apart from the backups of the data. Without it, data
restored from a backup would bring back whoever was erased since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.ledgers import requests as register
from cdp_pipeline.ledgers.ledger import LEDGERS, REQUESTS
from cdp_pipeline.ledgers.tombstones import FOLDER
from cdp_pipeline.privacy import door
from cdp_pipeline.run.whole_file import alone, replaced, write_whole

HASHES = ("tombstones.parquet", "restrictions.parquet")


def keep_copy(data: Path, place: str | None) -> None:
    """Bring the copy in `place` (`register_copy` of project.yml) up to date; nothing happens without one."""
    if not place:
        return
    target = Path(place).expanduser()
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (*HASHES, door.FILE):
        _copy(data / FOLDER / name, target / FOLDER / name)
    for ledger in LEDGERS:
        if ledger.is_copied:
            _copy(data / ledger.file, target / ledger.file)


def is_register(place: Path) -> bool:
    """Whether a folder holds requests, or is a data folder that could: one that has published something."""
    return (place / REQUESTS.file).exists() or (place / FOLDER).is_dir() or (place / "current").exists()


def unite(places: Sequence[Path], data: Path) -> tuple[int, int]:
    """Write into `data` what any of `places` knows; returns requests and hashes there are now.

    Of one request in two states the later one holds; hashes, and lines of who looked, are never taken away.
    """
    door.unite(places, data)
    requests: list[register.Request] = []
    with alone(data / REQUESTS.file):
        for place in places:
            of_earlier_places = tuple(requests)
            for request in register.read_requests(place):
                at = next((i for i, other in enumerate(of_earlier_places) if _is_same(request, other)), None)
                if at is None:
                    requests.append(request)
                elif register.STATUSES.index(request.status) > register.STATUSES.index(requests[at].status):
                    requests[at] = replace(request, request_id=requests[at].request_id)
        if requests:
            register.write_requests(data, register.numbered_once(requests))
    return len(requests), sum(_unite(places, data, name) for name in HASHES)


def _is_same(one: register.Request, other: register.Request) -> bool:
    """Whether two registers tell of one request: ids are numbers of a day, which two registers may both have given."""
    if one.kind != other.kind:
        return False
    if one.request_id == other.request_id:
        return one.received_at == other.received_at or not (one.received_at and other.received_at)
    return bool(one.received_at) and (one.received_at, one.subject_key) == (other.received_at, other.subject_key)


def _unite(places: Sequence[Path], data: Path, name: str) -> int:
    if not any((place / FOLDER / name).exists() for place in places):
        return 0
    target = data / FOLDER / name
    with alone(target):
        tables = [pq.read_table(path) for place in places if (path := place / FOLDER / name).exists()]
        rows = {tuple(sorted(row.items())): row for table in tables for row in table.to_pylist()}
        ordered = sorted(rows.values(), key=lambda row: [str(row[column]) for column in tables[0].column_names])
        with replaced(target, "register.unite", lasting=True) as temporary:
            pq.write_table(pa.Table.from_pylist(ordered, schema=tables[0].schema), temporary, compression="zstd")
    return len(ordered)


def _copy(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(target, source.read_bytes(), "register.copy")
