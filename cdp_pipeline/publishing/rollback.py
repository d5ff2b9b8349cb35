"""Going back to an earlier night without bringing anybody back.

What belongs here: roll-back to a snapshot from before an erasure. What does not: the plain swap of the
pointer (snapshots.py).

Such a snapshot cannot be shown as it is. It is made again: the tombstones of
today are applied to what was read that night, and everything after it is built anew. In either case the
audience files stay away until the next run, which makes them by the permissions of its own day;
withdrawals that were read since are handed to that run (withdrawals.py), and so is whom the files named, for
its removal files (activation/removals.py).
"""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.privacy.certificate import erased_since
from cdp_pipeline.privacy.keys import key_in_force
from cdp_pipeline.project.project import Project
from cdp_pipeline.publishing.snapshots import drop_audience_files, earlier, left_by, publish, rollback
from cdp_pipeline.publishing.unfinished import tidy
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.publishing.withdrawals import take_withdrawals
from cdp_pipeline.quality.candidate import evaluate_candidate
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.reports.checks_page import write_checks_page
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import Run, pointed_at
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.run_folder import open_run
from cdp_pipeline.run.steps import perform


@dataclass(frozen=True)
class WentBack:
    """The night that was asked for, what is published now, and how many erasures came in between."""

    snapshot: str
    published: str
    erasures: int


def roll_back(project: Project, data: Path, name: str | None) -> WentBack:
    """Publish an earlier snapshot again: the one named, else the one before; without who was erased since.

    Raises InputError when there is no such snapshot, BusyError while a run works, GateError when the
    night that is made again does not pass its checks, KeyMismatchError when it needs a key that is missing.
    """
    target = earlier(data, name)
    lacking = erased_since(data, data / "snapshots" / target)
    if not lacking:
        return WentBack(target, rollback(data, target, project), 0)
    key = key_in_force(project.settings.key_env, data)  # people were erased since that night: it is made again
    lock = hold(data)
    try:
        tidy(data)
        take_withdrawals(pointed_at(data), data / "snapshots" / target, project)
        return WentBack(target, _made_again(project, data, data / "snapshots" / target, key), len(lacking))
    finally:
        lock.release()


def _made_again(project: Project, data: Path, target: Path, key: bytes) -> str:
    """Run the pipeline on what that night had read, with nothing new delivered, and publish it."""
    nothing_new = data / ".nothing_new"
    nothing_new.mkdir(exist_ok=True, mode=0o700)
    try:
        as_of = date.fromisoformat(read_manifest(target).as_of)
        run = open_run(Run(project, nothing_new, data, as_of, f"{uuid.uuid4()}", key, target))
        pipeline = build_pipeline(project)
        for step in pipeline.steps:
            perform(run, step)
        run.record_checks(evaluate(run, pipeline.checks))
        build_warehouse(run, pipeline.tables)
        run.record_checks(evaluate_candidate(run, pipeline.candidate_checks))
        write_checks_page(run)
        for file in sorted((run.folder / "activation").glob("*/*.csv")):  # made now for that day: nobody was sent them
            fault("rollback.drop_unsent")
            file.unlink()
        drop_audience_files(run.folder, project, [target, *left_by(data, target.name)])
        return publish(run, pipeline.blocking())
    finally:
        fault("rollback.made_again")
        shutil.rmtree(nothing_new, ignore_errors=True)
