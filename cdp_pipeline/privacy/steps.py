"""Erasure as a step of the layer raw: it runs once everything has arrived, before any row is used.

What belongs here: its tables and the words on their columns. What does not: the work (erasure.py).
"""

from __future__ import annotations

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.privacy.erasure import erase
from cdp_pipeline.privacy.exemptions import check_kept
from cdp_pipeline.privacy.retention import check_retention
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.registry import outlasting
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.run.steps import Step, Table, described

_STAYS = {
    "anonymised": "What stays of the {table} of people who were erased: amounts and days, hashed ids, and nobody",
    "stops": "Stops that were recorded on erased people for an address or number that somebody else uses too",
}


def steps(project: Project) -> tuple[Step, ...]:
    """One step: raw.erased_rows, a table raw.erased_<table> of what stays, and raw.erasures."""
    problems: list[str] = []
    for check in (check_retention, check_kept):
        try:
            check(project)
        except ProjectError as error:
            problems += error.problems
    tables = [
        described("raw.erased_rows"),
        *(_remainder(table, contract) for table, contract in outlasting(project.contracts).items()),
        described("raw.erasures"),
    ]
    if problems:
        raise ProjectError(problems, tables)
    return (Step(tuple(tables), ("raw.arrivals",), erase, version="1", uses_exports=True),)


def _remainder(table: str, contract: Contract) -> Table:
    return Table(
        f"raw.erased_{table}",
        _STAYS[contract.when_erased].format(table=table.replace("_", " ")),
        {c: spec.description for c, spec in contract.columns.items()} | {"_delivered_at": "Delivery it comes from"},
        owner="privacy officer",
        grain=contract.grain,
        personal=frozenset(c for c, spec in contract.columns.items() if spec.sensitivity != "public"),
    )
