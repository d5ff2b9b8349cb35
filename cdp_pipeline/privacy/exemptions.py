"""What the contracts let stay when somebody is erased, and every mistake in saying so.

What belongs here: the keys `kept_when_erased` (a column keeps its value) and `rows_kept_when_erased` (rows of
permissions with these values stay) of 2_staging. What does not: making and keeping those rows (anonymised.py).

Text goes unless its contract says that it stays: nobody knows what people write. Personal columns always go, but for
those that the erasure writes itself: hashed ids of orders, and the address or number that a stop holds for.
"""

from __future__ import annotations

from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Column, Contract
from cdp_pipeline.project.yaml_file import line_of
from cdp_pipeline.staging.mapping import ERASED_TABLES

WRITTEN = {"orders": ("order_id",), "order_lines": ("order_id", "line_number"), "permissions": ("value",)}
"""Columns by table that anonymised.py writes itself."""
_STOPS = "permissions"


def stays(table: str, column: str, spec: Column) -> bool:
    """Whether a column of `table` has a value in what stays of the erased."""
    if column in WRITTEN[table]:
        return True
    said = spec.type != "text" if spec.kept_when_erased is None else spec.kept_when_erased
    return said and _may_stay(spec)


def kept_values(contract: Contract) -> tuple[str, tuple[str, ...]]:
    """The column of permissions that tells which rows stay, and its values; `check_kept` has seen that there is one."""
    return next((c, spec.rows_kept_when_erased) for c, spec in contract.columns.items() if spec.rows_kept_when_erased)


def check_kept(project: Project) -> None:
    """Raises ProjectError with every key of erasure that has no effect, is misspelt, or would lose a stop or an order."""
    problems = []
    for table, contract in project.contracts.items():
        path = project.folder / "2_staging" / f"{table}.yml"
        for column, spec in contract.columns.items():
            for key, wrong in (*_wrong_column(table, column, spec), *_wrong_rows(table, spec)):
                where = f"{path}:{line_of(path, 'columns', column, *([key] if key else []))}: {column}"
                problems.append(f"{where}: {key}{': ' if key else ''}{wrong}")
        named = [column for column, spec in contract.columns.items() if spec.rows_kept_when_erased is not None]
        if table == _STOPS and len(named) != 1:
            found = f"named on {', '.join(named)}; allowed: one column"
            none = "named on no column; without it a refusal ends with the record that holds it"
            where = f"{path}:{line_of(path, 'columns')}: rows_kept_when_erased"
            problems.append(f"{where}: {found if named else none}")
    if problems:
        raise ProjectError(problems)


def _wrong_column(table: str, column: str, spec: Column) -> list[tuple[str, str]]:
    """Key and words of what is wrong about keeping the values of one column."""
    key = "kept_when_erased"
    if table not in ERASED_TABLES:
        where = ", ".join(ERASED_TABLES)
        return [] if spec.kept_when_erased is None else [(key, f"no effect here; allowed in {where}")]
    if column in WRITTEN[table]:
        wrong = "no effect here; the erasure writes this column itself"
        return [] if spec.kept_when_erased is None else [(key, wrong)]
    if spec.kept_when_erased and not _may_stay(spec):
        return [(key, f"found true; allowed: false, for the column is {_kind(spec)}")]
    if (spec.required or spec.rows_kept_when_erased) and not stays(table, column, spec):
        return [("", "required, and emptied when somebody is erased: say kept_when_erased: true, or not required")]
    return []


def _wrong_rows(table: str, spec: Column) -> list[tuple[str, str]]:
    """Key and words of what is wrong about the rows that stay by one column."""
    key, values = "rows_kept_when_erased", spec.rows_kept_when_erased
    if values is None:
        return []
    if table != _STOPS:
        return [(key, f"no effect here; allowed in {_STOPS}")]
    if not isinstance(spec.is_in, tuple):
        return [(key, "the column has no list of values under in")]
    allowed = f"allowed: {', '.join(spec.is_in)}"
    wrong = [f"found {v}{nearest(v, spec.is_in)}; {allowed}" for v in values if v not in spec.is_in]
    return [(key, words) for words in (wrong if values else [f"found []; {allowed}"])]


def _may_stay(spec: Column) -> bool:
    return spec.sensitivity == "public" and spec.type != "attributes"


def _kind(spec: Column) -> str:
    return "an open list of attributes" if spec.type == "attributes" else spec.sensitivity
