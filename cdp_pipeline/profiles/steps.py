"""The tables of the layer profiles that Python writes: golden_values, contacts and customers.

What belongs here: what they read, the words on their columns, and writing them. What does not: the
SQL (golden.py, customers.py), and the models of 4_profiles, which are steps by being there.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.profiles import customers, golden
from cdp_pipeline.project.project import Project, every_field
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, Table


def steps(project: Project) -> tuple[Step, ...]:
    """The steps of the layer; raises ProjectError when survivorship.yml or a theme does not fit."""
    themes, people = project.themes, project.contracts.get("people")
    path = project.folder / "4_profiles" / "survivorship.yml"
    problems = golden.mistakes(path, project.survivorship, people) if people else []
    problems += customers.mistakes(themes, golden.fields(project.survivorship))
    sound = replace(project, survivorship=every_field(people)) if problems else project
    steps_made = (_golden_values(sound), _contacts(sound), _customers(sound))
    if problems:
        raise ProjectError(problems, [table for step in steps_made for table in step.tables])
    return steps_made


def _golden_values(project: Project) -> Step:
    sql = golden.golden_values_sql(project.survivorship)
    table = Table(
        "profiles.golden_values",
        "For each field of a person: the value that won, the record it comes from, the rule, and what lost",
        {
            "person_id": "Person",
            "field": "Field of the contact",
            "value": "Value that won",
            "source": "System of the winning record, or correction",
            "record_id": "Winning record; of a correction, the corrected one as system:record",
            "rule": "Rule of survivorship.yml that decided, or correction",
            "candidates": "Records that could have given it",
            "losing_values": "Each other value once, with its best record, best first",
            "_file": "Export file of the winning record",
            "_line": "Line in that file where it starts",
        },
        owner="data team",
        grain=("person_id", "field"),
        personal=frozenset({"value", "record_id", "losing_values"}),
    )

    def run(run: Run) -> Outcome:
        with run.connect(*reads) as con:
            rows = run.write(con, table.name, sql, table.grain)
        with run.connect(table.name) as con:
            contested = con.execute(f"select count(*) from {table.name} where len(losing_values) > 0").fetchall()
        return {table.name: {"values": rows, "contested": int(contested[0][0])}}

    reads = ("staging.people", "staging.corrections", "identity.person_records", "identity.records")
    return Step((table,), reads, run, _digest(sql))


def _contacts(project: Project) -> Step:
    sql = golden.contacts_sql(project.survivorship)
    table = Table(
        "profiles.contacts",
        "The golden contact of every person",
        {"person_id": "Person", **_words(project)},
        owner="data team",
        grain=("person_id",),
        personal=_personal(project),
        lineage=dict.fromkeys(golden.fields(project.survivorship), ("profiles.golden_values.value",)),
    )

    def run(run: Run) -> Outcome:
        with run.connect(*reads) as con:
            return {table.name: {"people": run.write(con, table.name, sql, table.grain)}}

    reads = ("identity.persons", "profiles.golden_values")
    return Step((table,), reads, run, _digest(sql))


def _customers(project: Project) -> Step:
    themes = project.themes
    fields = golden.fields(project.survivorship)
    sql = customers.customers_sql(themes, fields)
    table = Table(
        "profiles.customers",
        "One row a person: golden contact, what they permit, and every attribute of 4_profiles/attributes",
        customers.documentation(themes, _words(project)),
        owner="crm team",
        grain=("person_id",),
        personal=_personal(project).union(*(theme.personal for theme in themes)),
        lineage=customers.lineage(themes, fields),
    )

    def run(run: Run) -> Outcome:
        with run.connect(*reads) as con:
            people = run.write(con, table.name, sql, table.grain)
        return {table.name: {"people": people, "columns": len(table.columns), "themes": len(themes)}}

    reads = ("identity.persons", "profiles.contacts", *(theme.name for theme in themes))
    return Step((table,), reads, run, _digest(sql))


def _words(project: Project) -> dict[str, str]:
    """Golden field → what the contract of people says about it."""
    people = project.contracts.get("people")
    return {f: people.columns[f].description if people else "" for f in golden.fields(project.survivorship)}


def _personal(project: Project) -> frozenset[str]:
    """The golden fields that are personal; without a contract of people all of them."""
    people = project.contracts.get("people")
    return golden.personal_fields(project.survivorship, people) if people else frozenset(_words(project))


def _digest(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()
