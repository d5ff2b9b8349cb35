"""The tables of the layer activation, as steps: one a destination, and the receipts.

What belongs here: which tables there are and the words on their columns. What does not: everything
that decides who is written (export.py and gate.py).
"""

from __future__ import annotations

import hashlib

from cdp_pipeline.activation.export import PEOPLE, export
from cdp_pipeline.activation.receipts import write_receipts
from cdp_pipeline.project.countries import version_of
from cdp_pipeline.project.project import Project
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, Table, described

_COLUMNS = {
    "audience": "Audience that goes to this destination",
    "person_id": "Member of the audience",
    "keys": "Keys of the destination that the person has and may be sent with",
    "has_key": "The person has a key that the destination can match on",
    "is_permitted": "A key is left after every identifier without the needed permission was emptied",
    "is_transfer_allowed": "Permitted, and the transfer to the recipient is allowed on this day",
    "is_above_minimum": "Allowed, and enough people are permitted for the destination's minimum size",
    "is_written": "The person is a row of the file",
    "stopped_at": "The first gate that kept the person back; empty when written",
    "reason": "The one reason the person counts under: written, the gate, or what their permission lacks",
    "addresses": "E-mail and phone that the person is written under; beside one that is not golden why the golden one is not",
    "file_sha256": "SHA-256 of the file the person is in",
}


def steps(project: Project) -> tuple[Step, ...]:
    """Steps of the layer activation: a step for every file of 6_activation, then the receipts."""
    version = _version(project)
    names = sorted(project.destinations)
    receipts = Step(
        (described("activation.receipts"), described("activation.reasons")),
        tuple(f"activation.{name}" for name in names),
        lambda run: {"activation.receipts": write_receipts(run)},
        version,
        uses_as_of=True,
    )
    return (*(_destination(project, name, version) for name in names), receipts)


def _destination(project: Project, name: str, version: str) -> Step:
    spec = project.destinations[name]
    table = Table(
        f"activation.{name}",
        f"{spec.description}. One row a member of its audiences, with the gate that kept the person back",
        _COLUMNS,
        owner=spec.owner,
        grain=("audience", "person_id"),
        kinds=("duckdb", "parquet", spec.format),
        personal=frozenset({"addresses"}),
    )

    def run_export(run: Run) -> Outcome:
        exported = export(run, name)
        return {table.name: {"written": sum(exported.values()), **exported}}

    reads = ("segments.memberships", *PEOPLE, "previous.activation.receipts")
    return Step((table,), reads, run_export, version, uses_as_of=True)


def _version(project: Project) -> str:
    shapes = [*sorted(project.destinations.items()), *sorted(project.audiences.items())]
    text = "\n".join(f"{name} {shape.model_dump_json()}" for name, shape in shapes)
    return hashlib.sha256(f"activation 3\n{text}\n{version_of(project)}".encode()).hexdigest()
