"""`make bench-identity`: measure, and write docs/benchmarks-identity.md.

What belongs here: the command line, and which parts are measured. What does not: measuring (accuracy.py,
cost.py, incremental.py) and the page (page.py).

    python -m cdp_pipeline_tests.benchmarks.identity --out docs/benchmarks-identity.md
    python -m cdp_pipeline_tests.benchmarks.identity --parts accuracy --sets febrl3 senzing --demo-people 0
    python -m cdp_pipeline_tests.benchmarks.identity --quick
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cdp_pipeline_tests.benchmarks.identity import accuracy, cost, incremental, page
from cdp_pipeline_tests.benchmarks.identity.datasets import reference_folder

PARTS = ("accuracy", "cost", "incremental")


def main(arguments: Sequence[str] | None = None) -> str:
    """Measure the parts asked for; the page is written anew after each, and returned."""
    asked = _parser().parse_args(arguments)
    if asked.quick:
        asked.records, asked.night_records, asked.demo_people, asked.repeats = [3000], 3000, 1000, 1
    folder: Path = asked.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "measured.json"
    measured: dict[str, Any] = json.loads(kept.read_text("utf-8")) if asked.keep and kept.exists() else {}
    reference = reference_folder() if "accuracy" in asked.parts and not asked.quick else None
    for part in asked.parts:
        print(part, flush=True)
        measured[part] = {} if part == "incremental" else []
        for found in _measured(part, asked, folder, reference):
            measured[part] = found if part == "incremental" else [*measured[part], *found]
            kept.write_text(json.dumps(measured, indent=1, default=str), encoding="utf-8")
            if asked.out:
                asked.out.write_text(page.render(measured), encoding="utf-8")
    return page.render(measured)


def _measured(part: str, asked: argparse.Namespace, folder: Path, reference: Path | None) -> Iterator[Any]:
    """What is known of a part, piece by piece, so that a measurement that is stopped keeps what it had."""
    if part == "accuracy":
        if reference:
            yield list(accuracy.measure_sets(reference, folder, asked.sets))
        if asked.demo_people:
            yield list(accuracy.measure_demo(asked.demo_people, folder))
    elif part == "cost":
        for records in asked.records:
            yield list(cost.measure_costs([records], asked.most_for_script, asked.repeats, folder))
    else:
        yield incremental.measure_night(asked.night_records, folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cdp_pipeline_tests.benchmarks.identity",
        description="Measure identity: accuracy, cost, incremental nights. CDP_REFERENCE_DATA names the public data "
        "sets; BENCH_RECORDLINKAGE_PYTHON, when set, a Python that has recordlinkage.",
    )
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS), help="what to measure")
    parser.add_argument("--sets", nargs="+", default=[], help="data sets; default: all")
    parser.add_argument("--demo-people", type=int, default=100_000, help="demo of the accuracy table; 0: none")
    parser.add_argument("--records", type=int, nargs="+", default=[100_000, 1_000_000, 3_000_000], help="sizes of cost")
    parser.add_argument("--most-for-script", type=int, default=1_000_000, help="largest size for the Splink script")
    parser.add_argument("--repeats", type=int, default=2, help="runs of each size and program; the cheapest counts")
    parser.add_argument("--night-records", type=int, default=1_000_000, help="records of the incremental night")
    parser.add_argument("--folder", type=Path, default=Path("data/bench-identity"), help="staged demos and results")
    parser.add_argument("--keep", action="store_true", help="show parts measured earlier beside those measured now")
    parser.add_argument("--quick", action="store_true", help="tiny demos and no public data: does it work at all?")
    parser.add_argument("--out", type=Path, help="Markdown file; without it the page is only printed")
    return parser


if __name__ == "__main__":
    print(main())
