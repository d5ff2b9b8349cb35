"""The layer raw as steps: what has arrived, a raw table for each source, and the account of every file."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, datetime, timedelta
from datetime import time as midnight
from functools import partial
from pathlib import Path

import pyarrow as pa
from sqlglot.errors import SqlglotError

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Numbers, read_manifest
from cdp_pipeline.run.steps import Outcome, Step, Table
from cdp_pipeline.sources.account import arrivals_table, files_table, read_arrivals, rejects_table
from cdp_pipeline.sources.arrivals import find_arrivals
from cdp_pipeline.sources.backfill import past_night
from cdp_pipeline.sources.columns import needs_of, referenced_columns
from cdp_pipeline.sources.raw import config_hash, load_source, receipts_of

_ARRIVALS = {
    "file": "Export file, relative to the exports folder",
    "source": "Source YAML that claims it; empty when none does",
    "system": "System the source belongs to",
    "bytes": "Size in bytes",
    "modified_ns": "Last change, in nanoseconds since 1970",
    "fingerprint": "SHA-256 of its bytes; empty when it was not read",
    "delivered_at": "Date and time in its path, else its last change (UTC)",
    "status": "accepted, duplicate, superseded, unclaimed, unready or refused",
    "reason": "Why it does not count",
}
_FILES = {
    "file": "Export file under the name it was first delivered with",
    "source": "Source YAML that claims it",
    "fingerprint": "SHA-256 of its bytes",
    "status": "loaded, refused, duplicate, superseded, unclaimed or unready",
    "rows_read": "Records found: loaded and rejected",
    "rows_loaded": "Records in the raw table",
    "rows_rejected": "Records set aside in quarantine.lines",
    "rows_withheld": "Rows that were not kept because a flag of their own forbids it, such as analytics storage denied",
    "blank_lines": "Empty lines skipped",
    "encoding": "Encoding it was read with",
    "delimiter": "Delimiter it was read with",
    "unmapped_columns": "Columns that no mapping names; they were dropped",
    "missing_columns": "Mapped columns that it does not have; they are empty",
    "notes": "What is worth a look although it was loaded, each with its code",
    "reason": "Why nothing was loaded, or its present name",
}
_LINES = {
    "source": "Source YAML that claims the file",
    "file": "Export file",
    "line": "Line where the record starts",
    "code": "Reason as a code of the documentation",
    "reason": "Reason in words, without any value",
    "content": "The record as it is in the file",
}


def steps(project: Project) -> tuple[Step, ...]:
    """raw.arrivals, one raw table for each source, then raw.files with quarantine.lines."""
    _check(project)
    arrived = Table("raw.arrivals", "Every file in the drop zone and whether it counts", _ARRIVALS, grain=("file",))
    raw = tuple(_raw(project, name) for name in project.sources)
    files = Table(
        "raw.files", "Every export file: rows read, loaded and rejected", _FILES, grain=("file", "fingerprint")
    )
    lines = Table(
        "quarantine.lines",
        "Records that are not what the file's header promises",
        _LINES,
        grain=("source", "file", "line"),
        personal=frozenset({"content"}),
    )
    reads = ("raw.arrivals", *(f"raw.{name}" for name in project.sources))
    version = repr([(name, config_hash(source, project.words)) for name, source in project.sources.items()])
    return (
        Step((arrived,), (), _find, version="1", uses_exports=True),
        *raw,
        Step((files, lines), reads, _account, version),
    )


def checks(project: Project) -> tuple[Check, ...]:
    """A source that is required has a file that could be loaded."""
    return tuple(
        Check(
            name=f"{name}_has_a_file",
            asset="raw.files",
            description=f"The required source {name} has at least one acceptable file",
            sql=f"""select 1 as missing
                    where not exists (select 1 from raw.files where source = '{name}' and status = 'loaded')""",
            reads=("raw.files",),
            owner=source.owner,
            fix=f"Deliver the export again, or set required: false in 1_sources/{name}.yml; raw.files has the reason",
        )
        for name, source in project.sources.items()
        if source.required
    )


def _check(project: Project) -> None:
    """Raises ProjectError with every source whose SQL cannot be read or whose name is taken."""
    problems = []
    for name, source in project.sources.items():
        path = project.folder / "1_sources" / f"{name}.yml"
        if name in {"arrivals", "files"} or name.startswith("eras"):
            problems.append(f"{path}: raw.{name} is a table of the pipeline; give the file another name")
        try:
            needs_of(source, project.contracts)
        except SqlglotError as error:
            problems.append(f"{path}: SQL that cannot be read: {str(error).splitlines()[0]}")
    if problems:
        raise ProjectError(problems)


def raw_folder(run: Run, name: str) -> Path:
    """The folder with the parts of raw.<name>."""
    return run.folder / "raw" / name


def _raw(project: Project, name: str) -> Step:
    source = project.sources[name]
    columns = {c: f"Column {c} of the export" for c in referenced_columns(source)}
    origin = {"_file": _ARRIVALS["file"], "_line": _LINES["line"], "_delivered_at": _ARRIVALS["delivered_at"]}
    table = Table(f"raw.{name}", source.description, columns | origin, source.owner, personal=frozenset(columns))
    return Step(
        (table,),
        ("raw.arrivals", "raw.erased_rows"),
        partial(load, name=name),
        config_hash(source, project.words),
        uses_as_of=True,
    )


def _find(run: Run) -> Outcome:
    previous = read_arrivals(run.published / "raw" / "arrivals.parquet") if run.published else []
    now = time.time()
    settings = run.project.settings
    published = read_manifest(run.published).as_of if run.published else ""
    night = past_night(
        run.as_of, now, settings.schedule, settings.zone, date.fromisoformat(published) if published else None
    )
    arrivals = find_arrivals(run.exports, run.project.sources, run.project.contracts, previous, now, night)
    _write(run, "raw.arrivals", arrivals_table(arrivals), ["file"])
    statuses = Counter(a.status for a in arrivals)
    return {"raw.arrivals": {"files": len(arrivals), **dict(sorted(statuses.items()))}}


def load(run: Run, name: str) -> Outcome:
    """Make the parts of raw.<name> for what has arrived.

    When erased people were looked for in everything before, what could not be read then waits for the next night.
    """
    arrivals = read_arrivals(run.path("raw.arrivals"))
    looked = run.manifest().tables.get("raw.erased_rows")
    if looked and looked.numbers.get("everything_was_loaded"):
        read = {receipt.fingerprint for receipt, _ in receipts_of(raw_folder(run, name))}
        arrivals = [a for a in arrivals if a.source != name or a.status != "accepted" or a.fingerprint in read]
    keep_since = datetime.combine(run.as_of, midnight.min) - timedelta(days=run.project.settings.keep_parts_days)
    source = run.project.sources[name]
    before = receipts_of(run.published / "raw" / name) if run.published else ()
    known = {receipt.fingerprint for receipt, _ in before}
    contracts, words = run.project.contracts, run.project.words
    load_source(run.exports, raw_folder(run, name), name, source, contracts, arrivals, keep_since, known, words)
    receipts = [receipt for receipt, _ in receipts_of(raw_folder(run, name))]
    numbers: Numbers = {
        "files": sum(r.status == "loaded" for r in receipts),
        "files_refused": sum(r.status == "refused" for r in receipts),
        "rows_loaded": sum(r.rows_loaded for r in receipts),
        "rows_rejected": sum(r.rows_rejected for r in receipts),
        "rows_withheld": sum(r.rows_withheld for r in receipts),
        "unmapped_columns": len({c for r in receipts for c in r.unmapped_columns}),
        "columns_never_found": ", ".join(
            sorted(_in_all([r.missing_columns for r in receipts if r.status == "loaded"]))
        ),
    }
    return {f"raw.{name}": numbers}


def _in_all(lists: list[list[str]]) -> set[str]:
    return set.intersection(*map(set, lists)) if lists else set()


def _account(run: Run) -> Outcome:
    folders = {name: raw_folder(run, name) for name in run.project.sources}
    files = files_table(folders, read_arrivals(run.path("raw.arrivals")))
    lines = rejects_table(folders)
    _write(run, "raw.files", files, ["file", "fingerprint"])
    _write(run, "quarantine.lines", lines, ["source", "file", "line"])
    by_status = Counter(files.column("status").to_pylist())
    by_code = Counter(lines.column("code").to_pylist())
    return {
        "raw.files": {f"files_{status}": n for status, n in sorted(by_status.items())},
        "quarantine.lines": {"lines": lines.num_rows, **dict(sorted(by_code.items()))},
    }


def _write(run: Run, table: str, rows: pa.Table, order_by: list[str]) -> None:
    with run.connect() as con:
        con.register("rows", rows)
        run.write(con, table, "select * from rows", order_by)
