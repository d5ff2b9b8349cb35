"""What acceptance tests do with a data folder: make one, copy it, run `cdp` on it, look at it.

What belongs here: steps that several acceptance tests share. What does not: assertions about one
promise; each promise has its own file.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.activation.removals import REMOVE
from cdp_pipeline.pipeline import Pipeline, build_pipeline
from cdp_pipeline.privacy.keys import DEMO_KEY
from cdp_pipeline.project.project import read_project
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.publishing.unfinished import tidy
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.quality.candidate import evaluate_candidate
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.reports.checks_page import write_checks_page
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.manifest import Manifest, read_manifest
from cdp_pipeline.run.run_folder import open_run
from cdp_pipeline.run.steps import perform

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "dbt_like_sql"


def _without_expectations() -> Path:
    """A copy of dbt_like_sql whose project.yml says `expectations: false`; it goes when the process ends.

    The suite costs five CPU seconds a run and says the same in every one of these small worlds: it is
    asked in test_expectations.py, and everything else of a run stays as shipped.
    """
    folder = Path(tempfile.mkdtemp(prefix="cdp_project_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    project = Path(shutil.copytree(SHIPPED, folder / SHIPPED.name))
    settings = project / "project.yml"
    said = re.sub("^expectations: true", "expectations: false", settings.read_text(), flags=re.MULTILINE)
    settings.write_text(said)
    return project


PROJECT = _without_expectations()
AS_OF = date(2026, 6, 30)
CDP = str(Path(sys.executable).with_name("cdp"))


# ---- `cdp` as its users run it ---------------------------------------------------------------


def environment(**changes: str) -> dict[str, str]:
    """The environment of a process, without the key and the homes of whoever runs the tests."""
    dropped = ("CDP_KEY", "CDP_PROJECT", "DAGSTER_HOME")
    return {name: value for name, value in os.environ.items() if name not in dropped} | changes


def cdp(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run one `cdp` command in a process of its own, from the repository."""
    command = [CDP, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**changes), capture_output=True, text=True, timeout=600, check=False
    )


def run_command(exports: Path, data: Path, as_of: date = AS_OF, project: Path = PROJECT) -> list[str | Path]:
    """The words after `cdp` of a nightly run."""
    return ["run", "--exports", exports, "--data", data, "--as-of", str(as_of), "--project", project]


# ---- the same run without Dagster, for tests that need several of them ------------------------


def start(exports: Path, data: Path, project: Path = PROJECT, as_of: date = AS_OF) -> Run:
    """An open run folder: a clone of what is published."""
    run = Run(read_project(project), exports, data, as_of, str(uuid.uuid4()), DEMO_KEY, published_snapshot(data))
    return open_run(run)


def work(run: Run) -> Pipeline:
    """Every step of the pipeline in its order, every check, and both warehouse files."""
    pipeline = build_pipeline(run.project)
    for step in pipeline.steps:
        perform(run, step)
        if own := pipeline.checks_of(step):  # the report tells what they said
            run.record_checks(evaluate(run, own))
    run.record_checks(evaluate(run, pipeline.checks))
    build_warehouse(run, pipeline.tables)
    run.record_checks(evaluate_candidate(run, pipeline.candidate_checks))
    write_checks_page(run)
    return pipeline


def publish_next(exports: Path, data: Path, project: Path = PROJECT, as_of: date = AS_OF) -> Path:
    """One whole run and its publication; returns the new snapshot."""
    lock = hold(data)
    try:
        tidy(data)
        run = start(exports, data, project, as_of)
        pipeline = work(run)
        return data / "snapshots" / publish(run, pipeline.blocking())
    finally:
        lock.release()


# ---- looking at it ---------------------------------------------------------------------------


def copy_data(data: Path, target: Path) -> Path:
    """A data folder of one's own: snapshots hard-linked (nobody writes into them), the rest copied."""
    target.mkdir(parents=True, exist_ok=True)
    for source in data.iterdir():
        if source.name == "snapshots":
            shutil.copytree(source, target / source.name, copy_function=os.link)
        elif source.is_dir() and not source.is_symlink():
            shutil.copytree(source, target / source.name)
        else:
            shutil.copy2(source, target / source.name, follow_symlinks=False)
    return target


