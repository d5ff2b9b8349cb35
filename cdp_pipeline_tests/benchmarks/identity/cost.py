"""Cost: the engine and a plain Splink script on the same people records of the demo, size by size.

What belongs here: which sizes, in which order. What does not: processes (measuring.py), the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from cdp_pipeline_tests.benchmarks.identity import measuring
from cdp_pipeline_tests.benchmarks.identity.accuracy import STAGED_FOUND, STAGED_TRUTH
from cdp_pipeline_tests.benchmarks.identity.demo_people import people_for, staged
from cdp_pipeline_tests.benchmarks.identity.measuring import PRODUCT, SPLINK, Measure, first_night, run, score


def measure_costs(records: Sequence[int], most_for_script: int, repeats: int, folder: Path) -> Iterator[Measure]:
    """One measure a size and program; of several runs the one with the least processor seconds.

    The order alternates: product, script, script, product, so that neither always comes first.
    """
    for wanted in records:
        where = staged(people_for(wanted), folder)
        both = ["product", "splink"] if wanted <= most_for_script else ["product"]
        if wanted <= most_for_script:
            yield _once("splink_all", wanted, where, folder / f"cost-{wanted}-splink_all") | {"runs": 1}
        runs: dict[str, list[Measure]] = {who: [] for who in both}
        for number in range(repeats):
            for who in both if number % 2 == 0 else reversed(both):
                runs[who].append(_once(who, wanted, where, folder / f"cost-{wanted}-{who}"))
        for who in both:
            yield min(runs[who], key=lambda made: made["cpu_seconds"]) | {"runs": repeats}


def _once(who: str, wanted: int, where: Path, folder: Path) -> Measure:
    night, out = folder / "night", folder / "plain.parquet"
    command: tuple[str, ...]
    command, found, asked = PRODUCT, STAGED_FOUND.format(night), first_night(where, night)
    if who != "product":
        command, found = SPLINK, f"from '{out}'"
        columns = measuring.people_columns(with_address=who == "splink_all")
        asked = {"records": f"read_parquet('{where}/people.parquet')", "columns": columns, "out": str(out)}
    made = run(command, asked, folder)
    with duckdb.connect() as con:
        ((rows,),) = con.execute(f"select count(*) from read_parquet('{where}/people.parquet')").fetchall()
        got = score(con, found, STAGED_TRUTH.format(where))
    print(
        f"  {rows:,} records, {who}: {made['cpu_seconds']:.1f} s of processor, {made['seconds']:.1f} s, "
        f"{made['peak_mb']:,.0f} MB, P {got['precision']:.4f} R {got['recall']:.4f}",
        flush=True,
    )
    return {"wanted": wanted, "rows": rows, "who": who, **made, "accuracy": got}
