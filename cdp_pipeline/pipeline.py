"""The pipeline as data: every stage in order, every step and check of a project.

What belongs here: putting the stages together and refusing what does not fit together. What does
not: Dagster (definitions.py) and the steps themselves (each stage's steps.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from graphlib import CycleError, TopologicalSorter

from cdp_pipeline.activation import steps as activation
from cdp_pipeline.activation.destinations import check_destinations
from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.identity import steps as identity
from cdp_pipeline.privacy import corrections, restriction
from cdp_pipeline.privacy import steps as privacy
from cdp_pipeline.profiles import steps as profiles
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.sql_model import Check, Model
from cdp_pipeline.quality.candidate import candidate_checks
from cdp_pipeline.quality.deliveries import delivery_checks
from cdp_pipeline.quality.laws import laws
from cdp_pipeline.quality.suite import mistakes
from cdp_pipeline.reports import steps as reports
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Numbers
from cdp_pipeline.run.steps import Step, Table
from cdp_pipeline.segments import steps as segments
from cdp_pipeline.segments.rules import check_rules
from cdp_pipeline.sources import steps as sources
from cdp_pipeline.staging import steps as staging

_MARK = re.compile(r"^\[\w+\] *")  # marks for the engine, such as [zero], are no words for people
STAGES = (sources, privacy, corrections, staging, identity, restriction, profiles, segments, activation, reports)


@dataclass(frozen=True)
class Pipeline:
    """Steps in an order in which they can run, the checks on their tables, and those on the run as a whole."""

    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    candidate_checks: tuple[Check, ...] = ()

    @property
    def tables(self) -> Mapping[str, Table]:
        return {table.name: table for step in self.steps for table in step.tables}

    def leaves(self) -> list[str]:
        """Tables that no step reads: publication waits for these, and so for everything."""
        read = {name for step in self.steps for name in step.inputs}
        return sorted(set(self.tables) - read)

    def checks_of(self, step: Step) -> list[Check]:
        """The checks that need no other table than the step's own, so that the step can run them itself."""
        return [check for check in self.checks if set(check.reads) - {"config.run"} <= set(step.names)]

    def checks_across(self) -> dict[str, list[Check]]:
        """All other checks, by the table that carries them."""
        own = {check.name for step in self.steps for check in self.checks_of(step)}
        across: dict[str, list[Check]] = {}
        for check in self.checks:
            if check.name not in own:
                across.setdefault(check.asset, []).append(check)
        return across

    def blocking(self) -> list[str]:
        """Checks without which nothing is published."""
        return [check.name for check in (*self.checks, *self.candidate_checks) if check.severity == "error"]


def build_pipeline(project: Project) -> Pipeline:
    """All steps and checks of a project; raises ProjectError with the mistakes of every stage at once."""
    pipeline, _, problems = assemble(project)
    if pipeline is None:
        raise ProjectError(problems)
    return pipeline


def assemble(project: Project) -> tuple[Pipeline | None, tuple[Table, ...], list[str]]:
    """All steps and checks of a project, None when something does not fit; the tables that could be made of it; problems."""
    problems: list[str] = []
    unordered = [_model_step(model) for model in project.models.values()]
    made_anyway: list[Table] = []
    for stage in STAGES:
        try:
            unordered += stage.steps(project)
        except ProjectError as error:
            problems += error.problems
            made_anyway += error.tables
    tables = {table.name: table for table in (*made_anyway, *(table for step in unordered for table in step.tables))}
    problems += _unknown_tables(unordered, tables, project)
    if "profiles.customers" in tables:
        facts = tables["profiles.customers"].columns
        problems += [*check_rules(project, facts), *check_destinations(project, facts)]
    if problems:
        return None, tuple(tables.values()), problems
    try:
        steps = _labelled(_in_order(unordered))
    except ProjectError as error:
        return None, tuple(tables.values()), list(error.problems)
    checks = [
        *sources.checks(project),
        *staging.checks(project),
        *laws(project),
        *delivery_checks(project),
        *_table_checks({table.name: table for step in steps for table in step.tables}, project),
        *project.checks.values(),
    ]
    last = candidate_checks(project)
    tables = {table.name: table for step in steps for table in step.tables}
    if problems := [
        *_misplaced_checks(checks, steps, project),
        *_repeated([*checks, *last]),
        *mistakes(project, tables),
    ]:
        return None, tuple(tables.values()), problems
    pipeline = Pipeline(steps, tuple(sorted(checks, key=lambda check: (check.asset, check.name))), last)
    return pipeline, tuple(tables.values()), []


