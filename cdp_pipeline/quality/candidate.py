"""The last checks: on the run as a whole, when its warehouse is built and before it is published.

What belongs here: which they are, and evaluating them. What does not: checks on tables, which are SQL
(checks.py), mistakes in the suite (suite.py), and the library behind it (expectations.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.quality.checks import verdict_of
from cdp_pipeline.quality.expectations import ask
from cdp_pipeline.run.lake import Run, sha256
from cdp_pipeline.run.manifest import Verdict

CANDIDATE = "publish.warehouse_candidate"
WAREHOUSES = ("warehouse.duckdb", "warehouse_full.duckdb")


def candidate_checks(project: Project) -> tuple[Check, ...]:
    """The checks on what is about to be published; expectations only when project.yml has them."""
    whole = (
        Check(
            name="tables_are_as_made",
            asset=CANDIDATE,
            description="Every table holds the very bytes that its step wrote",
            owner="data team",
            fix="Something changed a file after it was made: roll back to the last snapshot and run again",
        ),
        Check(
            name="warehouses_hold_every_row",
            asset=CANDIDATE,
            description="Both warehouse files hold as many rows of every table as the run made",
            owner="data team",
            fix="A warehouse file is older than its tables; run again",
        ),
        Check(
            name="audience_files_are_as_made",
            asset=CANDIDATE,
            description="Every audience file is there and has the SHA-256 of its receipt",
            owner="privacy officer",
            fix="Do not deliver the file: it is not what the gates let through. Run again",
        ),
    )
    suite = project.expectations if project.settings.expectations else {}
    return whole + tuple(
        Check(
            name=name,
            asset=CANDIDATE,
            description=expectation.description,
            reads=(expectation.table,),
            severity=expectation.severity,
            owner=expectation.owner,
            fix=expectation.fix,
        )
        for name, expectation in suite.items()
    )


def evaluate_candidate(run: Run, checks: Sequence[Check]) -> dict[str, Verdict]:
    """What each of `candidate_checks` says about the folder of `run`, by its name.

    A verdict is void when a table it looked at is rebuilt.
    """
    digests = {name: entry.digest for name, entry in run.manifest().tables.items()}
    names = {check.name for check in checks}
    suite = {name: spec for name, spec in run.project.expectations.items() if name in names}
    answers = ask(run.folder / WAREHOUSES[1], suite) if suite else {}
    verdicts = {}
    for check in checks:
        failing = _WHOLE[check.name](run) if check.name in _WHOLE else 0
        passed = answers.get(check.name, failing == 0)
        digests_read = {name: digests[name] for name in check.reads or digests if name in digests}
        verdicts[check.name] = verdict_of(check, passed, failing, digests_read)
    return verdicts


def _altered_tables(run: Run) -> int:
    entries = run.manifest().tables
    return sum(not run.path(name).exists() or run.digest(name) != entry.digest for name, entry in entries.items())


def _miscounted_tables(run: Run) -> int:
    """Tables of which a warehouse file holds another number of rows; a missing file misses all."""
    expected = {name: entry.rows for name, entry in run.manifest().tables.items() if run.path(name).is_file()}
    wrong = 0
    for file in WAREHOUSES:
        present = _rows_in(run.folder / file)
        wrong += sum(present.get(name) != rows for name, rows in expected.items())
    return wrong


def _rows_in(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    with duckdb.connect(str(path.resolve()), read_only=True) as con:
        tables = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        return {str(name): int(con.execute(f"select count(*) from {name}").fetchall()[0][0]) for (name,) in tables}


def _altered_files(run: Run) -> int:
    with run.connect("activation.receipts") as con:
        receipts = con.execute("select file, sha256 from activation.receipts where file is not null").fetchall()
    return sum(not (path := run.folder / file).is_file() or sha256(path) != digest for file, digest in receipts)


_WHOLE: Mapping[str, Callable[[Run], int]] = {
    "tables_are_as_made": _altered_tables,
    "warehouses_hold_every_row": _miscounted_tables,
    "audience_files_are_as_made": _altered_files,
}
