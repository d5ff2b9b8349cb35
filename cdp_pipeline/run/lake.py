"""Tables as Parquet: views in, one atomic Parquet out, inside the folder of one run.

What belongs here: `Run`, where a run reads and writes, and nothing else touches its tables. What
does not: making that folder (run_folder.py), publishing (publishing/), and what any table means.

    DATA/runs/<run id>/<layer>/<table>.parquet     a table
    DATA/runs/<run id>/raw/<source>/*.parquet      a raw table: one part an export file
    DATA/snapshots/<snapshot id>/…                 the same, published; only going back writes it again
    DATA/current -> snapshots/<snapshot id>        the one pointer
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import parquet

from cdp_pipeline.errors import InputError
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.run.manifest import Entry, Manifest, Verdict, read_manifest, write_manifest
from cdp_pipeline.run.whole_file import replaced

CONFIG_COLUMNS = {
    "as_of": "date", "zone": "varchar", "currency": "varchar", "country": "varchar", "churn_budget": "decimal(6, 4)",
    "adult_age": "integer", "existing_customer_days": "integer", "unapplied_stops": "bigint",
}  # fmt: skip
"""What SQL of the project may know of the run: the columns of config.run, its day and what project.yml says."""
DELIVERED = ".delivered"
"""Folder of a state in which keys that destinations have wait for a removal file (activation/removals.py)."""


@dataclass(frozen=True)
class Run:
    """One run: what it reads, where it writes, and as of which day.

    `published` is the snapshot that was current when the run began, resolved once, so that a run
    sees one state however long it takes. `key` keys person ids and pseudonyms.
    """

    project: Project
    exports: Path
    data: Path
    as_of: date
    id: str
    key: bytes
    published: Path | None = None
    at: Path | None = None
    _idle: list[duckdb.DuckDBPyConnection] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def folder(self) -> Path:
        """Where its tables are: `DATA/runs/<id>`, or the snapshot that is only looked at."""
        return self.at or self.data / "runs" / self.id

    @property
    def key_fingerprint(self) -> str:
        return fingerprint(self.key)

    def path(self, table: str) -> Path:
        """`layer.table` → its Parquet file, or its folder of parts."""
        return _table_path(self.folder, table)

    # ---- reading ------------------------------------------------------------------------

    @contextmanager
    def connect(self, *tables: str, empty: Mapping[str, str] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to an empty in-memory DuckDB with one view per named table, and `config.run`.

        `previous.<layer>.<table>` is the last published table. When there is none, it is an empty
        table with the columns given in `empty` ("person_id varchar, …"), else with the columns of
        the table that this run has written under that name.

        To start a DuckDB costs more than most checks. One that nobody uses and in which nothing went wrong is taken
        again, emptied; a connection inside another has one of its own.
        """
        database = self._idle.pop() if self._idle else self._open()
        con = database.cursor()
        try:
            con.execute("set timezone = 'UTC'; create schema config")
            values = {"as_of": self.as_of} | self.project.settings.model_dump(include=set(CONFIG_COLUMNS))
            selects = [f"${number}::{kind} as {name}" for number, (name, kind) in enumerate(CONFIG_COLUMNS.items(), 1)]
            con.execute(
                f"create table config.run as select {', '.join(selects)}", [values[name] for name in CONFIG_COLUMNS]
            )
            for table in tables:
                self._attach(con, table, (empty or {}).get(table))
            yield con
            con.close()
            _empty(database)
        except BaseException:
            con.close()
            database.close()
            raise
        self._idle.append(database)

    def _open(self) -> duckdb.DuckDBPyConnection:
        folders = [folder for folder in (self.folder, self.published) if folder]
        return open_duckdb(self.folder / ".spill", self.project.settings.memory_limit, allowed=folders)

    def _attach(self, con: duckdb.DuckDBPyConnection, table: str, empty: str | None) -> None:
        schema, _, name = table.rpartition(".")
        folder: Path | None = self.folder
        if table.startswith("previous."):
            con.execute("attach if not exists ':memory:' as previous")
            filtered = _table_path(self.folder / ".previous", table.removeprefix("previous."))
            folder = self.folder / ".previous" if filtered.exists() else self.published  # without who was erased since
        con.execute(f"create schema if not exists {schema}")
        path = _table_path(folder, table.removeprefix("previous.")) if folder else None
        if path and path.exists():
            con.execute(f"create view {schema}.{name} as {_scan(path)}")
        elif empty:
            con.execute(f"create table {schema}.{name} ({empty})")
        elif table.startswith("previous.") and self.path(table.removeprefix("previous.")).exists():
            scan = _scan(self.path(table.removeprefix("previous.")))
            con.execute(f"create view {schema}.{name} as {scan} where false")
        else:
            raise FileNotFoundError(f"table {table} has not been made in run {self.id}")

    # ---- writing ------------------------------------------------------------------------

    def write(self, con: duckdb.DuckDBPyConnection, table: str, select: str, order_by: Sequence[str]) -> int:
        """Write a SELECT as the one Parquet file of `table`, sorted, all or nothing; returns rows.

        Raises TypeError for a HUGEINT column: DuckDB would store it as a floating number.
        """
        wide = [row[0] for row in con.execute(f"describe {select}").fetchall() if "HUGEINT" in row[1]]
        if wide:
            raise TypeError(f"{table}: cast {', '.join(wide)} to BIGINT or DECIMAL; HUGEINT is stored as DOUBLE")
        order = f" order by {', '.join(order_by)}" if order_by else ""
        # Statistics decide whether a Parquet column is "required"; without them equal rows are equal bytes.
        con.execute("set disabled_optimizers = 'statistics_propagation'")
        with replaced(self.path(table), "table") as temporary:
            con.execute(
                f"copy (select * from ({select}){order}) to {literal(str(temporary))} "
                "(format parquet, compression zstd, parquet_version v2)"
            )
        con.execute("set disabled_optimizers = ''")
        return self.count(table)

    def count(self, table: str) -> int:
        """Rows of a table, read from the Parquet footers."""
        return sum(parquet.read_metadata(part).num_rows for part in _parts(self.path(table)))

    def schema(self, table: str) -> pa.Schema:
        """Names and types of a table's columns; of the newest part for raw tables."""
        parts = _parts(self.path(table))
        return parquet.read_schema(parts[-1]) if parts else pa.schema([])

    def digest(self, table: str) -> str:
        """Digest of a table's bytes; for raw tables, of every part and sidecar with its name."""
        path = self.path(table)
        if path.is_dir():
            files = sorted(path.glob("*.parquet"))
            return hashlib.sha256("\n".join(f"{file.name} {sha256(file)}" for file in files).encode()).hexdigest()
        return sha256(path)

    # ---- the manifest -------------------------------------------------------------------

    def manifest(self) -> Manifest:
        return read_manifest(self.folder)

    def record(self, tables: Mapping[str, Entry]) -> None:
        """Add what was made to the manifest of the run folder."""
        manifest = self.manifest()
        write_manifest(self.folder, replace(manifest, tables={**manifest.tables, **tables}))

    def forget(self, tables: Iterable[str]) -> None:
        """Take tables out of the manifest before they are made again, so that a half-made one is never believed."""
        manifest = self.manifest()
        others = {name: entry for name, entry in manifest.tables.items() if name not in set(tables)}
        if len(others) < len(manifest.tables):
            write_manifest(self.folder, replace(manifest, tables=others))

    def record_checks(self, verdicts: Mapping[str, Verdict]) -> None:
        manifest = self.manifest()
        write_manifest(self.folder, replace(manifest, checks={**manifest.checks, **verdicts}))


