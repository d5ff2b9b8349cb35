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
from cdp_pipeline.run.steps import Outcome, Step, Table
from cdp_pipeline.segments import history, memberships
from cdp_pipeline.segments.rules import Rule, audience_rules, check_rules, exclusive_rules, personal_columns

_EMPTY = {"previous.segments.memberships": memberships.COLUMNS, "previous.segments.history": history.COLUMNS}
_OLDER = "previous.profiles.suppressions"
_SEGMENT = {
    "segmentation": "Exclusive segmentation, or audience",
    "segment": "Segment inside the segmentation, or the name of the audience",
}
_MEMBERSHIPS = Table(
    "segments.memberships",
    "Who is in which segment now: one of each exclusive segmentation, and any number of audiences; who is left out by "
    "profiles.suppressions is in none that looks at behaviour",
    {
        "person_id": "The person",
        **_SEGMENT,
        "since": "Day from which the person is in it without a break, as far as runs have seen",
        "kind": "exclusive or audience",
    },
    owner="crm team",
    grain=("person_id", "segmentation", "segment"),
)
_HISTORY = Table(
    "segments.history",
    "Entries into and exits from segments; a day that is run again replaces its own rows",
    {
        "as_of": "Day of the run that saw the change",
        "person_id": "The person",
        **_SEGMENT,
        "event": "entered or left",
        "changed_fact": "Columns of the rule that changed, from what to what; personal values are not told",
        "since": "Day from which the membership that starts or ends counts",
        "kind": "exclusive or audience",
    },
    owner="crm team",
    grain=("as_of", "person_id", "segmentation", "segment"),
)
_SIZES = Table(
    "segments.sizes",
    "Size of every segment now and before this day; people = previous_people + entered - left",
    {
        **_SEGMENT,
        "kind": "exclusive or audience",
        "people": "People in it now",
        "previous_people": "People in it before this day",
        "entered": "People who came in on this day",
        "left": "People who went out on this day",
        "left_out": "People who meet the rule and are not in it: restricted, under age, or objecting to profiling",
        "unknown": "People of whom the rule cannot be told, because a count it needs is not known; they are not in it",
        "is_profiling": "Who objects to profiling is left out of it",
    },
    owner="crm team",
    grain=("segmentation", "segment"),
)
_OVERLAPS = Table(
    "segments.overlaps",
    "People who are in both of two segments; each pair once",
    {
        "segment_a": "First segment by name",
        "segment_b": "Second segment by name",
        "people": "People in both",
        "share_of_a": "Share of the first segment's people, 0 to 1",
        "share_of_b": "Share of the second segment's people, 0 to 1",
    },
    owner="crm team",
    grain=("segment_a", "segment_b"),
)


def steps(project: Project) -> tuple[Step, ...]:
    """Steps of the layer segments, in order."""
    version = _version(project)
    previous = ("previous.segments.memberships", "previous.segments.history")
    people = ("profiles.customers", "profiles.suppressions")
    earlier = ("previous.profiles.customers", _OLDER, *previous)
    own = ("segments.memberships", "segments.history")
    return (
        Step((_MEMBERSHIPS,), (*people, *previous), _write_memberships, version, uses_as_of=True),
        Step((_HISTORY,), ("segments.memberships", *people, *earlier), _write_history, version, uses_as_of=True),
        Step((_SIZES,), (*own, *people), _write_sizes, version, uses_as_of=True),
        Step((_OVERLAPS,), ("segments.memberships",), _write_overlaps, version),
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
        rows = run.write(con, _MEMBERSHIPS.name, select, _MEMBERSHIPS.grain)
    return {_MEMBERSHIPS.name: {"memberships": rows, "audiences": len(audiences)}}


def _write_history(run: Run) -> Outcome:
    tables = ("profiles.customers", "profiles.suppressions", "previous.profiles.customers", "segments.memberships")
    empty = _EMPTY | {_OLDER: memberships.SUPPRESSIONS}
    with run.connect(*tables, *empty, empty=empty) as con:
        columns = _columns(con, "profiles.customers")
        previous = _columns(con, "previous.profiles.customers")
        exclusive, audiences = _rules(run.project, columns)
        personal = personal_columns(run.project)
        select = history.history_sql(run.project, exclusive, audiences, previous, columns, personal)
        run.write(con, _HISTORY.name, select, _HISTORY.grain)
    with run.connect(_HISTORY.name) as con:
        counted = con.execute(
            f"select event, count(*) from {_HISTORY.name} "
            "where as_of = (select as_of from config.run) group by event order by event"
        ).fetchall()
    return {_HISTORY.name: {str(event): int(people) for event, people in counted}}


def _write_sizes(run: Run) -> Outcome:
    tables = ("segments.memberships", "segments.history", "profiles.customers", "profiles.suppressions")
    with run.connect(*tables) as con:
        exclusive, audiences = _rules(run.project, _columns(con, "profiles.customers"))
        rows = run.write(con, _SIZES.name, history.sizes_sql(run.project, exclusive, audiences), _SIZES.grain)
    with run.connect(_SIZES.name) as con:
        found = con.execute(f"select segment, people from {_SIZES.name} order by all").fetchall()
    return {_SIZES.name: {"segments": rows, **{str(segment): int(people) for segment, people in found}}}


def _write_overlaps(run: Run) -> Outcome:
    with run.connect("segments.memberships") as con:
        rows = run.write(con, _OVERLAPS.name, history.overlaps_sql(), _OVERLAPS.grain)
    return {_OVERLAPS.name: {"pairs": rows}}


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