def digests(data: Path) -> Mapping[str, str]:
    """Digest of every published table: equal digests are equal rows in equal order."""
    return {name: entry.digest for name, entry in manifest_of(data).tables.items()}


def manifest_of(data: Path) -> Manifest:
    snapshot = published_snapshot(data)
    assert snapshot is not None, "nothing is published"
    return read_manifest(snapshot)


def look_at(snapshot: Path, project: Path = PROJECT) -> Run:
    """A snapshot or run folder as a `Run` that can be read and checked."""
    manifest = read_manifest(snapshot)
    return Run(
        read_project(project), snapshot, snapshot.parents[1], date.fromisoformat(manifest.as_of), "look",
        DEMO_KEY, published=snapshot, at=snapshot,
    )  # fmt: skip


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    """What an analyst with the warehouse in clear is answered."""
    with duckdb.connect(str((data / "warehouse_full.duckdb").resolve()), read_only=True) as con:
        return con.execute(sql).fetchall()


def rewrite(path: Path, select: str) -> None:
    """Replace a Parquet file by `select` over its own `rows`, as a broken writer would; other links keep theirs."""
    temporary = path.with_name(f".{path.name}.rewritten")
    with duckdb.connect() as con:
        con.execute(f"create view rows as from read_parquet('{path}')")
        con.execute(f"copy ({select}) to '{temporary}' (format parquet)")
    temporary.replace(path)


def assert_one_state(data: Path) -> str:
    """Every published artefact opens and belongs to the one run that the manifest names; returns its id.

    Tables by the digests in the manifest, warehouses row for row against the tables, audience files by
    the SHA-256 in their receipts, the report by the run it names.
    """
    snapshot = published_snapshot(data)
    assert snapshot is not None
    manifest = read_manifest(snapshot)
    assert snapshot.name.endswith(manifest.run_id[:8])
    assert manifest.published_at
    run = look_at(snapshot)
    for name, entry in manifest.tables.items():
        assert (run.digest(name), run.count(name)) == (entry.digest, entry.rows), name
    assert not [p.name for p in snapshot.rglob(".*") if p.name != ".spill"], "half-written files"
    for warehouse in ("warehouse.duckdb", "warehouse_full.duckdb"):
        assert (data / warehouse).resolve() == snapshot / warehouse
        _same_rows(snapshot, warehouse, manifest)
    receipts = duckdb.sql(
        f"select file, sha256 from read_parquet('{snapshot}/activation/receipts.parquet') where file is not null"
    ).fetchall()
    for file, sha256 in receipts:
        assert hashlib.sha256((snapshot / file).read_bytes()).hexdigest() == sha256, file
    delivered = {str(p.relative_to(snapshot)) for p in (snapshot / "activation").rglob("*.csv")}
    assert {file for file in delivered if not file.endswith(REMOVE)} == {file for file, _ in receipts}
    page = (snapshot / "reports" / "index.html").read_text()
    assert page.rstrip().endswith("</html>")
    assert manifest.run_id in page
    return manifest.run_id


def _same_rows(snapshot: Path, warehouse: str, manifest: Manifest) -> None:
    """Rows of every table in the warehouse equal those in Parquet; counts only where columns are masked."""
    is_clear = warehouse == "warehouse_full.duckdb"
    summary = "count(*), bit_xor(hash(t))" if is_clear else "count(*)"
    with duckdb.connect(str(snapshot / warehouse), read_only=True) as con:
        (as_of,) = con.execute("select as_of from config.run").fetchall()[0]
        assert str(as_of) == manifest.as_of
        tables = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        assert len(tables) > 50
        for (name,) in tables:
            if name == "config.run":
                continue
            parquet = f"read_parquet('{snapshot}/{name.replace('.', '/')}.parquet')"
            inside = con.execute(f"select {summary} from {name} as t").fetchall()
            assert inside == con.execute(f"select {summary} from {parquet} as t").fetchall(), name