def fingerprint(key: bytes) -> str:
    """Tells one key from another without giving it away."""
    return hmac.new(key, b"cdp key fingerprint", hashlib.sha256).hexdigest()[:16]


def open_duckdb(
    spill: Path | None = None, memory_limit: str | None = None, path: str = ":memory:", *, allowed: Sequence[Path] = ()
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that never reaches the network, spills only to `spill`, and opens only files in `allowed`.

    No SQL can widen that again, nor read a variable of Python by its name.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if spill:
        config["temp_directory"] = str(spill)
    if memory_limit:
        config["memory_limit"] = memory_limit
    con = duckdb.connect(path, config=config)
    con.execute("set timezone = 'UTC'")
    folders = [literal(str(folder)) for name in allowed for folder in sorted({name.absolute(), name.resolve()})]
    con.execute(f"set allowed_directories = [{', '.join(folders)}]")
    con.execute("set enable_external_access = false")
    return con


def published_snapshot(data: Path) -> Path | None:
    """The folder that `DATA/current` points at, or None before the first publication; InputError when it is lost."""
    snapshot = pointed_at(data)
    if snapshot and not snapshot.is_dir():
        raise InputError(
            f"the published state {snapshot} is not there: cdp rollback publishes an earlier one again, "
            "cdp restore brings a backup back"
        )
    return snapshot


def pointed_at(data: Path) -> Path | None:
    """The same, whether or not it is there: for going back when it is lost."""
    current = data / "current"
    return current.resolve() if current.is_symlink() or current.exists() else None


def expect_published(data: Path) -> Path:
    """The published snapshot of a data folder; raises InputError when there is none."""
    snapshot = published_snapshot(data)
    if snapshot is None:
        raise InputError(f"nothing is published in {data} yet; run cdp run")
    return snapshot


def open_published(project: Project, data: Path) -> Run:
    """The published snapshot as a `Run` to read from, as of its own day."""
    snapshot = expect_published(data)
    as_of = date.fromisoformat(read_manifest(snapshot).as_of)
    return Run(project, data / "exports", data, as_of, snapshot.name, b"", published=snapshot, at=snapshot)


def _empty(database: duckdb.DuckDBPyConnection) -> None:
    """Put a new catalogue in the place of every one there is: tables, views and macros go, and whatever was attached."""
    ((catalogue,),) = database.execute("select current_catalog()").fetchall()
    new = "memory" if catalogue == "work" else "work"
    database.execute(f"attach ':memory:' as {new}; use {new}")
    others = "select database_name from duckdb_databases() where not internal and database_name <> current_catalog()"
    for (name,) in database.execute(others).fetchall():
        database.execute(f'detach "{name}"')


def _table_path(folder: Path, table: str) -> Path:
    layer, _, name = table.partition(".")
    parts = folder / layer / name
    return parts if layer == "raw" and parts.is_dir() else folder / layer / f"{name}.parquet"


def _parts(path: Path) -> list[Path]:
    """The files of a table: the one, or the parts in its folder."""
    if not path.is_dir():
        return [path]
    return sorted(part for part in path.glob("*.parquet") if not part.name.endswith(".rejects.parquet"))


def sha256(path: Path) -> str:
    """Digest of the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _scan(path: Path) -> str:
    parts = ", ".join(literal(str(part)) for part in _parts(path))
    return f"select * from read_parquet([{parts}], union_by_name = true)"


def was_gone_back_to(snapshot: Path) -> bool:
    """Going back takes all files for recipients away and keeps their keys; a night may keep some beside its files."""
    has_files = any(name.startswith("activation.") for name in read_manifest(snapshot).tables)
    return (snapshot / DELIVERED).exists() and not has_files
