"""How long rows are kept: lines older than project.yml allows are taken out of raw as those of erased people are.

What belongs here: which lines have outlived their time. What does not: taking them out (scrub.py), and files
that left the drop zone (`keep_parts_days`).

    retention: {events: 800, tickets: 1100, quarantine: 30}      days, by core table

The age of a row is told by `newest_by` of its contract. A line goes when every row that is made of it has
outlived its time; one that also feeds a table which is kept longer stays in raw, but staging does not use it for
this one. `quarantine` is for lines that a reader set aside; their age is that of the delivery.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import duckdb

from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.registry import status_column
from cdp_pipeline.run.lake import Run
from cdp_pipeline.staging.mapping import candidates, open_source

QUARANTINE = "quarantine"


def check_retention(project: Project) -> None:
    """Raises ProjectError with every table of `retention` that does not exist, has no time, or must stay."""
    problems = []
    for table in project.settings.retention:
        contract = project.contracts.get(table)
        where = f"{project.folder}/project.yml: retention: {table}"
        if table == QUARANTINE:
            continue
        if contract is None:
            problems.append(f"{where}: no such core table{nearest(table, [*project.contracts, QUARANTINE])}")
        elif status_column(contract):
            problems.append(f"{where}: {table} are kept for ever: a withdrawal must not expire")
        elif not contract.newest_by:
            problems.append(f"{where}: 2_staging/{table}.yml has no newest_by, so nothing tells how old a row is")
    if problems:
        raise ProjectError(problems)


def cutoffs(run: Run) -> Mapping[str, date]:
    """Table -> the first day that is kept."""
    return {table: run.as_of - timedelta(days=days) for table, days in sorted(run.project.settings.retention.items())}


def feeding(run: Run) -> Sequence[str]:
    """Sources that feed a table with a retention."""
    limited = set(run.project.settings.retention)
    return [name for name, source in run.project.sources.items() if limited & set(source.into)]


def add_outlived(run: Run, con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Add to `gone` the lines of a source whose every row has outlived its time."""
    first_days, source = cutoffs(run), run.project.sources[name]
    if not set(first_days) & set(source.into) or not open_source(run, con, name, source):
        return
    con.execute("create or replace temp table ages (_file varchar, _line bigint, is_old boolean)")
    for table, mappings in source.into.items():
        contract = run.project.contracts[table]
        for ordinal, mapping in enumerate(mappings):
            select = candidates(name, run.project.system(name), source, mapping, ordinal, contract, run.as_of)
            age = f"coalesce({', '.join(contract.newest_by)}, null)" if contract.newest_by else "null"
            is_old = f"coalesce({age} < date '{first_days[table]}', false)" if table in first_days else "false"
            con.execute(
                f"insert into ages select _file, _line, {is_old} from ({select}) "
                "where _outcome <> 'not_mapped' and (_is_state or _outcome <> 'empty')"
            )
    con.execute(f"""insert into gone
        select '{name}', _file, _line, '' from ages
        anti join (select _file, _line from gone where source_name = '{name}') known using (_file, _line)
        group by _file, _line having bool_and(is_old)""")
