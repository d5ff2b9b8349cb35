"""profiles.customers: everything known about a person in one row, joined from the attribute themes.

What belongs here: judging the themes together, and the SQL that joins them. What does not: any attribute; it lives
in dbt_like_sql/4_profiles/attributes/<theme>.sql, and a new file there is all it takes to add one.

A person without a row in a theme gets null, or what the comment of the column begins with: `[false]` false,
`[zero]` 0. But a count that is empty for everybody was never delivered by any source, and stays empty: 0 is
only where something was counted. What a row of a theme leaves empty stays empty too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdp_pipeline.errors import nearest
from cdp_pipeline.project.quoting import quoted
from cdp_pipeline.project.sql_model import Model

_DEFAULTS = {"[zero]": "(select if(count({column}) > 0, 0, null) from {table})", "[false]": "false"}


def mistakes(models: Sequence[Model], contacts: Sequence[str]) -> list[str]:
    """Why the themes cannot be joined into one row a person, each as one line."""
    problems = []
    makers = dict.fromkeys(contacts, "profiles.contacts") | dict.fromkeys(PERSON_COLUMNS, "identity.persons")
    for model in models:
        if model.grain != ("person_id",):
            grain = ", ".join(model.grain) or "nothing"
            problems.append(f"{model.path}: an attribute theme has `-- grain: person_id`, found {grain}")
        if "person_id" not in model.columns:
            problems.append(f"{model.path}: the SELECT gives no person_id{nearest('person_id', model.columns)}")
        for column in attributes(model):
            if column in makers:
                problems.append(f"{model.path}: column {column} is already given by {makers[column]}")
            makers.setdefault(column, model.name)
    return problems


def attributes(model: Model) -> tuple[str, ...]:
    """The columns a theme adds to customers."""
    return tuple(column for column in model.columns if column != "person_id")


def customers_sql(models: Sequence[Model], contacts: Sequence[str]) -> str:
    """SELECT of profiles.customers: one row for each row of identity.persons.

    Reads identity.persons, profiles.contacts and every theme, each one row a person.
    """
    columns = [
        "p.person_id",
        *(f"p.{source} as {name}" for name, source in PERSON_COLUMNS.items() if name != "person_id"),
    ]
    columns += [f"c.{column}" for column in contacts]
    joins = ["left join profiles.contacts as c on p.person_id = c.person_id"]
    for model in models:
        alias = '"' + model.name.partition(".")[2] + '"'
        joins.append(f"left join {model.name} as {alias} on p.person_id = {alias}.person_id")
        columns += [_with_default(model, alias, column) for column in attributes(model)]
    return f"select {', '.join(columns)} from identity.persons as p {' '.join(joins)}"


def documentation(models: Sequence[Model], contacts: Mapping[str, str]) -> dict[str, str]:
    """Column → its words, in the order of `customers_sql`."""
    words = dict(PERSON_WORDS) | dict(contacts)
    for model in models:
        words |= {column: _plain(model.columns[column]) for column in attributes(model)}
    return words


def lineage(models: Sequence[Model], contacts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Column → the column it is taken from."""
    origins: dict[str, tuple[str, ...]] = {
        name: (f"identity.persons.{source}",) for name, source in PERSON_COLUMNS.items()
    }
    origins |= {column: (f"profiles.contacts.{column}",) for column in contacts}
    return origins | {column: (f"{m.name}.{column}",) for m in models for column in attributes(m)}


PERSON_COLUMNS = {"person_id": "person_id", "records_count": "records", "known_since": "since"}
PERSON_WORDS = {
    "person_id": "Person",
    "records_count": "Records of the person in all systems",
    "known_since": "Day the person got this id",
}


def _with_default(model: Model, alias: str, name: str) -> str:
    column = quoted(name)
    default = next((sql for mark, sql in _DEFAULTS.items() if model.columns[name].startswith(mark)), None)
    if default is None:
        return f"{alias}.{column}"
    filled = default.format(column=column, table=model.name)
    return f"if({alias}.person_id is null, {filled}, {alias}.{column}) as {column}"


def _plain(words: str) -> str:
    for mark in _DEFAULTS:
        words = words.removeprefix(mark).strip()
    return words
