"""The four tables of the layer segments, as steps.

What belongs here: which tables there are, what they read, and the words on their columns. What
does not: the SQL (memberships.py, history.py) and the rules (rules.py).
"""

from __future__ import annotations

import hashlib

import duckdb

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.project import Project
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, described
from cdp_pipeline.segments import history, memberships
from cdp_pipeline.segments.rules import Rule, audience_rules, check_rules, exclusive_rules, personal_columns

_EMPTY = {"previous.segments.memberships": memberships.COLUMNS, "previous.segments.history": history.COLUMNS}
_OLDER = "previous.profiles.suppressions"


def steps(project: Project) -> tuple[Step, ...]:
    """Steps of the layer segments, in order."""
    version = _version(project)
    previous = ("previous.segments.memberships", "previous.segments.history")
    people = ("profiles.customers", "profiles.suppressions")
    earlier = ("previous.profiles.customers", _OLDER, *previous)
    own = ("segments.memberships", "segments.history")
    return (
        Step((described("segments.memberships"),), (*people, *previous), _write_memberships, version, uses_as_of=True),
        Step(
            (described("segments.history"),),
            ("segments.memberships", *people, *earlier),
            _write_history,
            version,
            uses_as_of=True,
        ),
        Step((described("segments.sizes"),), (*own, *people), _write_sizes, version, uses_as_of=True),
        Step((described("segments.overlaps"),), ("segments.memberships",), _write_overlaps, version),
    )


def _write_memberships(run: Run) -> Outcome:
    with run.connect("profiles.customers", "profiles.suppressions", *_EMPTY, empty=_EMPTY) as con:
        columns = _columns(con, "profiles.customers")
        problems = check_rules(run.project, columns)
        if problems:
            raise ProjectError(problems)
        exclusive, audiences = _rules(run.project, columns)
        _refuse_wrong_types(con, run.project, exclusive, audiences)
        select = memberships.memberships_sql(run.project, exclusive, audiences)
        rows = run.write(con, "segments.memberships", select, described("segments.memberships").grain)
    return {"segments.memberships": {"memberships": rows, "audiences": len(audiences)}}


def _write_history(run: Run) -> Outcome:
    tables = ("profiles.customers", "profiles.suppressions", "previous.profiles.customers", "segments.memberships")
    empty = _EMPTY | {_OLDER: memberships.SUPPRESSIONS}
    with run.connect(*tables, *empty, empty=empty) as con:
        columns = _columns(con, "profiles.customers")
        previous = _columns(con, "previous.profiles.customers")
        exclusive, audiences = _rules(run.project, columns)
        personal = personal_columns(run.project)
        select = history.history_sql(run.project, exclusive, audiences, previous, columns, personal)
        run.write(con, "segments.history", select, described("segments.history").grain)
    with run.connect("segments.history") as con:
        counts = con.execute(
            f"select event, count(*) from {'segments.history'} "
            "where as_of = (select as_of from config.run) group by event order by event"
        ).fetchall()
    return {"segments.history": {str(event): int(people) for event, people in counts}}


def _write_sizes(run: Run) -> Outcome:
    tables = ("segments.memberships", "segments.history", "profiles.customers", "profiles.suppressions")
    with run.connect(*tables) as con:
        exclusive, audiences = _rules(run.project, _columns(con, "profiles.customers"))
        rows = run.write(
            con,
            "segments.sizes",
            history.sizes_sql(run.project, exclusive, audiences),
            described("segments.sizes").grain,
        )
    with run.connect("segments.sizes") as con:
        sizes = con.execute(f"select segment, people from {'segments.sizes'} order by all").fetchall()
    return {"segments.sizes": {"segments": rows, **{str(segment): int(people) for segment, people in sizes}}}


def _write_overlaps(run: Run) -> Outcome:
    with run.connect("segments.memberships") as con:
        rows = run.write(con, "segments.overlaps", history.overlaps_sql(), described("segments.overlaps").grain)
    return {"segments.overlaps": {"pairs": rows}}


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in con.execute(f"describe {table}").fetchall()}


def _rules(project: Project, columns: dict[str, str]) -> tuple[list[Rule], list[Rule]]:
    return exclusive_rules(project, columns)[0], audience_rules(project, columns)[0]


def _refuse_wrong_types(
    con: duckdb.DuckDBPyConnection, project: Project, exclusive: list[Rule], audiences: list[Rule]
) -> None:
    """Let DuckDB try every rule by itself on an empty person, so that a wrong type is told with its file."""
    plain = "(select c.*, r.as_of from profiles.customers c cross join config.run r)"
    problems: list[str] = []
    for rule in exclusive:
        problems += _binding_problem(con, rule, plain)
    if not problems:
        for rule in audiences:
            problems += _binding_problem(con, rule, f"({memberships.labelled(project, exclusive)})")
    if problems:
        raise ProjectError(problems)


def _binding_problem(con: duckdb.DuckDBPyConnection, rule: Rule, table: str) -> list[str]:
    try:
        one = f"(select * from (select 1) left join (select * from {table} limit 0) on true)"
        con.execute(f"select {rule.condition.sql} from {one}").fetchall()
    except (duckdb.BinderException, duckdb.ConversionException):
        columns = ", ".join(rule.condition.columns)
        return [f"{rule.place}: the types do not fit: {rule.condition.sql} (columns: {columns})"]
    return []


def _version(project: Project) -> str:
    shapes = [*sorted(project.segmentations.items()), *sorted(project.audiences.items())]
    text = "\n".join(f"{name} {shape.model_dump_json()}" for name, shape in shapes)
    counts = sorted(column for theme in project.themes for column in theme.counts)
    return hashlib.sha256(f"segments 3\n{text}\n{sorted(personal_columns(project))}\n{counts}".encode()).hexdigest()
