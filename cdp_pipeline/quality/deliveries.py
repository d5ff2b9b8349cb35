"""Checks on how each source delivers: on time, with the columns of before, with a usual number of rows.

What belongs here: those checks, written from `expect` in the YAML of the source, each with the owner of the
source. What does not: what a delivery is held against, which is the model reports.delivery_drift.
"""

from __future__ import annotations

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.project.shapes import Source
from cdp_pipeline.project.sql_model import Check

DRIFT = "reports.delivery_drift"


def delivery_checks(project: Project) -> tuple[Check, ...]:
    """Two checks a source, and a third for one that says how often it delivers; none without the model.

    A source that never delivered is not late: whether it has to be there is said by `required`.
    """
    if DRIFT not in project.models:
        return ()
    return tuple(check for name, source in project.sources.items() for check in _checks(name, source))


def _checks(name: str, source: Source) -> list[Check]:
    expect, times = source.expect, source.expect.rows_within
    mine = f"select * from {DRIFT} where source = {literal(name)}"
    checks = [
        Check(
            name=f"{name}_columns_as_before",
            asset=DRIFT,
            description=f"The newest delivery of {name} has the columns of those before it",
            sql=f"{mine} and is_new and (new_columns <> '' or gone_columns <> '')",
            reads=(DRIFT,),
            severity=expect.columns,
            owner=source.owner,
            fix=f"reports.delivery_drift names the columns: map a renamed one in 1_sources/{name}.yml, ask the owner about "
            "a gone one",
        ),
        Check(
            name=f"{name}_rows_as_usual",
            asset=DRIFT,
            description=f"The newest delivery of {name} has neither {times:g} times the usual rows nor a {times:g}th of them",
            sql=f"{mine} and is_new and (rows_now * {times} < rows_usually or rows_now > rows_usually * {times})",
            reads=(DRIFT,),
            severity=expect.rows,
            owner=source.owner,
            fix="Ask the owner whether the export is whole; a larger swing that is normal goes into rows_within of "
            f"1_sources/{name}.yml",
        ),
    ]
    if expect.every_hours:
        checks.append(
            Check(
                name=f"{name}_is_fresh",
                asset=DRIFT,
                description=f"{name} was delivered within {expect.every_hours} hours before the day of the run",
                sql=f"{mine} and hours_old > {expect.every_hours}",
                reads=(DRIFT,),
                severity=expect.late,
                owner=source.owner,
                fix="Ask the owner why the export did not come; when it comes, run again with the same --as-of",
            )
        )
    return checks
