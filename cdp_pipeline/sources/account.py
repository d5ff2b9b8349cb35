"""The account of every export file: raw.arrivals, raw.files and quarantine.lines as tables.

What belongs here: their columns and rows. What does not: making the parts they tell of (raw), and
steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.sources.arrivals import Arrival
from cdp_pipeline.sources.raw import REJECTS, Receipt, receipts_of

ARRIVALS = pa.schema(
    [
        ("file", pa.string()),
        ("source", pa.string()),
        ("system", pa.string()),
        ("bytes", pa.int64()),
        ("modified_ns", pa.int64()),
        ("fingerprint", pa.string()),
        ("delivered_at", pa.timestamp("us")),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)
FILES = pa.schema(
    [
        ("file", pa.string()),
        ("source", pa.string()),
        ("fingerprint", pa.string()),
        ("status", pa.string()),
        ("rows_read", pa.int64()),
        ("rows_loaded", pa.int64()),
        ("rows_rejected", pa.int64()),
        ("rows_withheld", pa.int64()),
        ("blank_lines", pa.int64()),
        ("encoding", pa.string()),
        ("delimiter", pa.string()),
        ("unmapped_columns", pa.list_(pa.string())),
        ("missing_columns", pa.list_(pa.string())),
        ("notes", pa.list_(pa.string())),
        ("reason", pa.string()),
    ]
)


def arrivals_table(arrivals: Iterable[Arrival]) -> pa.Table:
    """Arrivals as the table raw.arrivals."""
    return pa.Table.from_pylist([asdict(a) for a in arrivals], schema=ARRIVALS)


def read_arrivals(path: Path) -> list[Arrival]:
    """The arrivals in a file of raw.arrivals; none when there is no such file."""
    return [Arrival(**row) for row in pq.read_table(path).to_pylist()] if path.exists() else []


def files_table(folders: Mapping[str, Path], arrivals: Sequence[Arrival]) -> pa.Table:
    """raw.files: a row for every file that was read, and one for every arrival that was not."""
    rows = []
    read = set()
    present = {(a.source, a.fingerprint): a.file for a in arrivals if a.status == "accepted"}
    for name, folder in folders.items():
        for receipt, _ in receipts_of(folder):
            read.add((name, receipt.fingerprint))
            now = present.get((name, receipt.fingerprint))
            renamed = f"now named {now}" if now and now != receipt.file else ""
            rows.append(asdict(receipt) | {"rows_read": receipt.rows_read, "reason": receipt.reason or renamed})
    for a in arrivals:
        if a.status != "duplicate" and (a.source, a.fingerprint) in read:
            continue
        delivered = a.delivered_at.isoformat()
        changed = a.status == "accepted"
        status, reason = ("unready", "could not be read, or changed meanwhile") if changed else (a.status, a.reason)
        idle = Receipt(a.file, a.source or "", a.fingerprint, delivered, status, reason=reason)
        rows.append(asdict(idle) | {"source": a.source, "rows_read": 0})
    return pa.Table.from_pylist(rows, schema=FILES)


def rejects_table(folders: Mapping[str, Path]) -> pa.Table:
    """quarantine.lines: every record that a reader set aside."""
    schema = pa.schema([("source", pa.string()), ("file", pa.string()), *REJECTS])
    tables = [schema.empty_table()]
    for name, folder in folders.items():
        for receipt, path in receipts_of(folder):
            lines = pq.read_table(path)
            origin = [pa.repeat(pa.scalar(value), len(lines)) for value in (name, receipt.file)]
            tables.append(pa.table([*origin, *lines.columns], schema=schema))
    return pa.concat_tables(tables)
