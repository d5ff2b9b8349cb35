"""One night, from exports to what is published: what `cdp run` does, and what a notebook may do.

What belongs here: the order of a night: what refuses it before its first step, the run, how it ended. What does not:
the run's steps (definitions.py), telling of a night that went wrong (runs.py), options and signals (cli/run.py).
Heavy modules are imported when a night begins: until then the command only listens for signals.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cdp_pipeline.errors import CdpError, InputError, MachineError
from cdp_pipeline.run.machine import machine_error

if TYPE_CHECKING:
    from cdp_pipeline.orchestration.progress import Progress


@dataclass(frozen=True)
class NightOutcome:
    """How a night ended.

    `snapshot` is what it published, or empty; `failures` are lines for people, warnings of checks among them;
    `exit_code` is 0 when it published; `failed_runs` are ids of Dagster's runs that somebody must be told of: this
    one, and those whose process died before it.
    """

    snapshot: str = ""
    failures: tuple[str, ...] = ()
    exit_code: int = CdpError.exit_code
    failed_runs: tuple[str, ...] = ()


def run_night(exports: Path, data: Path, project: Path, day: date, progress: Progress) -> NightOutcome:
    """Run the nightly job as of `day` on three folders, in this process; `progress` hears of every table and check.

    Raises CdpError when the night is refused before its first step; a step that fails is an outcome. Nothing is
    published but the whole night.
    """
    with _in_plain_words(data):
        if not exports.is_dir():
            raise InputError(
                f"{exports} is not a folder: put exports there, or make some with: cdp demo --out {exports}"
            )
        return _run_night(exports.resolve(), data.resolve(), project.resolve(), day, progress)


def _run_night(exports: Path, data: Path, folder: Path, day: date, progress: Progress) -> NightOutcome:
    from cdp_pipeline.operations.validation import validate
    from cdp_pipeline.orchestration.instance import bury_dead_runs, open_instance, start_run
    from cdp_pipeline.orchestration.resources import expect_onward
    from cdp_pipeline.orchestration.schedules import NIGHTLY
    from cdp_pipeline.privacy.keys import secret_key
    from cdp_pipeline.run.lock import hold

    project, _ = validate(folder)
    hold(data).release()
    expect_onward(data, str(day))
    secret_key(project.settings.key_env, data, exports)
    os.environ["CDP_PROJECT"] = str(folder)
    config = {"exports": str(exports), "data": str(data), "as_of": str(day)}
    tags = {"cdp/started_by": "cdp run", "cdp/as_of": str(day)}
    with open_instance(data) as instance, progress:
        failed_runs = bury_dead_runs(instance)
        run = start_run(instance, NIGHTLY, config, progress.listen, tags)
    failures = tuple(progress.failures)
    if run.is_success and progress.snapshot:
        return NightOutcome(progress.snapshot, failures, 0, tuple(failed_runs))
    exit_code = progress.exit_code or CdpError.exit_code
    return NightOutcome("", failures, exit_code, (*failed_runs, run.run_id))


def published_name(data: Path) -> str:
    """What `current` points to, empty when nothing is published; asked also when the process has to end at once."""
    current = data / "current"
    return str(current.readlink()) if current.is_symlink() else ""


def publication_since(data: Path, before: str) -> str:
    """What became of what is published since it was `before`, in words."""
    now = published_name(data)
    if now == before:
        return "nothing was published; what was published before is as it was"
    # it broke in what comes after the swap: deleting old snapshots, certificates
    return f"published {Path(now).name}, whole; the rest is done by the next cdp run"


@contextmanager
def _in_plain_words(data: Path) -> Iterator[None]:
    """What the machine says outside of any step, with the folder it is about and what became of it."""
    before = published_name(data)
    try:
        yield
    except CdpError:
        raise
    except Exception as error:
        refusal = machine_error(error, data)
        if refusal is None or os.environ.get("CDP_SHOW_ERRORS"):
            raise
        raise MachineError([*refusal.problems, publication_since(data, before)]) from None
