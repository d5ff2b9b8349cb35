"""A newsletter whose deliveries are rows given by a test, staged under the shipped contract of permissions.

What belongs here: the project, delivering rows, and staging them. What does not: assertions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Contract, Settings, Source
from cdp_pipeline.project.words import read_words
from cdp_pipeline.project.yaml_file import read_shape
from cdp_pipeline.run.lake import Run
from cdp_pipeline.staging.mapping import empty_candidates
from cdp_pipeline.staging.split import split_table
from cdp_pipeline_tests.small_run import put, small_run
from cdp_pipeline_tests.whole_project import ROOT

CONTRACTS = ROOT / "dbt_like_sql" / "2_staging"
CONSTANTS = {"namespace": {"sql": "'email'"}, "purpose": {"sql": "'email_marketing'"}, "channel": {"sql": "'email'"}}
STATE: dict[str, Any] = {
    "state": True,
    "columns": {"record_id": "id", "value": "mail", "status": "answer", "basis": {"sql": "'consent'"},
                "changed_at": {"sql": "strftime(_delivered_at, '%Y-%m-%dT%H:%M:%SZ')"}, **CONSTANTS},
}  # fmt: skip
DATED: dict[str, Any] = {
    "filled": ["status", "changed_at"],
    "columns": {"record_id": "id", "value": "mail", "status": "answer", "changed_at": "moment", **CONSTANTS},
}
COLUMNS = ("id", "mail", "answer", "moment")
Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class Newsletter:
    """A run of the newsletter."""

    run: Run

    def deliver(self, day: int, *rows: Cells) -> None:
        """One export file, 1.csv of 1 June and so on, whose rows (id, mail, answer, moment) stand on lines 2, 3, …"""
        folder = self.run.folder / "raw" / "letters"
        folder.mkdir(parents=True, exist_ok=True)
        filled = [(*row, *(None,) * (len(COLUMNS) - len(row))) for row in rows]
        table = pa.table({name: pa.array([r[at] for r in filled], pa.string()) for at, name in enumerate(COLUMNS)})
        table = table.append_column("_file", pa.array([f"{day}.csv"] * len(rows), pa.string()))
        table = table.append_column("_line", pa.array(range(2, len(rows) + 2), pa.int64()))
        came = [datetime(2026, 6, day)] * len(rows)  # noqa: DTZ001  (a TIMESTAMP without a zone)
        parquet.write_table(
            table.append_column("_delivered_at", pa.array(came, pa.timestamp("us"))), folder / f"{day}.parquet"
        )

    def set_aside(self, *lines: tuple[int, int, str]) -> None:
        """Lines (day, line, content) that the reader could not cut."""
        values = ", ".join(
            f"('letters', '{day}.csv', {line}, 'too_few_fields', 'r', '{text}')" for day, line, text in lines
        )
        put(self.run, "quarantine.lines", f"from (values {values}) as t(source, file, line, code, reason, content)")

    def staged(self, columns: str = "value_keys, status, changed_at::date::varchar") -> list[tuple[Any, ...]]:
        """The permissions, once they are staged."""
        split_table(self.run, "permissions")
        return self.rows("staging.permissions", columns)

    def kept_out(self, columns: str = "outcome, reasons") -> list[tuple[Any, ...]]:
        """What quarantine says of them."""
        return self.rows("quarantine.permissions", columns)

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        with self.run.connect(table) as con:
            return con.execute(f"select {columns} from {table} order by all").fetchall()


def newsletter(folder: Path, *mappings: dict[str, Any]) -> Newsletter:
    """The newsletter in an empty folder, mapped as given."""
    problems: list[str] = []
    contracts = {name: read_shape(CONTRACTS / f"{name}.yml", Contract, problems) for name in ("people", "permissions")}
    source = Source.model_validate(
        {
            "description": "a",
            "owner": "a",
            "files": "*.csv",
            "legal_basis": "consent",
            "into": {"permissions": list(mappings)},
        }
    )
    known = {name: contract for name, contract in contracts.items() if contract}
    project = Project(
        folder, Settings(name="test"), sources={"letters": source}, contracts=known, words=read_words(CONTRACTS)
    )
    made = Newsletter(small_run(folder, "first", project))
    people = known["people"]
    columns = [c for c in people.columns if people.columns[c].type != "attributes"]
    put(made.run, "staging.people", f"select {', '.join(columns)}, email_keys from ({empty_candidates(people)})")
    put(
        made.run,
        "quarantine.lines",
        "select '' as source, '' as file, 0 as line, '' as code, '' as reason, '' as content where false",
    )
    return made
