"""Laws of conservation over random deliveries: no row and no cent is lost, whatever comes, in whatever files.

What belongs here: random exports of small shops, the product's own reading and staging of them, an oracle
in plain Python, and one row of a published state changed at a time. What does not: the laws
(dbt_like_sql/checks and quality/laws.py), and what each says about made-up rows (models/*.yml).

Cells are drawn from few values on purpose: amounts, keys and days have to collide.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from pyarrow import parquet

from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.project.shapes import Source
from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.quality.candidate import evaluate_candidate
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline.run.steps import Step
from cdp_pipeline_tests.acceptance.published import cdp, look_at, rewrite, run_command
from cdp_pipeline_tests.trust.figure import Figure

SQL = Path(__file__).parents[2] / "dbt_like_sql"
COLUMNS = ("number", "mail", "placed", "changed", "currency", "total", "refund", "note")
SHOP = {
    "description": "Orders of small shops",
    "owner": "shop",
    "files": "*.csv",
    "system": "shop",
    "legal_basis": "contract",
    "prepare": "select *, if(coalesce(number, '') like '%none', 'note', 'order') as row_kind from file",
    "kinds": "row_kind",
    "continuation": "row_kind = 'note'",
    "into": {
        "orders": {
            "where": "row_kind = 'order'",
            "drop": {"test_order": "mail like 'test%'"},
            "columns": {
                "order_id": "number", "record_id": "mail", "ordered_at": "placed", "updated_at": "changed",
                "currency": "currency", "total_amount": "total", "refunded_amount": "refund",
            },
        },
        "people": {"filled": "email", "columns": {"record_id": "mail", "email": "mail"}},
    },
}  # fmt: skip
STAGED = ("orders", "people")
LAWS = (
    "raw_holds_what_was_loaded", "lines_reconcile", "every_file_is_accounted_for", "rows_reconcile",
    "ledger_counts_every_row", "staging_orders_grain_is_unique", "staging_people_grain_is_unique",
    "staging_reconciliation_grain_is_unique", "order_facts_add_up",
)  # fmt: skip
DELIVERED = 1_780_000_000
Row = dict[str, str]
Files = dict[str, list[Row]]
Orders = Mapping[str, tuple[str, Decimal, Decimal | None]]

_ROW = st.fixed_dictionaries({
    "number": st.sampled_from(["1", "2", "3", "none", ""]),
    "mail": st.sampled_from(["a", "b", "test", ""]),
    "placed": st.sampled_from(["2026-05-01 10:00:00", "2026-05-02 10:00:00", "no day", ""]),
    "changed": st.sampled_from(["2026-05-03 10:00:00", "2026-05-04 10:00:00", ""]),
    "currency": st.sampled_from(["EUR", "EUR", "GBP", "Euro"]),
    "total": st.sampled_from(["10", "10.00", "0.1", "0.2", "-5", "ten"]),
    "refund": st.sampled_from(["", "", "0.1", "10", "-1"]),
})  # fmt: skip
_SHOP = st.lists(st.lists(_ROW, min_size=1, max_size=5), min_size=1, max_size=3)
_SHOPS = st.lists(_SHOP, min_size=6, max_size=12)


# ---- shops and their files -------------------------------------------------------------------


def files_of(shops: Iterable[Iterable[Sequence[Row]]]) -> Files:
    """Export files of several shops; keys and addresses tell the shops apart, a note makes every file unique."""
    files: Files = {}
    for shop, deliveries in enumerate(shops):
        for number, rows in enumerate(deliveries):
            name = f"shop{shop}-{number}.csv"
            files[name] = [
                row
                | {
                    "number": f"{shop}-{row['number']}" if row["number"] else "",
                    "mail": f"{row['mail']}{shop}@mail.example" if row["mail"] else "",
                    "note": name,
                }
                for row in rows
            ]
    return files


def write(folder: Path, files: Files) -> None:
    """The files on disk, in the order given, all of the same age."""
    folder.mkdir(parents=True)
    for name, rows in files.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        os.utime(folder / name, (DELIVERED, DELIVERED))


# ---- an oracle: which orders stay, in plain Python --------------------------------------------


def expected_orders(files: Files) -> Orders:
    """Currency, total and refund of every order that has to be staged: of its good rows the newest."""
    best: dict[str, tuple[tuple[str, str, str, int], Row]] = {}
    for name, rows in files.items():
        for line, row in enumerate(rows):
            if fate(row) == "good":
                rank = (row["changed"], row["placed"], name, line)
                if row["number"] not in best or best[row["number"]][0] < rank:
                    best[row["number"]] = (rank, row)
    return {
        number: (row["currency"], Decimal(row["total"]), Decimal(row["refund"]) if row["refund"] else None)
        for number, (_, row) in best.items()
    }


def fate(row: Row) -> str:
    """What has to become of a row for the table of orders; of several good ones of an order one is used."""
    if row["number"].endswith("none"):
        return "not_mapped"
    if row["mail"].startswith("test"):
        return "dropped"
    is_bad = not row["number"] or row["placed"] in ("", "no day") or row["currency"] == "Euro"
    return "quarantined" if is_bad or row["total"] == "ten" or row["refund"] == "-1" else "good"


# ---- the product -----------------------------------------------------------------------------


@cache
def product() -> tuple[Project, tuple[Step, ...], tuple[Check, ...]]:
    """The project with these shops as its only source, its steps from files to order facts, and the laws on them."""
    whole = read_project(SQL)
    contracts = {name: contract.model_copy(update={"max_bad_share": 1.0}) for name, contract in whole.contracts.items()}
    project = replace(whole, sources={"shop": Source.model_validate(SHOP)}, contracts=contracts)
    pipeline = build_pipeline(project)
    steps = [s for s in pipeline.steps if s.tables[0].layer in {"raw", "staging", "quarantine"}]
    steps += [s for s in pipeline.steps if "profiles.order_facts" in s.names]
    return project, tuple(steps), tuple(check for check in pipeline.checks if check.name in LAWS)


@dataclass
class World:
    """Where deliveries are run, each in a folder of its own; what no delivery feeds is made once and linked."""

    folder: Path
    runs: int = 0
    tried: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)

    def deliver(self, files: Files) -> Run:
        """Read, staged and counted by the product."""
        self.runs += 1
        data = self.folder / f"{self.runs:06}"
        write(data / "exports", files)
        project, steps, _ = product()
        run = Run(project, data / "exports", data, date(2026, 6, 30), "run", b"a key of these proofs")
        template = self.folder / "template"
        if template.exists():
            shutil.copytree(template, run.folder, copy_function=os.link)
        _persons(run, files)
        for step in steps:
            if not (template.exists() and _is_fed_by_nothing(step)):
                step.run(run)
        if not template.exists():
            shutil.copytree(run.folder, template, ignore=lambda folder, names: [n for n in names if _is_fed(folder, n)])
        return run

    def law(self, name: str, shops: int, holds: bool) -> None:
        """Note down how often a law was tried; hypothesis makes the example smaller when it does not hold."""
        self.tried[name] += shops
        if not holds:
            self.broken[name] = max(1, self.broken[name])
        assert holds, name

    def forget(self, *runs: Run) -> None:
        for run in runs:
            shutil.rmtree(run.data)


def _is_fed_by_nothing(step: Step) -> bool:
    layer, _, table = step.names[0].partition(".")
    return layer == "staging" and table not in (*STAGED, "reconciliation")


def _is_fed(folder: str, name: str) -> bool:
    path = Path(folder, name)
    if path.suffix != ".parquet":
        return name not in ("staging", "quarantine")
    return path.stem in (*STAGED, "reconciliation", "lines", "unused_lines") or path.parent.name not in (
        "staging",
        "quarantine",
    )


def _persons(run: Run, files: Files) -> None:
    """Every address is a person: identity itself is no matter of these laws."""
    mails = sorted({row["mail"] for rows in files.values() for row in rows if row["mail"]}) or ["nobody"]
    with run.connect() as con:
        con.execute("create table mails as select unnest($1::varchar[]) as mail", [mails])
        select = (
            "select 'shop' as source, mail as record_id, 'P' || mail as person_id, 1.0::double as confidence from mails"
        )
        run.write(con, "identity.person_records", select, ["record_id"])


def table(run: Run, name: str, columns: str) -> list[tuple[object, ...]]:
    """Rows of a table in their order."""
    with run.connect(name) as con:
        return con.execute(f"select {columns} from {name} order by all").fetchall()


ORDER = "order_id, record_id, ordered_at, updated_at, currency, total_amount, refunded_amount"


# ---- laws ------------------------------------------------------------------------------------


def conserves(run: Run, files: Files) -> bool:
    """Every check holds, the orders are those of the oracle to the cent, and every row has its fate."""
    if not all(verdict.passed for verdict in evaluate(run, product()[2]).values()):
        return False
    staged = table(run, "staging.orders", "order_id, currency, total_amount, refunded_amount")
    if {str(number): rest for number, *rest in staged} != {n: list(o) for n, o in expected_orders(files).items()}:
        return False
    counted = table(
        run, "staging.reconciliation",
        "table_name, rows_read, rows_not_mapped, rows_dropped, rows_quarantined, rows_staged + rows_superseded",
    )  # fmt: skip
    fates = Counter(fate(row) for rows in files.values() for row in rows)
    found = [sum(int(str(row[column])) for row in counted if row[0] == "orders") for column in range(1, 6)]
    return found == [fates.total(), *(fates[f] for f in ("not_mapped", "dropped", "quarantined", "good"))]


def conservation(world: World, shops: list[list[list[Row]]]) -> None:
    files = files_of(shops)
    run = world.deliver(files)
    holds = conserves(run, files)
    world.forget(run)
    world.law("conservation", len(shops), holds)


def redelivery(world: World, shops: list[list[list[Row]]]) -> None:
    files = files_of(shops)
    again = files | {f"z-again-{name}": rows for name, rows in files.items()}
    _pair(world, "redelivery", len(shops), files, again, "*")


def order_of_files(world: World, shops: list[list[list[Row]]]) -> None:
    files = files_of(shops)
    _pair(world, "file order", len(shops), files, dict(reversed(files.items())), "*")


def split(world: World, shops: list[list[list[Row]]]) -> None:
    files = files_of(shops)
    parts = {
        f"{name.removesuffix('.csv')}-{number}.csv": [row | {"note": f"{name} {number}"} for row in part]
        for name, rows in files.items()
        for number, part in enumerate((rows[: len(rows) // 2], rows[len(rows) // 2 :]))
        if part
    }
    _pair(world, "split", len(shops), files, parts, ORDER)


def monotonic(world: World, shops: list[list[list[Row]]]) -> None:
    """What is delivered more is there more: nothing else comes, goes or changes."""
    files = files_of(shops)
    more = {
        "new.csv": [
            row | {"number": f"new-{number}", "note": "new"} for number, row in enumerate(next(iter(files.values())))
        ]
    }
    before, after = world.deliver(files), world.deliver(files | more)
    old, new = (set(table(run, "staging.orders", ORDER)) for run in (before, after))
    holds = old <= new and len(new - old) == len(expected_orders(more)) and conserves(after, files | more)
    world.forget(before, after)
    world.law("monotonic", len(shops), holds)


def _pair(world: World, law: str, shops: int, files: Files, others: Files, columns: str) -> None:
    """Two deliveries that have to give the same orders, and the same order facts."""
    one, other = world.deliver(files), world.deliver(others)
    holds = all(
        table(one, name, said) == table(other, name, said)
        for name, said in (("staging.orders", columns), ("profiles.order_facts", "*"))
    ) and all(verdict.passed for verdict in evaluate(other, product()[2]).values())
    world.forget(one, other)
    world.law(law, shops, holds)


PROPERTIES: Mapping[str, Callable[[World, list[list[list[Row]]]], None]] = {
    "conservation": conservation,
    "redelivery": redelivery,
    "file order": order_of_files,
    "split": split,
    "monotonic": monotonic,
}
_PROMISES = {
    "conservation": "Every row and every cent is accounted for, as an oracle in plain Python has it",
    "redelivery": "Files delivered again change nothing",
    "file order": "The order in which files came onto the disk changes nothing",
    "split": "Rows in one file or in two give the same orders",
    "monotonic": "More rows add what they hold, and change nothing else",
}


def measure(folder: Path, long: bool) -> list[Figure]:
    """A figure for each law, and one for rows changed behind its back; CDP_LAWS says how many examples (long: 150)."""
    examples = int(os.environ.get("CDP_LAWS", "150")) if long else 2
    figures = random_deliveries(folder, examples)
    return [*figures, *changed_rows(_published(folder))] if long else figures


def random_deliveries(folder: Path, examples: int) -> list[Figure]:
    """Hypothesis examples of six to twelve shops each, for every law."""
    world = World(folder / "shops")
    shutil.rmtree(world.folder, ignore_errors=True)
    world.folder.mkdir(parents=True)
    world.deliver({"shop0-0.csv": [dict.fromkeys(COLUMNS, "")]})
    for name, law in PROPERTIES.items():
        try:
            _search(world, law, examples)
        except AssertionError:
            world.broken[name] = 1
    return [
        Figure(words, world.tried[name], world.broken[name], f"random shops, in {examples} hypothesis examples")
        for name, words in _PROMISES.items()
    ]


def _search(world: World, law: Callable[[World, list[list[list[Row]]]], None], examples: int) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

    @seed(7)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=checks)
    @given(_SHOPS)
    def holds(shops: list[list[list[Row]]]) -> None:
        law(world, shops)

    holds()


# ---- one row changed in a published state -----------------------------------------------------

CHANGES = {
    "removed": "select * exclude (_n) from (select *, row_number() over () as _n from rows) where _n > 1",
    "doubled": "from rows union all (from rows limit 1)",
    "altered": "select * exclude (_n) replace ({cells}) from (select *, row_number() over () as _n from rows)",
}


def changed_rows(run: Run, kinds: Collection[str] = tuple(CHANGES)) -> list[Figure]:
    """One row of every table removed, doubled or altered at a time: does a check say so before publication?"""
    pipeline = build_pipeline(run.project)
    last = [check for check in pipeline.candidate_checks if check.name == "tables_are_as_made"]
    tried = unnoticed = by_law = 0
    for name in sorted(run.manifest().tables):
        laws = [check for check in pipeline.checks if name in check.reads] if len(kinds) == len(CHANGES) else []
        for path, sql in _changes(run, name, kinds):
            intact = path.read_bytes()
            try:
                rewrite(path, sql)
                noticed = any(not verdict.passed for verdict in evaluate(run, laws).values()) if laws else False
                is_other = not evaluate_candidate(run, last)["tables_are_as_made"].passed
            finally:
                path.unlink()
                path.write_bytes(intact)
            tried, unnoticed, by_law = tried + 1, unnoticed + (not (noticed or is_other)), by_law + noticed
    words = f"one row of every table {', '.join(kinds)}; {by_law} noticed by a law in SQL, all others by digests"
    return [Figure("A row changed after it was made stops the publication", tried, unnoticed, words)]


def _changes(run: Run, name: str, kinds: Collection[str]) -> Iterator[tuple[Path, str]]:
    """File and SELECT of each change to a table that has rows; of a raw table its largest part."""
    path = run.path(name)
    if path.is_dir():
        path = max(path.glob("*.parquet"), key=lambda part: (parquet.read_metadata(part).num_rows, part.name))
    if parquet.read_metadata(path).num_rows:
        column = next(iter(parquet.read_schema(path).names))
        value = f'case when _n = 1 then null else "{column}" end as "{column}"'
        for kind in kinds:
            yield path, CHANGES[kind].format(cells=value)


def _published(folder: Path) -> Run:
    """The published state of a small invented customer base."""
    exports, data = folder / "exports", folder / "data"
    if not (data / "current").exists():
        for words in (["demo", "--people", "300", "--out", exports], run_command(exports, data)):
            done = cdp(*words)
            assert done.returncode == 0, done.stderr
    snapshot = published_snapshot(data)
    assert snapshot
    return look_at(snapshot)
