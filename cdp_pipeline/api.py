"""What a notebook or another program may call: published tables, a project's mistakes, a night, one file's people.

What belongs here: the calls, and tables as Arrow, pandas or DuckDB. What does not: any work of their own, and
people in clear: only the masked warehouse is read, never Parquet or the full warehouse, which lie behind
privacy/door.py. Heavy modules are imported by the call that needs them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

    from cdp_pipeline.operations.nightly import NightOutcome

__all__ = ["Published", "published", "resolve", "run", "validate"]


class Published:
    """The masked warehouse of a data folder, opened anew by every call, so that each sees one whole night."""

    def __init__(self, data: Path) -> None:
        self._warehouse = data / "warehouse.duckdb"

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """A read-only connection to the masked warehouse, that reaches no other file; the caller closes it."""
        import duckdb

        from cdp_pipeline.errors import InputError

        if not self._warehouse.is_file():
            raise InputError(f"{self._warehouse}: nothing is published here yet; run: cdp run")
        return duckdb.connect(
            str(self._warehouse.resolve()), read_only=True, config={"enable_external_access": "false"}
        )

    def tables(self) -> dict[str, dict[str, str]]:
        """Every published table by `layer.name` -> its columns, in order, with the words on each."""
        with self.duckdb() as con:
            rows = con.execute(
                "select schema_name || '.' || table_name, column_name, coalesce(comment, '') from duckdb_columns() "
                "where not internal order by 1, column_index"
            ).fetchall()
        tables: dict[str, dict[str, str]] = {}
        for table, column, words in rows:
            tables.setdefault(table, {})[column] = words
        return tables

    def table(self, name: str) -> pa.Table:
        """A whole table, such as `profiles.customers`; InputError for a name that is not in `tables()`."""
        from cdp_pipeline.errors import InputError, nearest

        tables = self.tables()
        if name not in tables:
            raise InputError(f"{name} is no published table{nearest(name, tables)}")
        with self.duckdb() as con:
            return con.table(name).to_arrow_table()

    def pandas(self, name: str) -> pd.DataFrame:
        """The same as a data frame."""
        frame: pd.DataFrame = self.table(name).to_pandas()
        return frame


def published(data: Path | str) -> Published:
    """What is published in a data folder, as analysts may see it: personal columns are masked."""
    return Published(Path(data))


def validate(project: Path | str) -> list[str]:
    """Every mistake of a project folder, one line each; empty when a night may begin."""
    from cdp_pipeline.errors import CdpError
    from cdp_pipeline.operations import validation

    try:
        validation.validate(Path(project))
    except CdpError as error:
        return list(error.problems)
    return []


def run(exports: Path | str, data: Path | str, project: Path | str, as_of: date) -> NightOutcome:
    """The night of `cdp run`, in this process: `snapshot` of the outcome is what it published, or empty.

    Raises CdpError when the night is refused before its first step; a step that fails is in `failures`.
    """
    from rich.console import Console

    from cdp_pipeline.operations.nightly import run_night
    from cdp_pipeline.orchestration.progress import Progress

    return run_night(Path(exports), Path(data), Path(project), as_of, Progress(Console(quiet=True)))


def resolve(records: pa.Table | pd.DataFrame, project: Path | str, id_column: str | None = None) -> pa.Table:
    """Which rows are the same person: record_id, person_id, confidence; columns are understood as by `cdp resolve`.

    Raises InputError for an id that is empty or not unique, and when no column is one of people.
    """
    from tempfile import TemporaryDirectory

    import pyarrow as pa
    import pyarrow.parquet as pq

    from cdp_pipeline.identity.matching import load_matching
    from cdp_pipeline.identity.resolve import resolve_file
    from cdp_pipeline.project.project import read_project

    rows = records if isinstance(records, pa.Table) else pa.Table.from_pandas(records, preserve_index=False)
    folder, country = Path(project), read_project(Path(project)).settings.country
    with TemporaryDirectory(prefix="cdp_resolve_") as scratch:
        path, out = Path(scratch, "records.parquet"), Path(scratch, "persons.parquet")
        pq.write_table(rows, path)
        resolve_file(path, out, {}, id_column, load_matching(folder / "3_identity"), country)
        return pq.read_table(out)
