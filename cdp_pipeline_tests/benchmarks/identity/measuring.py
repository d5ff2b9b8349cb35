"""Run one of the programs here on one set of records, and score what it wrote.

What belongs here: processes, their cost and the accuracy of their result. What does not: which sets and
which sizes (accuracy.py, cost.py).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.identity.accuracy.score import accuracy
from cdp_pipeline_tests.benchmarks.watch import watch

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]
PRODUCT = (sys.executable, "-m", "cdp_pipeline_tests.benchmarks.identity.product")
SPLINK = (sys.executable, str(HERE / "plain_splink.py"))
Measure = dict[str, Any]


def recordlinkage_python() -> str | None:
    """The interpreter that has recordlinkage: BENCH_RECORDLINKAGE_PYTHON; it needs an older pandas than ours."""
    return os.environ.get("BENCH_RECORDLINKAGE_PYTHON") or None


def run(command: Sequence[str], asked: Mapping[str, Any], folder: Path) -> Measure:
    """Run `command ASKED.json`; its cost and, under "said", the JSON of its last line.

    Raises RuntimeError when it fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "asked.json"
    file.write_text(json.dumps(asked), encoding="utf-8")
    cost = asdict(watch([*command, str(file)], ROOT))
    return cost | {"said": json.loads(cost.pop("lines")[-1])}


def first_night(staged: Path, night: Path) -> dict[str, Any]:
    """What to ask of the product for a first night on staged people."""
    return {"staged": str(staged), "night": str(night), "published": None, "as_of": "2026-06-30"}


def score(con: duckdb.DuckDBPyConnection, found: str, truth: str) -> dict[str, float]:
    """Accuracy of SQL `found` (record, person) against `truth`, with persons and exact clusters.

    Exact: persons of the truth whose records are one found person, and no other record is in it. Only
    records in both count.
    """
    con.execute(f"create or replace temp table found as {found}")
    con.execute(f"create or replace temp table truth as {truth}")
    con.execute("""create or replace temp table both_known as
        select record, f.person as found, t.person as truth from found f join truth t using (record)""")
    ((persons, true_persons, exact),) = con.execute("""
        with cells as (select found, truth, count(*) as n from both_known group by all),
        f as (select found, count(*) as cells from cells group by 1),
        t as (select truth, count(*) as cells from cells group by 1)
        select (select count(*) from f), (select count(*) from t), count(*) filter (f.cells = 1 and t.cells = 1)
        from cells join f using (found) join t using (truth)""").fetchall()
    counted = {"persons": persons, "true_persons": true_persons, "exact": exact / (true_persons or 1)}
    return accuracy(con, "found", "truth") | counted


def people_columns(*, with_address: bool = False) -> dict[str, str]:
    """The columns of plain_splink.py over staging.people.

    Street and city say again what the postcode says: with them the script joins households (precision .62
    instead of .92 at 100,000 records) and costs more. Whoever looks at the result leaves them out.
    """
    first, rest = "split_part(full_name, ' ', 1)", "substr(full_name, strpos(full_name, ' ') + 1)"
    columns = {
        "unique_id": "source || '|' || record_id",
        "first_name": f"coalesce(first_name, {first})",
        "last_name": f"coalesce(last_name, case when contains(full_name, ' ') then {rest} end)",
        "dob": "birth_date",
        "email": "email",
        "phone": "phone",
        "postcode": "postcode",
    }
    address = {"street": "concat_ws(' ', street, house_number)", "city": "city"}
    return columns | address if with_address else columns
