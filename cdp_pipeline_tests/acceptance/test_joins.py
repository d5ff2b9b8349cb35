"""No model and no check joins its way through rows that nobody asked for.

What belongs here: what DuckDB really did with the SQL of the project, on tables as they are published. What does not:
the rows that come of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.project.project import read_project
from cdp_pipeline.run.lake import open_duckdb, open_published
from cdp_pipeline_tests.acceptance.published import PROJECT

CATALOGUE = 25  # times the 200 products of the demo: a real one has thousands
MOST = 20  # rows of a join for each row of its larger side; the most of any shipped join is 3
FEW = 500  # rows that a small join may give whatever it is given


def test_no_join_explodes(data: Path) -> None:
    """With a catalogue of thousands, no join gives more than twenty times the rows of its larger side.

    Three tables that share a column in their keys may be joined on that column alone, two at a time.
    """
    project = read_project(PROJECT)
    run = open_published(project, data)
    enlarge(run.path("staging.products"))
    found = {model.name: (model.sql, model.inputs, model.empty) for model in project.models.values()}
    for check in build_pipeline(project).checks:
        found[check.name] = check.sql, tuple(name for name in check.reads if name != "config.run"), {}
    exploding = {}
    for name, (sql, reads, empty) in found.items():
        with run.connect(*dict.fromkeys(reads), empty=empty) as con:
            ((_, plan),) = con.execute(f"explain (analyze, format json) {sql.rstrip().rstrip(';')}").fetchall()
        if worst := [(taken, given) for taken, given in joins(json.loads(plan)["operator"]) if given > MOST * taken]:
            exploding[name] = worst
    assert not exploding
    assert len(found) > 100


def joins(operators: list[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    """Of each join of a plan the rows of its larger side, at least a few, and the rows it gave."""
    for operator in operators:
        below = operator.get("children", [])
        if "JOIN" in operator["type"] or "PRODUCT" in operator["type"]:
            yield max(FEW, *(child["intermediate_rows"] for child in below)), operator["intermediate_rows"]
        yield from joins(below)


def enlarge(products: Path) -> None:
    """Put a catalogue of many times the products in the place of one."""
    larger = products.with_name("larger.parquet")
    with open_duckdb(allowed=[products.parent]) as con:
        con.execute(
            f"copy (select * replace (sku || if(i = 0, '', '-' || i) as sku) from '{products}', range({CATALOGUE}) as t(i)) "
            f"to '{larger}' (format parquet, parquet_version v2)"
        )
    larger.replace(products)
