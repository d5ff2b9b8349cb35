"""A small shop whose deliveries are rows given by a test: one contract, one source, parts in raw.

What belongs here: the project, putting rows into raw, and reading what became of them. What does
not: assertions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Contract, Settings, Source
from cdp_pipeline.run.lake import Run
from cdp_pipeline_tests.small_run import put, small_run

CONTRACT: dict[str, Any] = {
    "description": "Orders",
    "owner": "shop",
    "grain": ["source", "order_id"],
    "newest_by": ["updated_at"],
    "columns": {
        "source": {"type": "text", "required": True, "description": "a"},
        "order_id": {"type": "text", "required": True, "description": "a"},
        "updated_at": {"type": "timestamp", "max": "as_of", "when_bad": "quarantine", "description": "a"},
        "currency": {"type": "text", "when_bad": "quarantine", "in": "iso4217", "description": "a"},
        "total": {"type": "money", "required": True, "min": 0, "description": "a"},
        "refund": {"type": "money", "when_bad": "quarantine", "description": "a"},
        "attributes": {"type": "attributes", "description": "a"},
    },
    "rules": [{"name": "refund_within_total", "sql": "refund <= total"}],
}
SOURCE: dict[str, Any] = {
    "description": "Orders",
    "owner": "shop",
    "files": "*.csv",
    "system": "web",
    "legal_basis": "contract",
    "kinds": "kind",
    "continuation": "kind <> 'order'",
    "into": {
        "orders": {
            "where": "kind = 'order'",
            "drop": {"test_order": "total = 'test'"},
            "columns": {
                "order_id": "number",
                "updated_at": "updated",
                "currency": {"sql": "upper(currency)"},
                "total": "total",
                "refund": ["refund", "refunded"],
                "attributes.note": "note",
            },
        }
    },
}
COLUMNS = ("kind", "number", "updated", "currency", "total", "refund", "refunded", "note")
Row = dict[str, str | None]


@dataclass(frozen=True)
class Shop:
    """A run of the shop; `deliver` puts a file into raw."""

    run: Run

    def deliver(self, file: str, rows: Sequence[Row], day: int = 1, source: str = "shop") -> None:
        """One export file: its rows stand on lines 2, 3, …; it came on `day` of June 2026."""
        folder = self.run.folder / "raw" / source
        folder.mkdir(parents=True, exist_ok=True)
        columns: dict[str, Any] = {name: [row.get(name) for row in rows] for name in COLUMNS}
        table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        table = table.append_column("_file", pa.array([file] * len(rows), pa.string()))
        table = table.append_column("_line", pa.array(range(2, len(rows) + 2), pa.int64()))
        came = [datetime(2026, 6, day)] * len(rows)  # noqa: DTZ001  (a TIMESTAMP without a zone)
        table = table.append_column("_delivered_at", pa.array(came, pa.timestamp("us")))
        parquet.write_table(table, folder / f"{file}.parquet")

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        with self.run.connect(table) as con:
            return con.execute(f"select {columns} from {table}").fetchall()


def shop(folder: Path, contract: dict[str, Any] | None = None, name: str = "first", **sources: dict[str, Any]) -> Shop:
    """The shop in an empty folder, with another contract or other sources if given."""
    project = Project(
        folder,
        Settings(name="test"),
        sources={key: Source.model_validate(value) for key, value in (sources or {"shop": SOURCE}).items()},
        contracts={"orders": Contract.model_validate(contract or CONTRACT)},
    )
    run = small_run(folder, name, project)
    put(run, "raw.files", "from (values ('shop', 'f1', 'a.csv', 'loaded')) as t(source, fingerprint, file, status)")
    return Shop(replace(run))


def order(number: str | None = "1", total: str | None = "10", **more: str | None) -> Row:
    """One row that is an order."""
    return {"kind": "order", "number": number, "total": total, **more}
