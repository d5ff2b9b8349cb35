"""A night cut into phases, each of which can be run, broken and run again by itself.

What belongs here: which phases there are and what each does. What does not: breaking them (faults.py).

A phase starts from what the phase before it left in the data folder and from nothing else, as the step of a run
that is resumed does. So if a broken phase, run again, leaves what the whole one leaves, the rest of the night
is the same too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.privacy.certificate import certify
from cdp_pipeline.privacy.keys import DEMO_KEY
from cdp_pipeline.project.project import Project
from cdp_pipeline.publishing.snapshots import prune, publish
from cdp_pipeline.publishing.unfinished import tidy
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.quality.candidate import evaluate_candidate
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.reports.checks_page import write_checks_page
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.run_folder import open_run
from cdp_pipeline.run.steps import Step, perform

TABLES = ("profiles.customers", "activation.receipts")


@dataclass(frozen=True)
class Rehearsal:
    """A night that can be run phase by phase in one data folder."""

    pipeline: Pipeline
    run: Callable[[str], Run]  # run id → run; `published` is asked anew each time
    tables: Sequence[str]  # what the warehouses of this night hold: a few, since they are built often
    is_whole: bool = True  # every step is run, so that every check must pass


@dataclass(frozen=True)
class Phase:
    """`act` as in the night itself; `again` as the run after one that died in it. Both take the run's id."""

    name: str
    act: Callable[[str], None]
    again: Callable[[str], None]
    is_command: bool = False  # a command that has done its work before it died need not be given again


def rehearsal_in(
    project: Project, pipeline: Pipeline, folder: Path, as_of: date, *, is_whole: bool = True
) -> Rehearsal:
    """The night of a day on `folder/exports` and `folder/data`."""

    def run(run_id: str) -> Run:
        data = folder / "data"
        return Run(project, folder / "exports", data, as_of, run_id, DEMO_KEY, published_snapshot(data))

    return Rehearsal(pipeline, run, TABLES, is_whole)


def phases(night: Rehearsal, steps: Sequence[Step]) -> list[Phase]:
    """Opening the folder, each of `steps`, the checks, the warehouses, publication."""
    found = [Phase("open", partial(_open, night), partial(_open, night))]
    acts: list[tuple[str, Callable[[Rehearsal, str], None]]] = [
        *((step.names[0], partial(_step, step)) for step in steps),
        ("checks", _checks),
        ("warehouses", _warehouses),
    ]
    found += [
        Phase(name, partial(act, night), partial(_opened, act, steps[:at], night))
        for at, (name, act) in enumerate(acts)
    ]
    return [*found, Phase("publication", partial(_publish, night), partial(_publish_again, night))]


def _open(night: Rehearsal, run_id: str) -> None:
    data = night.run(run_id).data
    lock = hold(data)
    try:
        tidy(data)
        open_run(night.run(run_id))
    finally:
        lock.release()


def _step(step: Step, night: Rehearsal, run_id: str) -> None:
    perform(night.run(run_id), step)


def _checks(night: Rehearsal, run_id: str) -> None:
    run = night.run(run_id)
    run.record_checks(evaluate(run, night.pipeline.checks))


def _warehouses(night: Rehearsal, run_id: str) -> None:
    run = night.run(run_id)
    build_warehouse(run, {name: table for name, table in night.pipeline.tables.items() if name in night.tables})
    checks = [check for check in night.pipeline.candidate_checks if check.name != "warehouses_hold_every_row"]
    run.record_checks(evaluate_candidate(run, checks))
    write_checks_page(run)


def _publish(night: Rehearsal, run_id: str) -> None:
    blocking = set(night.pipeline.blocking()) - {"warehouses_hold_every_row"} if night.is_whole else ()
    publish(night.run(run_id), blocking)


def _opened(act: Callable[[Rehearsal, str], None], earlier: Sequence[Step], night: Rehearsal, run_id: str) -> None:
    """A folder that cannot be gone on with is begun anew: then the steps before this one are run again too."""
    is_lost = any((night.run(run_id).data / "runs").glob("*/cannot_be_resumed"))
    run_id = "laterrun" if is_lost else run_id
    _open(night, run_id)
    for step in earlier if is_lost else ():
        _step(step, night, run_id)
    act(night, run_id)


def _publish_again(night: Rehearsal, run_id: str) -> None:
    """Publish what was not; when it died after the swap, old snapshots and certificates are left."""
    run = night.run(run_id)
    tidy(run.data)
    if run.published and read_manifest(run.published).as_of == str(run.as_of):
        prune(run.data, run.project.settings.keep_snapshots)
        certify(run)  # as the next publication does for every erasure that has no certificate
    else:
        _open(night, run_id)
        _publish(night, run_id)
