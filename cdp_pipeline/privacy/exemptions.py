"""What the contracts let stay when somebody is erased, and every mistake in saying so.

What belongs here: the keys `kept_when_erased` (a column keeps its value) and `rows_kept_when_erased` (rows of
permissions with these values stay) of 2_staging. What does not: making and keeping those rows (anonymised.py).

Text goes unless its contract says that it stays: nobody knows what people write. Personal columns always go, but for
those that the erasure writes itself: hashed ids of orders, and the address or number that a stop holds for.
"""

from __future__ import annotations

from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.registry import outlasting
from cdp_pipeline.project.shapes import Column, Contract
from cdp_pipeline.project.yaml_file import line_of

STOPS = "stops"
"""The `when_erased` of a table of which rows stay that forbid something."""


def is_written(contract: Contract, column: str) -> bool:
    """Whether anonymised.py writes a column itself: the ids of what stays hashed, the address that a stop holds for."""
    if contract.when_erased == STOPS:
        return contract.columns[column].keys == "namespace"
    return column in contract.grain and column != "source"


def stays(contract: Contract, column: str) -> bool:
    """Whether a column of a contract has a value in what stays of the erased."""
    if is_written(contract, column):
        return True
    spec = contract.columns[column]
    is_kept = spec.type != "text" if spec.kept_when_erased is None else spec.kept_when_erased
    return is_kept and _may_stay(spec)


def kept_values(contract: Contract) -> tuple[str, tuple[str, ...]]:
    """The column of a contract that tells which stops stay, and its values; `check_kept` has seen that there is one."""
    return next((c, spec.rows_kept_when_erased) for c, spec in contract.columns.items() if spec.rows_kept_when_erased)


def check_kept(project: Project) -> None:
    """Raises ProjectError with every key of erasure that has no effect, is misspelt, or would lose a stop or an order."""
    problems = []
    for table, contract in project.contracts.items():
        path = project.folder / "2_staging" / f"{table}.yml"
        for column, spec in contract.columns.items():
            for key, wrong in (*_wrong_column(project, contract, column), *_wrong_rows(project, contract, spec)):
                where = f"{path}:{line_of(path, 'columns', column, *([key] if key else []))}: {column}"
                problems.append(f"{where}: {key}{': ' if key else ''}{wrong}")
        columns = [column for column, spec in contract.columns.items() if spec.rows_kept_when_erased is not None]
        if contract.when_erased == STOPS and len(columns) != 1:
            several = f"named on {', '.join(columns)}; allowed: one column"
            none = "named on no column; without it a refusal ends with the record that holds it"
            where = f"{path}:{line_of(path, 'columns')}: rows_kept_when_erased"
            problems.append(f"{where}: {several if columns else none}")
    if problems:
        raise ProjectError(problems)


def _wrong_column(project: Project, contract: Contract, column: str) -> list[tuple[str, str]]:
    """Key and words of what is wrong about keeping the values of one column."""
    key, spec = "kept_when_erased", contract.columns[column]
    if contract.when_erased == "removed":
        where = ", ".join(outlasting(project.contracts))
        return [] if spec.kept_when_erased is None else [(key, f"no effect here; allowed in {where}")]
    if is_written(contract, column):
        wrong = "no effect here; the erasure writes this column itself"
        return [] if spec.kept_when_erased is None else [(key, wrong)]
    if spec.kept_when_erased and not _may_stay(spec):
        return [(key, f"found true; allowed: false, for the column is {_kind(spec)}")]
    if (spec.required or spec.rows_kept_when_erased) and not stays(contract, column):
        return [("", "required, and emptied when somebody is erased: say kept_when_erased: true, or not required")]
    return []


def _wrong_rows(project: Project, contract: Contract, spec: Column) -> list[tuple[str, str]]:
    """Key and words of what is wrong about the rows that stay by one column."""
    key, values = "rows_kept_when_erased", spec.rows_kept_when_erased
    if values is None:
        return []
    if contract.when_erased != STOPS:
        stops = [name for name, each in project.contracts.items() if each.when_erased == STOPS]
        return [(key, f"no effect here; allowed in {', '.join(stops) or 'a table with `when_erased: stops`'}")]
    if not isinstance(spec.is_in, tuple):
        return [(key, "the column has no list of values under in")]
    allowed = f"allowed: {', '.join(spec.is_in)}"
    wrong = [f"found {v}{nearest(v, spec.is_in)}; {allowed}" for v in values if v not in spec.is_in]
    return [(key, words) for words in (wrong if values else [f"found []; {allowed}"])]


def _may_stay(spec: Column) -> bool:
    return spec.sensitivity == "public" and spec.type != "attributes"


def _kind(spec: Column) -> str:
    return "an open list of attributes" if spec.type == "attributes" else spec.sensitivity
