"""Measure a night: the demo's exports, `cdp run`, the same run again, and the plain script on the same files.

What belongs here: which commands are run, and what is read from their results. What does not: sampling
(watch.py), the script to compare with (plain.py), the page (page.py).

    python -m cdp_pipeline_tests.benchmarks.nightly --people 5000 100000 --out docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from cdp_pipeline.identity.accuracy.score import accuracy
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline_tests.benchmarks.page import Measured, render
from cdp_pipeline_tests.benchmarks.watch import Cost, watch

ROOT = Path(__file__).parents[2]
AS_OF = "2026-06-30"


def measure(people: int, folder: Path) -> Measured:
    """Measure one size in an empty `folder`; raises RuntimeError when a command fails."""
    cdp = str(Path(sys.executable).with_name("cdp"))
    exports, data, plain = folder / "exports", folder / "data", folder / "plain"
    run = [cdp, "run", "--exports", "exports", "--data", "data", "--as-of", AS_OF]
    run += ["--project", str(ROOT / "dbt_like_sql")]

    demo = _step("cdp demo", [cdp, "demo", "--people", str(people), "--out", "exports"], folder)
    first = _step("cdp run", run, folder)
    made = read_manifest(data / "current").tables
    again = _step("cdp run, again", run, folder)
    kept = read_manifest(data / "current").tables
    script = [sys.executable, str(Path(__file__).with_name("plain.py")), str(exports), str(plain)]
    by_hand = _step("plain.py", script, folder)

    table_seconds: dict[str, float] = {}
    for name, entry in made.items():
        stage = name.split(".")[0]
        table_seconds[stage] = table_seconds.get(stage, 0.0) + entry.seconds
    files = [line.rsplit(": ", 1) for line in demo.lines if ": " in line and not line.startswith("_truth")]
    truth = exports / "_truth" / "record_person.parquet"
    return Measured(
        people=people,
        lines=sum(int(count.split()[0].replace(",", "")) for _, count in files),
        megabytes=sum((exports / file).stat().st_size for file, _ in files) / 1e6,
        records=made["identity.person_records"].rows,
        demo=demo,
        first=first,
        again=again,
        plain=by_hand,
        table_seconds=table_seconds,
        tables=len(kept),
        again_reused=sum(entry.is_reused for entry in kept.values()),
        accuracy=score(data / "current" / "identity" / "person_records.parquet", truth),
        plain_accuracy=score(plain / "person_records.parquet", truth),
    )


def score(found: Path, truth: Path) -> dict[str, float]:
    """Accuracy of (source, record_id, person_id) against (system, record_id, person_id), and the
    number of persons in each. Records without a truth (the demo's wrong lines) do not count."""
    with duckdb.connect() as con:
        for table, path, system in (("found", found, "source"), ("truth", truth, "system")):
            con.execute(
                f"create table {table} as select {system} || '|' || record_id as record, "
                f"cast(person_id as varchar) as person from read_parquet('{path}')"
            )
        ((persons, true_persons),) = con.execute(
            "select count(distinct f.person), count(distinct t.person) from found f join truth t using (record)"
        ).fetchall()
        return accuracy(con, "found", "truth") | {"persons": persons, "true_persons": true_persons}


def _step(name: str, command: Sequence[str], folder: Path) -> Cost:
    cost = watch(command, folder)
    print(f"  {name}: {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of processor, {cost.peak_mb:,.0f} MB", flush=True)
    return cost


def main(arguments: Sequence[str] | None = None) -> str:
    """Measure every size, smallest first as given; the page is written anew after each one."""
    parser = argparse.ArgumentParser(description="Measure cdp run, and the same work as a plain script.")
    parser.add_argument("--people", type=int, nargs="+", default=[5000, 100000], help="sizes of the demo")
    parser.add_argument("--out", type=Path, help="Markdown file; without it the page is only printed")
    parser.add_argument(
        "--folder", type=Path, help="where to work, emptied after each size; default: a temporary folder"
    )
    asked = parser.parse_args(arguments)
    runs: list[Measured] = []
    for people in asked.people:
        print(f"{people:,} people", flush=True)
        with TemporaryDirectory(prefix="cdp-bench-", dir=asked.folder) as folder:
            runs.append(measure(people, Path(folder)))
        if asked.out:
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            asked.out.write_text(render(runs), encoding="utf-8")
    page = render(runs)
    print(page)
    return page


if __name__ == "__main__":
    main()