def _model_step(model: Model) -> Step:
    table = Table(
        name=model.name,
        description=model.description,
        columns={name: _MARK.sub("", words) for name, words in model.columns.items()},
        owner=model.owner,
        grain=model.grain,
        kinds=("duckdb", "parquet", "sql"),
        personal=model.personal,
        sql=model.sql,
    )
    return Step((table,), model.inputs, partial(_run_model, model=model), model.version, uses_as_of=model.uses_as_of)


def _run_model(run: Run, model: Model) -> dict[str, Numbers]:
    with run.connect(*model.inputs, empty=model.empty) as con:
        run.write(con, model.name, model.sql.rstrip().rstrip(";"), model.grain)
    return {}


def _labelled(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same steps; a column that a model takes by its name from a table that labels it is personal there too.

    So a model need not repeat the label, and a name shared by chance with a table it does not read means nothing.
    """
    personal: dict[str, frozenset[str]] = {}
    labelled = []
    for step in steps:
        above = frozenset[str]().union(*(personal.get(read, frozenset()) for read in step.inputs))
        tables = tuple(
            replace(table, personal=table.personal | (above & set(table.columns))) if table.sql else table
            for table in step.tables
        )
        personal |= {table.name: table.personal for table in tables}
        labelled.append(replace(step, tables=tables))
    return tuple(labelled)


def _unknown_tables(steps: list[Step], tables: Collection[str], project: Project) -> list[str]:
    problems = []
    for step in steps:
        model = project.models.get(step.names[0])
        where = model.path if model else step.names[0]
        for read in step.reads:
            if read.removeprefix("previous.") not in tables:
                problems.append(f"{where}: reads {read}, which nothing makes{nearest(read, tables)}")
    for check in project.checks.values():
        for name in (check.asset, *(r for r in check.reads if r != "config.run")):
            if name.removeprefix("previous.") not in tables:
                problems.append(
                    f"{project.folder}/checks/{check.name}.sql: {name}: nothing makes this table{nearest(name, tables)}"
                )
    return problems


def _in_order(steps: list[Step]) -> tuple[Step, ...]:
    maker = {name: step for step in steps for name in step.names}
    graph = {step.names[0]: {maker[read].names[0] for read in step.inputs} for step in steps}
    try:
        return tuple(maker[name] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ProjectError(f"tables read each other in a circle: {' → '.join(error.args[1])}") from None


def _table_checks(tables: Mapping[str, Table], project: Project) -> list[Check]:
    checks = []
    for table in tables.values():
        if table.grain:
            grain = ", ".join(table.grain)
            checks.append(
                Check(
                    name=f"{table.name.replace('.', '_')}_grain_is_unique",
                    asset=table.name,
                    description=f"One row per {grain}",
                    sql=f"select count(*) as copies from {table.name} group by {grain} having count(*) > 1",
                    reads=(table.name,),
                    owner=table.owner,
                    fix="Two rows share a key: see what the table is made from",
                )
            )
        for number, condition in enumerate(
            project.models[table.name].conditions if table.name in project.models else (), 1
        ):
            checks.append(
                Check(
                    name=f"{table.name.replace('.', '_')}_condition_{number}",
                    asset=table.name,
                    description=f"Every row meets: {condition}",
                    sql=f"select 1 as broken from {table.name} where not ({condition})",
                    reads=(table.name,),
                    owner=table.owner,
                    fix=f"See {project.models[table.name].path.name}",
                )
            )
    return checks


def _repeated(checks: list[Check]) -> list[str]:
    """A verdict is kept by the name of its check, so no name may stand twice."""
    times = Counter(check.name for check in checks)
    return [f"{number} checks are called {name}: give one another name" for name, number in times.items() if number > 1]


def _misplaced_checks(checks: list[Check], steps: tuple[Step, ...], project: Project) -> list[str]:
    """A blocking check is carried by the last of its tables; anything else would wait for itself."""
    maker = {name: step for step in steps for name in step.names}
    after: dict[str, set[str]] = {}
    for step in steps:
        above = {a for read in step.inputs for a in (after[read] | set(maker[read].names))}
        after.update(dict.fromkeys(step.names, above))
    return [
        f"{project.folder}/checks/{check.name}.sql: carried by {check.asset}, but reads {read}, "
        f"which is made from it: set asset: {read}"
        for check in checks
        for read in check.reads
        if read in after and check.asset in after[read] and read not in maker[check.asset].names
    ]
