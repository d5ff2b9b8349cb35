"""A night with 1 % new records: incremental, in full with the same model, and in full with a new one.

What belongs here: the four nights, and what changed between them. What does not: processes
(measuring.py), the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline_tests.benchmarks.identity.accuracy import STAGED_FOUND, STAGED_TRUTH
from cdp_pipeline_tests.benchmarks.identity.demo_people import TABLES, people_for, staged
from cdp_pipeline_tests.benchmarks.identity.measuring import PRODUCT, Measure, run, score

FIRST, NEXT, WEEK_AFTER = "2026-06-30", "2026-07-01", "2026-07-07"
IS_NEW = "('0x' || left(md5(source || '|' || record_id), 8))::bigint % 100 = 0"


def measure_night(records: int, folder: Path) -> Measure:
    """Measures of day 0 and of the three nights after it, and how far their persons agree."""
    whole = staged(people_for(records), folder)
    folder = folder / f"incremental-{records}"
    old = _without_new(whole, folder / "staged")
    nights = {name: folder / name for name in ("day_0", "incremental", "full", "retrained")}
    asked: dict[str, Any] = {"staged": str(whole), "published": str(nights["day_0"])}
    kinds: dict[str, dict[str, Any]] = {
        "day_0": {"staged": str(old), "published": None, "as_of": FIRST},
        "incremental": asked | {"as_of": NEXT},
        "full": asked | {"as_of": WEEK_AFTER},  # a full pass is due, the model still fits
        "retrained": asked | {"as_of": NEXT, "train": True},
    }
    found: Measure = {}
    for kind, wanted in kinds.items():
        made = run(PRODUCT, wanted | {"night": str(nights[kind])}, folder)
        found[kind] = made | _what_changed(whole, nights["day_0"], nights[kind], wanted["as_of"])
        said = found[kind]
        print(
            f"  {kind}: {said['kind']} ({said['why']}), {made['cpu_seconds']:.1f} s of processor, "
            f"{said['pairs_scored']:,} pairs scored, {said['ids_changed']:,} ids changed",
            flush=True,
        )
    with duckdb.connect() as con:
        ours = STAGED_FOUND.format(nights["incremental"])
        found["agreement"] = {
            kind: score(con, ours, STAGED_FOUND.format(nights[kind]))["f1"] for kind in ("full", "retrained")
        }
        ((found["old_records"], all_records),) = con.execute(
            f"select (select count(*) from '{old}/people.parquet'), (select count(*) from '{whole}/people.parquet')"
        ).fetchall()
    return found | {"wanted": records, "new_records": all_records - found["old_records"]}


def _without_new(whole: Path, where: Path) -> Path:
    """The same staged tables without one record in a hundred, drawn by a hash of its name."""
    where.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        for table in TABLES:
            con.execute(f"""copy (from '{whole}/{table}.parquet' where not ({IS_NEW}))
                to '{where}/{table}.parquet' (format parquet, compression zstd)""")
    return where


def _what_changed(whole: Path, before: Path, after: Path, as_of: str) -> Measure:
    """Old records with another id than on day 0, and how many of those no event of the night explains."""
    with duckdb.connect() as con:
        for name, folder in (("before", before), ("after", after)):
            con.execute(f"create view {name} as from '{folder}/identity/person_records.parquet'")
        ((old_records, ids_changed, unexplained),) = con.execute(f"""
            with events as (
                select distinct person_id as a, other_person_id as b
                from '{after}/identity/changes.parquet' where as_of = '{as_of}'),
            said as (select a, b from events union select b, a from events),
            moved as (
                select b.person_id as old, a.person_id as new from before b join after a using (source, record_id))
            select count(*), count(*) filter (old <> new),
                   count(*) filter (old <> new and (old, new) not in (from said where a is not null and b is not null))
            from moved""").fetchall()
        ((kind, why, pairs_scored),) = con.execute(f"""select kind, why, pairs_scored
            from '{after}/identity/passes.parquet' where as_of = '{as_of}'""").fetchall()
        got = score(con, STAGED_FOUND.format(after), STAGED_TRUTH.format(whole))
    return {
        "old_records": old_records,
        "ids_changed": ids_changed,
        "unexplained": unexplained,
        "kind": kind,
        "why": why,
        "pairs_scored": pairs_scored,
        "accuracy": got,
    }
