"""Accuracy: every public data set, and the demo's own truth, by the product and by two scripts.

What belongs here: which set is given to whom. What does not: the sets (datasets.py), the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from cdp_pipeline_tests.benchmarks.identity import measuring
from cdp_pipeline_tests.benchmarks.identity.datasets import DATA_SETS, DataSet, prepare
from cdp_pipeline_tests.benchmarks.identity.demo_people import staged
from cdp_pipeline_tests.benchmarks.identity.measuring import HERE, PRODUCT, SPLINK, Measure, first_night, run, score
from cdp_pipeline_tests.benchmarks.identity.plain_splink import cleaned

FOUND = "select record_id as record, person_id as person from read_parquet('{}')"
STAGED_FOUND = (
    "select source || '|' || record_id as record, person_id as person "
    "from read_parquet('{}/identity/person_records.parquet')"
)
STAGED_TRUTH = "select source || '|' || record_id as record, person from read_parquet('{}/truth.parquet')"
MOST_FOR_RECORDLINKAGE = 10_000


def measure_sets(reference: Path, folder: Path, names: Sequence[str]) -> Iterator[Measure]:
    """One measure a data set and program: set, title, who, records, cost, accuracy, used."""
    unknown = set(names) - {data.name for data in DATA_SETS}
    if unknown:
        raise SystemExit(f"no such data set: {', '.join(sorted(unknown))}")
    for data in DATA_SETS:
        if not names or data.name in names:
            yield from _measure_set(data, reference, folder / data.name)


def _measure_set(data: DataSet, reference: Path, folder: Path) -> Iterator[Measure]:
    file, records = prepare(data, reference, folder)
    truth = f"from read_parquet('{folder / 'truth.parquet'}')"
    out = folder / "found.parquet"
    asked = {"file": str(file), "out": str(out), "mapping": dict(data.mapping)}
    made = run(PRODUCT, asked | {"id_column": data.id_column, "country": data.country}, folder)
    yield _row(data.name, data.title, "product", made, FOUND.format(out), truth) | {"mapping": dict(data.mapping)}
    plain = folder / "plain.parquet"
    asked = {"records": records, "columns": dict(data.script), "out": str(plain)}
    yield _row(data.name, data.title, "splink", run(SPLINK, asked, folder), f"from '{plain}'", truth)
    yield from _by_recordlinkage(data.name, data.title, records, dict(data.script), folder, truth)


def measure_demo(people: int, folder: Path) -> Iterator[Measure]:
    """The same of the demo's records, staged, with account ids and merges; truth is the demo's."""
    where = staged(people, folder)
    folder = folder / "demo"
    truth, title, name = STAGED_TRUTH.format(where), f"demo, {people:,} people", "demo"
    night, plain = folder / "night", folder / "plain.parquet"
    made = run(PRODUCT, first_night(where, night), folder)
    yield _row(name, title, "product", made, STAGED_FOUND.format(night), truth)
    records, columns = f"read_parquet('{where}/people.parquet')", measuring.people_columns()
    asked = {"records": records, "columns": columns, "out": str(plain)}
    yield _row(name, title, "splink", run(SPLINK, asked, folder), f"from '{plain}'", truth)
    yield from _by_recordlinkage(name, title, records, columns, folder, truth)


def _by_recordlinkage(
    name: str, title: str, records: str, columns: dict[str, str], folder: Path, truth: str
) -> Iterator[Measure]:
    """Nothing for sets too large for it, or where BENCH_RECORDLINKAGE_PYTHON names no interpreter."""
    python = measuring.recordlinkage_python()
    tidy = folder / "cleaned.csv"
    with duckdb.connect() as con:
        ((rows,),) = con.execute(f"select count(*) from {records}").fetchall()
        if python is None or rows > MOST_FOR_RECORDLINKAGE:
            return
        con.execute(f"copy ({cleaned(records, columns)}) to '{tidy}' (format csv, header)")
    out = folder / "recordlinkage.csv"
    made = run((python, str(HERE / "record_linkage.py")), {"records": str(tidy), "out": str(out)}, folder)
    yield _row(name, title, "recordlinkage", made, f"from read_csv('{out}', all_varchar = true)", truth)


def _row(name: str, title: str, who: str, made: Measure, found: str, truth: str) -> Measure:
    with duckdb.connect() as con:
        row = {"set": name, "title": title, "who": who, **made, "accuracy": score(con, found, truth)}
    got = row["accuracy"]
    print(
        f"  {title}, {who}: F1 {got['f1']:.4f} (P {got['precision']:.4f} R {got['recall']:.4f}), B-cubed "
        f"{got['b3_f1']:.4f}, {made['cpu_seconds']:.1f} s of processor",
        flush=True,
    )
    return row
