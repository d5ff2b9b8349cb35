"""Commands that change a data folder, as phases that can be broken like those of a night.

What belongs here: one small use of each. What does not: breaking them (faults.py), and what they are for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

from cdp_pipeline.privacy.keys import DEMO_KEY
from cdp_pipeline.project.project import Project
from cdp_pipeline.run.lake import expect_published
from cdp_pipeline_tests.trust.night import Phase

DAY = date(2026, 7, 2)


def commands(project: Project, data: Path) -> list[Phase]:
    """A roll-back, a request of erasure, a restriction, a correction, a replay, a verdict, a training."""
    acts: dict[str, Callable[[Project, Path], object]] = {
        "cdp rollback": _roll_back,  # first: a state from before a request of erasure is only made again
        "cdp forget": forget,
        "cdp restrict": _restrict,
        "cdp correct": _correct,
        "cdp quarantine replay": _replay,
        "cdp identity verdict": _verdict,
        "cdp identity train": _train,
    }

    def phase(name: str, act: Callable[[Project, Path], object]) -> Phase:
        def run(_: str) -> None:
            act(project, data)

        return Phase(name, run, run, is_command=True)

    return [phase(name, act) for name, act in acts.items()]


def forget(project: Project, data: Path) -> object:
    """Ask for the erasure of the first person by id that has an e-mail address."""
    from cdp_pipeline.privacy import request

    return request.forget(data, _record(data, 0), DEMO_KEY, DAY, project)


def older_snapshot(data: Path) -> None:
    """An earlier published state to go back to: the current one again, under an older name."""
    current = expect_published(data)
    older = current.with_name("20200101T000000-an-older")
    shutil.copytree(current, older, copy_function=os.link)
    files = [path for path in older.rglob("*.csv") if path.stat().st_nlink > 1]
    for path in files:  # a roll-back takes audience files out of it
        path.write_bytes(path.unlink() or (current / path.relative_to(older)).read_bytes())


def _restrict(project: Project, data: Path) -> object:
    from cdp_pipeline.privacy.restriction import restrict
    from cdp_pipeline.privacy.subject import find_subject

    snapshot = expect_published(data)
    subject = find_subject(snapshot, _record(data, 1), project)
    return restrict(snapshot, data, subject, "object", DEMO_KEY, DAY, project)


def _correct(project: Project, data: Path) -> object:
    from cdp_pipeline.privacy.corrections import correct

    source, _, record_id = _record(data, 2).partition(":")
    return correct(data, project.contracts["people"], [(source, record_id)], "city", "Utrecht", DAY, "tester")


def _replay(_: Project, data: Path) -> object:
    from cdp_pipeline.ledgers.replays import Replay, add_replays

    row = Replay("people", "hubspot_contacts", "0" * 64, 2, "0" * 64, "1" * 64, {"city": "Utrecht"}, str(DAY), "tester")
    return add_replays(data, [row])


def _verdict(_: Project, data: Path) -> object:
    from cdp_pipeline.explain.verdict import judge
    from cdp_pipeline.privacy.door import Door

    door = Door(data, "identity judge")
    return judge(expect_published(data), door, (_record(data, 3), _record(data, 4)), "same", DAY, "tester", "")


def _train(_: Project, data: Path) -> object:
    from cdp_pipeline.identity.model.saved_model import ask_for_training

    return ask_for_training(data)


def _roll_back(project: Project, data: Path) -> object:
    from cdp_pipeline.publishing.snapshots import rollback

    return rollback(data, "20200101T000000-an-older", project)


def _record(data: Path, number: int) -> str:
    """`source:record_id` of a published record."""
    import pyarrow.parquet as pq

    people = pq.read_table(expect_published(data) / "staging" / "people.parquet", columns=["source", "record_id"])
    return ":".join(sorted(zip(*(people[name].to_pylist() for name in ("source", "record_id")), strict=True))[number])
