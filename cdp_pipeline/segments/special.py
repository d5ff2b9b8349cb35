"""Columns of customers that hold, or are made of, special categories of personal data (Article 9 GDPR).

What belongs here: following the label `special` from contracts and models to profiles.customers.
What does not: refusing rules that use such a column (rules.py).

A column made of a labelled one is labelled too, whatever it is called: whether somebody wrote the
word "allergy" to service tells as much as the letter itself. Where the SQL between them cannot be
followed, every column it makes counts.
"""

from __future__ import annotations

from functools import cache

from cdp_pipeline.project.lineage import column_lineage
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.sql_model import Model

Columns = tuple[tuple[str, tuple[str, ...]], ...]


def special_columns(project: Project) -> frozenset[str]:
    """Columns of profiles.customers that no rule may use without a basis of its own."""
    columns = {f"staging.{name}": tuple(contract.columns) for name, contract in project.contracts.items()}
    columns |= {model.name: tuple(model.columns) for model in project.models.values()}
    marked = {
        f"staging.{name}.{column}"
        for name, contract in project.contracts.items()
        for column, spec in contract.columns.items()
        if spec.sensitivity == "special"
    }
    marked |= {f"{model.name}.{column}" for model in project.models.values() for column in model.special}
    while (
        derived := {column for model in project.models.values() for column in _made_of(model, marked, columns)} - marked
    ):
        marked |= derived
    themes = {model.name for model in project.themes}
    golden = {f for name, rule in project.survivorship.fields.items() for f in rule.together or (name,)}
    fields = {name for name, sensitivity in _people(project).items() if sensitivity == "special"} & golden
    return frozenset(fields | {c.rpartition(".")[2] for c in marked if c.rpartition(".")[0] in themes})


def _people(project: Project) -> dict[str, str]:
    contract = project.contracts.get("people")
    return {name: spec.sensitivity for name, spec in contract.columns.items()} if contract else {}


def _made_of(model: Model, marked: set[str], columns: dict[str, tuple[str, ...]]) -> set[str]:
    """Columns of a model, as `layer.table.column`, that are computed from a marked one."""
    tables = {name.rpartition(".")[0] for name in marked}
    if not tables & set(model.inputs):
        return set()
    read = tuple((name, columns[name]) for name in sorted(set(model.inputs) & set(columns)))
    lineage = _lineage(model.sql, read)
    return {
        f"{model.name}.{column}"
        for column in model.columns
        if not lineage or any(source in marked for source in lineage.get(column, ()))
    }


@cache
def _lineage(sql: str, read: Columns) -> dict[str, tuple[str, ...]]:
    return column_lineage(sql, dict(read))
