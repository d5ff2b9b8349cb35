"""Running one check: how many rows break it.

What belongs here: evaluating checks on the tables of a run or snapshot. What does not: the rules,
which are SQL files and contracts, and telling Dagster (assets.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdp_pipeline.project.sql_model import Check
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Verdict


def evaluate(run: Run, checks: Sequence[Check]) -> dict[str, Verdict]:
    """Count the failing rows of each check on the tables of `run`, by the name of the check.

    A verdict holds a count and no row: what a failing row says may be about a person.
    """
    tables = {check.name: [name for name in check.reads if name != "config.run"] for check in checks}
    entries = run.manifest().tables
    verdicts = {}
    with run.connect(*sorted({name for names in tables.values() for name in names})) as con:
        for check in checks:
            failing = con.execute(f"select count(*)::bigint from ({check.sql.rstrip().rstrip(';')})").fetchall()[0][0]
            digests = {name: entries[name].digest for name in tables[check.name] if name in entries}
            verdicts[check.name] = verdict_of(check, failing == 0, failing, digests)
    return verdicts


def verdict_of(check: Check, passed: bool, failing_rows: int, inputs: Mapping[str, str]) -> Verdict:
    """What a check came to, with its words: whose it is and what mends it."""
    return Verdict(
        passed=passed,
        is_blocking=check.severity == "error",
        failing_rows=failing_rows,
        inputs=inputs,
        asset=check.asset,
        description=check.description,
        owner=check.owner,
        fix=check.fix,
    )
