"""Readers in a loop while night after night is published: no error, and never parts of two states.

What belongs here: the readers, each a process of its own as analysts' programs are, and the publications. What
does not: runs that die (faults.py, kills.py).

A reader of Parquet, audiences or pages resolves `current` once a question, as the documentation says; a reader of
a warehouse opens the fixed path. Each question asks for the day of the run in several places.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline_tests.trust.figure import Figure

FIRST = date(2026, 6, 30)
TABLES = ("identity.persons", "segments.sizes", "activation.receipts", "reports.pages")


def measure(folder: Path, long: bool) -> list[Figure]:
    """20 publications when `long`, else 3. A data folder that is published already counts as the first."""
    from cdp_pipeline.pipeline import build_pipeline
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline_tests.acceptance.published import PROJECT, publish_next
    from cdp_pipeline_tests.trust.world import two_nights

    exports, data = folder / "exports", folder / "data"
    if not (data / "current").exists():
        two_nights(folder, 120 if long else 60)()
        publish_next(exports, data, as_of=FIRST)
    stop = folder / "stop"
    stop.unlink(missing_ok=True)
    readers = {
        kind: subprocess.Popen(
            [sys.executable, "-m", __name__, kind, str(data), str(stop)],
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )
        for kind in ASK
    }  # fmt: skip
    publications, pipeline = 20 if long else 3, build_pipeline(read_project(PROJECT))
    try:
        for night in range(1, publications + 1):
            publish_day(exports, data, pipeline, FIRST + timedelta(days=night))
    finally:
        stop.touch()
        answers = {kind: json.loads(reader.communicate(timeout=120)[0]) for kind, reader in readers.items()}
    return [_figure(kind, found, publications) for kind, found in answers.items()]


def publish_day(exports: Path, data: Path, pipeline: Pipeline, as_of: date) -> None:
    """Publish the same exports as of another day: what carries the day is made again, and both warehouses."""
    from cdp_pipeline.publishing.snapshots import publish
    from cdp_pipeline.publishing.warehouse import build_warehouse
    from cdp_pipeline.run.lock import hold
    from cdp_pipeline.run.steps import perform
    from cdp_pipeline_tests.acceptance.published import start

    lock = hold(data)
    try:
        run = start(exports, data, as_of=as_of)
        for step in pipeline.steps:
            if step.names[0].startswith(("activation.", "reports.")):
                perform(run, step)
        build_warehouse(run, pipeline.tables)
        publish(run, ())
    finally:
        lock.release()


def _figure(kind: str, found: dict[str, list[str]], publications: int) -> Figure:
    days = found["days"]
    went_back = sum(earlier > later for earlier, later in itertools.pairwise(days))
    bad = [*found["errors"], *found["mixed"]]
    words = f"{publications} publications, {len(set(days))} states seen. " + "; ".join(bad[:3])
    return Figure(f"A reader of {kind} sees one whole state", len(days) + len(bad), len(bad) + went_back, words)


# ---- what is asked: every answer is a set of facts that must agree ------------------------------------


def _warehouse(name: str) -> Callable[[Path], set[str]]:
    def ask(data: Path) -> set[str]:
        with duckdb.connect(str(data / name), read_only=True) as con:
            run = con.execute("select as_of::varchar from config.run").fetchall()[0][0]
            receipts = con.execute("select max(as_of)::varchar from activation.receipts").fetchall()[0][0]
            pages = con.execute("select max(as_of)::varchar from reports.pages").fetchall()[0][0]
        return {run, receipts, pages}

    return ask


def _parquet(data: Path) -> set[str]:
    """The day of the manifest and of tables; and tables are the bytes that the manifest says."""
    snapshot = published_snapshot(data)
    assert snapshot
    manifest = read_manifest(snapshot)
    found = {manifest.as_of}
    for table in TABLES:
        path = snapshot / f"{table.replace('.', '/')}.parquet"
        if hashlib.sha256(path.read_bytes()).hexdigest() != manifest.tables[table].digest:
            found.add(f"{table} is of another run")
    with duckdb.connect() as con:
        query = f"select max(as_of)::varchar from read_parquet('{snapshot}/activation/receipts.parquet')"
        return {*found, con.execute(query).fetchall()[0][0]}


def _audiences(data: Path) -> set[str]:
    """Every audience file has the SHA-256 of its receipt."""
    snapshot = published_snapshot(data)
    assert snapshot
    with duckdb.connect() as con:
        query = f"from read_parquet('{snapshot}/activation/receipts.parquet') select as_of::varchar, file, sha256"
        receipts = con.execute(query).fetchall()
    found = {as_of for as_of, _, _ in receipts}
    for _, file, digest in receipts:
        if file and hashlib.sha256((snapshot / file).read_bytes()).hexdigest() != digest:
            found.add(f"{file} is of another run")
    return found


def _pages(data: Path) -> set[str]:
    """The report names the run of the manifest."""
    snapshot = published_snapshot(data)
    assert snapshot
    manifest = read_manifest(snapshot)
    page = (snapshot / "reports" / "index.html").read_text()
    is_whole = manifest.run_id in page and page.rstrip().endswith("</html>")
    return {manifest.as_of} if is_whole else {manifest.as_of, "the page is of another run"}


ASK: dict[str, Callable[[Path], set[str]]] = {
    "the masked warehouse": _warehouse("warehouse.duckdb"),
    "the clear warehouse": _warehouse("warehouse_full.duckdb"),
    "Parquet": _parquet,
    "audience files": _audiences,
    "the report": _pages,
}


def main(kind: str, data: Path, stop: Path) -> None:
    """Ask until `stop` is there; prints days, errors and mixed answers as JSON."""
    found: dict[str, list[str]] = {"days": [], "errors": [], "mixed": []}
    while not stop.exists():
        time.sleep(0.05)
        try:
            facts = ASK[kind](data)
        except Exception as error:  # noqa: BLE001  (whatever a reader meets is what is tested)
            found["errors"].append(repr(error)[:200])
            continue
        if len(facts) == 1:
            found["days"].append(facts.pop())
        else:
            found["mixed"].append(" and ".join(sorted(facts)))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
