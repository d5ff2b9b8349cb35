"""Every mistake in 6_activation before anything runs.

What belongs here: judging destination files. What does not: whether a transfer is allowed on a day
(transfers.py), the gate on people (gate.py) and writing files (export.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from cdp_pipeline.activation.normalise import MACROS
from cdp_pipeline.errors import nearest
from cdp_pipeline.project.countries import ADEQUACY, EEA, missing_list, read_list
from cdp_pipeline.project.expressions import Expression, read_expression
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Destination, OutputColumn
from cdp_pipeline.project.yaml_file import place

EXTRA_COLUMNS = ("audience", "as_of")
"""Columns that an output expression may use beside those of profiles.customers."""

GATED = ("email", "phone")
TAKEN = ("receipts", "reasons")
_UNGATED_HINTS = ("email", "phone", "login_id", "device_id")


def check_destinations(project: Project, customers_columns: Iterable[str]) -> list[str]:
    """Every problem in 6_activation, given the columns of profiles.customers; empty when all is well."""
    columns = [*customers_columns, *EXTRA_COLUMNS]
    problems = [*read_list(project, ADEQUACY)[1], *read_list(project, EEA)[1], *missing_list(project)]
    for name, destination in project.destinations.items():
        path = project.folder / "6_activation" / f"{name}.yml"
        mistakes = [
            *_wrong_columns(destination, columns),
            *_wrong_keys(destination),
            *_wrong_needs(project, destination),
            *_wrong_transfer(project, destination),
        ]
        if not name.isidentifier() or name != name.lower() or name in TAKEN:
            mistakes.append(
                f"the file name must be lower-case letters, digits and _, and not {' or '.join(TAKEN)}: found {name}"
            )
        problems += [f"{place(path, *_keys_of(destination, problem))}: {problem}" for problem in mistakes]
    return sorted(problems)


def _keys_of(destination: Destination, problem: str) -> tuple[str | int, ...]:
    """Where in the file a problem is: it begins with the key, or with `column` and its name."""
    key = problem.partition(":")[0]
    names = [f"column {column.name}" for column in destination.columns]
    return ("columns", names.index(key)) if key in names else (key,)


def output_expression(column: OutputColumn, columns: Iterable[str]) -> tuple[Expression, list[str]]:
    """The value of one output column, before it is normalised and hashed, and the problems in it."""
    return read_expression(column.value, columns)


def _wrong_columns(destination: Destination, columns: list[str]) -> list[str]:
    problems: list[str] = []
    names = [column.name for column in destination.columns]
    problems += [
        f"column {twice} is written twice" for twice in sorted({name for name in names if names.count(name) > 1})
    ]
    for column in destination.columns:
        expression, wrong = output_expression(column, columns)
        problems += [f"column {column.name}: {text}" for text in wrong]
        for column_used in expression.columns:
            hinted = any(hint in column_used for hint in _UNGATED_HINTS)
            if (
                column_used not in GATED
                and hinted
                and not column_used.startswith("permits_")
                and "_permission_" not in column_used
            ):
                problems.append(
                    f"column {column.name}: {column_used} may hold an identifier; "
                    "only email and phone pass the permission gate"
                )
        if column.normalise and column.normalise not in MACROS:
            hint = nearest(column.normalise, MACROS)
            problems.append(
                f"column {column.name}: unknown normalise {column.normalise}{hint}; allowed: {', '.join(MACROS)}"
            )
    return problems


def _wrong_keys(destination: Destination) -> list[str]:
    names = [column.name for column in destination.columns]
    problems = [
        f"keys: unknown column {column}{nearest(column, names)}"
        for key in destination.keys
        for column in key
        if column not in names
    ]
    if not destination.keys or not all(destination.keys):
        problems.append("keys: name at least one column that the destination can match on")
    return problems


def _wrong_needs(project: Project, destination: Destination) -> list[str]:
    problems = [] if destination.needs else ["needs: name at least one permission; without one nobody may be exported"]
    contract = project.contracts.get("permissions")
    for need in destination.needs:
        for field in ("purpose", "channel"):
            allowed = contract.columns[field].is_in if contract and field in contract.columns else None
            value = getattr(need, field)
            if allowed and value not in allowed:
                problems.append(
                    f"needs: unknown {field} {value}{nearest(value, allowed)}; allowed: {', '.join(allowed)}"
                )
    return problems


def _wrong_transfer(project: Project, destination: Destination) -> list[str]:
    transfer = destination.transfer
    if transfer is None:
        return []
    problems: list[str] = []
    if len(transfer.country) != 2 or not transfer.country.isupper():
        problems.append(f"transfer: country must be an ISO code of two capitals, found {transfer.country}")
    inside = {
        d.country for d in read_list(project, EEA)[0] if d.overlaps(transfer.valid_from, transfer.valid_until)
    }  # in some of its days; transfers.py judges the day of the run
    if transfer.basis == "none_needed" and transfer.country not in inside:
        problems.append(
            f"transfer: basis none_needed holds inside the European Economic Area only, not for {transfer.country}"
        )
    if not transfer.document.strip() or not transfer.recipient.strip():
        problems.append("transfer: name the recipient, and the document that allows the transfer")
    if transfer.basis == "consent" and not all(need.recipient for need in destination.needs):
        problems.append(
            "transfer: basis consent needs a recipient in every entry of needs, for the consent must name it"
        )
    if transfer.valid_until is not None and transfer.valid_until < transfer.valid_from:
        problems.append(f"transfer: valid_until {transfer.valid_until} is before valid_from {transfer.valid_from}")
    return problems
