"""Carrying out erasures: the step that runs between what has arrived and everything made from it.

What belongs here: the order of the work, and the account of it. What does not: asking for an erasure
(`cdp forget`, request.py), finding lines (scan.py), rewriting files (scrub.py, previous_state.py).

    tombstones.parquet ─┐
    raw parts ──────────┴→ lines about the erased → parts without them, orders without anybody
    published tables ───────────────────────────→ what the run may carry over

Every later layer is then made again from the scrubbed parts. A night without new files and new
requests looks at nothing again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.ledgers.requests import read_requests
from cdp_pipeline.ledgers.tombstones import SCHEMA, add_tombstones, read_tombstones, requests_in, secrets_of
from cdp_pipeline.privacy.anonymised import add_kept, columns_sql, keep_anonymous
from cdp_pipeline.privacy.kept_files import clean_kept_files
from cdp_pipeline.privacy.keys import keys_of
from cdp_pipeline.privacy.previous_state import forget_previous
from cdp_pipeline.privacy.retention import QUARANTINE, add_outlived, cutoffs, feeding
from cdp_pipeline.privacy.scan import scan
from cdp_pipeline.privacy.scrub import empty_old_rejects, scrub
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.registry import outlasting
from cdp_pipeline.run.lake import Run, fingerprint, was_gone_back_to
from cdp_pipeline.run.manifest import read_manifest, write_manifest
from cdp_pipeline.run.run_folder import done_once
from cdp_pipeline.run.steps import Outcome
from cdp_pipeline.run.whole_file import write_whole
from cdp_pipeline.sources.raw import receipts_of
from cdp_pipeline.sources.steps import load, raw_folder

ERASURES = "request_id varchar, as_of date, table_name varchar, rows bigint"
_VERSION = "2"
"""Change it when the scan finds other lines for the same files and tombstones."""


def erase(run: Run) -> Outcome:
    """Write raw.erased_rows, what stays of erased rows (anonymised.py) and raw.erasures.

    Loads every export first, so that all lines are known before any is used. The restrictions and corrections that
    wait by now are laid over later steps of this run: the manifest says which. Raises KeyMismatchError
    when there are tombstones of a key that this run has not.
    """
    waiting = [r.request_id for r in read_requests(run.data) if r.status == "waiting" and r.kind != "erase"]
    tombstones = read_tombstones(run.data)
    has_work = bool(tombstones.num_rows or run.project.settings.retention)
    with done_once(run.folder) if has_work else nullcontext(), run.connect() as con:
        _open_kept(run, con)
        if has_work:
            tombstones = _carry_out(run, con, tombstones)
        for table, contract in outlasting(run.project.contracts).items():
            run.write(con, f"raw.erased_{table}", f"select * from erased_{table}", contract.grain)
        con.register("rows_arrow", _account(run))
        run.write(con, "raw.erased_rows", "select * from rows_arrow", ["source_name", "file"])
        run.write(con, "raw.erasures", "select * from erasures", ["request_id", "as_of", "table_name"])
        lines = con.execute("select coalesce(sum(rows_erased), 0)::bigint from rows_arrow").fetchall()[0][0]
    requests = requests_in(tombstones)
    new = _new_requests(run, requests)
    manifest = replace(run.manifest(), erased=tuple(requests), erased_now=tuple(new), carried_out=tuple(waiting))
    write_manifest(run.folder, manifest)
    numbers = {"requests": len(requests), "new_requests": len(new), "lines_taken_out": lines}
    return {"raw.erased_rows": {**numbers, "everything_was_loaded": int(has_work)}}


def _new_requests(run: Run, requests: Sequence[str]) -> list[str]:
    """Requests that no earlier day has carried out, and those whose removals are said again.

    That is so when a day is run again, and after going back.
    """
    if run.published is None:
        return list(requests)
    before = read_manifest(run.published)
    is_said_again = before.as_of >= str(run.as_of) or was_gone_back_to(run.published)
    repeated = before.erased_now if is_said_again else ()
    return sorted(set(requests) - set(before.erased) | set(repeated))


def _open_kept(run: Run, con: duckdb.DuckDBPyConnection) -> None:
    """The tables erased_<table> and erasures as the last night left them, and as the contracts of today let them be."""
    contracts = outlasting(run.project.contracts)
    shapes = {f"erased_{table}": columns_sql(contract) for table, contract in contracts.items()}
    for name, columns in {**shapes, "erasures": ERASURES}.items():
        con.execute(f"create temp table {name} ({columns})")
        path, table = run.path(f"raw.{name}"), name.removeprefix("erased_")
        if path.exists():
            file = f"read_parquet({literal(path)})"
            if table in contracts:
                add_kept(con, table, contracts[table], file, pq.read_schema(path).names)
            elif name == "erasures":
                con.execute(f"insert into {name} by name from {file}")


def _carry_out(run: Run, con: duckdb.DuckDBPyConnection, tombstones: pa.Table) -> pa.Table:
    """Returns the tombstones that were looked for; one asked for meanwhile is left to the next run."""
    secrets = secrets_of(tombstones, keys_of(run))
    names = list(run.project.sources)
    for name in names:
        load(run, name)
        empty_old_rejects(run, name)
    if not tombstones.num_rows and not set(run.project.settings.retention) - {QUARANTINE}:
        return tombstones
    todo = [name for name, mark in _marks(run, tombstones).items() if mark != _known_marks(run).get(name)]
    scan(run, con, [], tombstones, secrets)
    con.execute("create temp table all_gone as select source_name, _file, _line from gone")
    while todo:
        new = scan(run, con, todo, tombstones, secrets)
        rows = _rows(run, new)
        add_tombstones(run.data, rows)
        tombstones = pa.concat_tables([tombstones, pa.Table.from_pylist(rows, schema=SCHEMA)])
        keep_anonymous(run, con, todo, secrets)
        for name in todo:
            add_outlived(run, con, name)
        con.execute("insert into all_gone select source_name, _file, _line from gone")
        counts = con.execute("""select request_id, 'raw.' || source_name, count(*) from gone where request_id <> ''
            group by all order by all""").fetchall()
        _tell(run, con, counts)
        for name in todo:
            scrub(run, con, name, secrets)
        if not new or len(todo) == len(names):
            break
        todo = names
    _tell(run, con, forget_previous(run, con, secrets))
    clean_kept_files(run, con, secrets)
    write_whole(run.folder / "raw" / "scanned.json", json.dumps(_marks(run, tombstones), sort_keys=True), "raw.scanned")
    return tombstones


def _rows(run: Run, tombstones: Iterable[tuple[str, str, str]]) -> list[dict[str, object]]:
    made_with = fingerprint(run.key)
    return [
        {"kind": kind, "key": key, "since": run.as_of, "request_id": request, "made_with": made_with}
        for kind, key, request in tombstones
    ]


def _tell(run: Run, con: duckdb.DuckDBPyConnection, counts: Iterable[tuple[str, str, int]]) -> None:
    """Add what was taken out today to `erasures`; a night that is resumed tells the larger number."""
    for request, table, rows in counts:
        con.execute("insert into erasures values (?, ?, ?, ?)", [request, run.as_of, table, rows])
    con.execute("""create or replace temp table told_once as
        select request_id, as_of, table_name, max(rows) as rows from erasures group by all""")
    con.execute("create or replace temp table erasures as from told_once")


def _marks(run: Run, tombstones: pa.Table) -> dict[str, str]:
    """Source -> digest of its parts, of all tombstones and of the days kept: with the same, nothing new is found."""
    keys = "\n".join(sorted(tombstones["key"].to_pylist()))
    first_days, aged = cutoffs(run), set(feeding(run))
    marks = {}
    for name, source in run.project.sources.items():
        parts = [path.name for path in sorted(raw_folder(run, name).glob("*.parquet"))]
        days = {table: str(day) for table, day in first_days.items() if name in aged and table != QUARANTINE}
        basis = "\n".join([_VERSION, keys, repr(source), repr(days), *parts])
        marks[name] = hashlib.sha256(basis.encode()).hexdigest()
    return marks


def _known_marks(run: Run) -> dict[str, str]:
    path = run.folder / "raw" / "scanned.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _account(run: Run) -> pa.Table:
    """Lines and set-aside lines taken out of every loaded file: what was once read and is not there any more."""
    rows = []
    for name in run.project.sources:
        for receipt, sidecar in receipts_of(raw_folder(run, name)):
            part = sidecar.with_name(sidecar.name.replace(".rejects.parquet", ".parquet"))
            if receipt.status == "loaded" and part.exists():
                lines = receipt.rows_loaded - pq.read_metadata(part).num_rows
                rejects = receipt.rows_rejected - pq.read_metadata(sidecar).num_rows
                if lines or rejects:
                    rows.append((name, receipt.file, lines, rejects))
    names = ("source_name", "file", "rows_erased", "rejects_erased")
    kinds = (pa.string(), pa.string(), pa.int64(), pa.int64())
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in names]
    return pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})
