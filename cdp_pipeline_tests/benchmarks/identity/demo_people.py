"""The demo's people, staged: what identity reads, made by the demo and the pipeline's own first steps.

What belongs here: only what identity needs of a night: no web events, no orders as orders. What does
not: measuring.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.demo import exports
from cdp_pipeline.demo.deliveries import DELIVERIES
from cdp_pipeline.demo.engine import open_engine
from cdp_pipeline.demo.settings import Rates
from cdp_pipeline.demo.writing import copy, write
from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.project.project import read_project
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.run_folder import open_run
from cdp_pipeline.run.steps import perform

ROOT = Path(__file__).parents[3]
DAY = date(2026, 6, 30)
SEED = 7
TABLES = ("people", "identifiers", "links")
RECORDS_A_PERSON = 2.911  # of the population: people records in the exports of the first day
NOT_READ = ("ga4",)  # no record of a person comes from web events


def people_for(records: int) -> int:
    """How large a population gives about so many people records."""
    return round(records / RECORDS_A_PERSON)


def staged(people: int, folder: Path) -> Path:
    """Folder of people, identifiers, links and truth (source, record_id, person); made once."""
    where = folder / f"demo-{people}"
    if not (where / "truth.parquet").exists():
        print(f"  making the demo's records of {people:,} people", flush=True)
        work = folder / f"demo-{people}-work"
        shutil.rmtree(work, ignore_errors=True)
        where.mkdir(parents=True, exist_ok=True)
        _export(people, work / "exports")
        run = _stage(work)
        for table in TABLES:
            shutil.copy(run.path(f"staging.{table}"), where / f"{table}.parquet")
        with duckdb.connect() as con:
            con.execute(f"""copy (
                select case system when 'meta' then 'meta_leads' else system end as source, record_id,
                       min(person_id)::varchar as person
                from read_parquet('{work}/exports/_truth/record_person.parquet') group by all order by all)
                to '{work}/truth.parquet' (format parquet, compression zstd)""")
        shutil.copy(work / "truth.parquet", where / "truth.parquet")
        shutil.rmtree(work)
    return where


def _export(people: int, out: Path) -> None:
    with open_engine(people, SEED, Rates()) as con:
        exports._look(con, DAY, is_first=True)
        for delivery in DELIVERIES:
            if delivery.system not in NOT_READ:
                rows = delivery.rows.format(day=f"date '{DAY}'", first=True, since=f"date '{DAY}'")
                write(con, rows, out / delivery.place(DAY), delivery.style, with_wrong_lines=True)
        (out / "_truth").mkdir()
        rows = f"truth_record_person(date '{DAY}', date '{DAY}')"
        copy(con, rows, out / "_truth" / "record_person.parquet", "format parquet, compression zstd")


def _stage(work: Path) -> Run:
    project = read_project(ROOT / "dbt_like_sql")
    run = open_run(Run(project, work / "exports", work / "data", DAY, "bench", b"a key of these measurements"))
    steps, needed = build_pipeline(project).steps, {f"staging.{table}" for table in TABLES}
    for step in reversed(steps):  # they stand in the order in which they run
        needed |= set(step.reads) if needed & set(step.names) else set()
    for step in steps:
        if needed & set(step.names):
            perform(run, step)
    return run
