"""The `cdp run` command: a night from the terminal or from cron.

What belongs here: its options, its words, and what it ends with when the machine or a signal ends it. What does
not: any work; the night itself is a job of Dagster (definitions.py).
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdp_pipeline.cli.look import DATA, EXPORTS, PROJECT
from cdp_pipeline.errors import CdpError, InputError, MachineError
from cdp_pipeline.project.days import read_day
from cdp_pipeline.run.interruption import Interruption, interruptible
from cdp_pipeline.run.machine import machine_error

if TYPE_CHECKING:
    from cdp_pipeline.orchestration.progress import Progress

_UNEXPECTED = (
    "an error nobody expected is named by its class and place only, for its text may quote data: cdp doctor looks the "
    "folder over; CDP_SHOW_ERRORS=1 shows it in full, on invented data only"
)


@click.command()
@EXPORTS
@click.option("--as-of", default="", help="Day of the run, YYYY-MM-DD.  [default: today in the project's zone]")
@click.option("--no-alert", is_flag=True, help="Tell nobody when it fails; for trying things by hand.")
@DATA
@PROJECT
def run(exports: Path, as_of: str, no_alert: bool, data: Path, project: Path) -> None:
    """Run the nightly job: exports in, published profiles, segments, audiences and report out."""
    before, is_published, bad = _published(data), False, list[str]()
    with interruptible(partial(_last_words, data, before)) as stop:
        from rich.console import Console

        from cdp_pipeline.orchestration.progress import Progress

        console = Console(file=sys.stdout, highlight=False)  # the boundary silences what is printed elsewhere
        progress = Progress(console)
        is_published, bad = _night(exports, as_of, no_alert, data, project, progress)
    is_stopped = stop.number != 0 and not is_published
    if is_stopped:
        click.echo(_last_words(data, before, stop), err=True)
    told = _tell(bad, data, project) if bad and not no_alert else []
    if not is_stopped and not console.is_terminal:
        console.print(progress.table())
    for line in dict.fromkeys([*([] if is_stopped else progress.failures), *told]):
        click.echo(line, err=True)
    if is_stopped:
        sys.exit(stop.exit_code)
    if not is_published:
        if progress.exit_code in (0, CdpError.exit_code):
            click.echo(_UNEXPECTED, err=True)
        click.echo(_outcome(data, before), err=True)
        sys.exit(progress.exit_code or CdpError.exit_code)
    click.echo(f"published {progress.snapshot}")
    click.echo(f"  warehouse  {data / 'warehouse.duckdb'}")
    click.echo(f"  report     {data / 'current' / 'reports' / 'index.html'}")
    click.echo(f"  audiences  {data / 'current' / 'activation'}")


def _night(
    exports: Path, as_of: str, no_alert: bool, data: Path, project: Path, progress: "Progress"
) -> tuple[bool, list[str]]:
    """Whether the night was published, and the runs that somebody has to be told of."""
    from cdp_pipeline.operations.nights import expect_onward
    from cdp_pipeline.operations.readable import settings_of
    from cdp_pipeline.operations.runs import told_when_refused
    from cdp_pipeline.operations.validation import validate
    from cdp_pipeline.orchestration.instance import bury_dead_runs, open_instance, start_run
    from cdp_pipeline.orchestration.schedules import NIGHTLY
    from cdp_pipeline.privacy.keys import secret_key
    from cdp_pipeline.run.lock import hold

    night = str(read_day(as_of, "--as-of", settings_of(project).zone))
    alarm = told_when_refused(data.resolve(), project, night, partial(click.echo, err=True))
    with nullcontext() if no_alert else alarm, _told_plainly(data):
        if not exports.is_dir():
            raise InputError(
                f"{exports} is not a folder: put exports there, or make some with: cdp demo --out {exports}"
            )
        settings = validate(project.resolve())[0].settings
        hold(data.resolve()).release()
        expect_onward(data.resolve(), night)
        secret_key(settings.key_env, data.resolve(), exports.resolve())
        os.environ["CDP_PROJECT"] = str(project.resolve())
        resources = {"exports": str(exports.resolve()), "data": str(data.resolve()), "as_of": night}
        tags = {"cdp/started_by": "cdp run", "cdp/as_of": night}
        with open_instance(data) as instance, progress:
            bad = bury_dead_runs(instance)
            with _dagster_silent():
                finished = start_run(instance, NIGHTLY, resources, progress.listen, tags)
        is_published = finished.is_success and bool(progress.snapshot)
        return is_published, bad if is_published else [*bad, finished.run_id]


def _tell(run_ids: list[str], data: Path, project: Path) -> list[str]:
    """Tell of runs that failed; returns what went wrong with the telling."""
    from cdp_pipeline.operations.runs import tell_of_runs
    from cdp_pipeline.orchestration.instance import open_instance

    with open_instance(data) as instance:
        return tell_of_runs(instance, run_ids, data.resolve(), project)


@contextmanager
def _dagster_silent() -> Iterator[None]:
    """What Dagster writes beside its events, such as that it could not write one; the run's end says it in our words."""
    if os.environ.get("CDP_SHOW_ERRORS"):
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        yield


@contextmanager
def _told_plainly(data: Path) -> Iterator[None]:
    """What the machine says outside of any step, with the folder it is about and what became of it."""
    before = _published(data)
    try:
        yield
    except CdpError:
        raise
    except Exception as error:
        said = machine_error(error, data)
        if said is None or os.environ.get("CDP_SHOW_ERRORS"):
            raise
        raise MachineError([*said.problems, _outcome(data, before)]) from None


def _published(data: Path) -> str:
    """Where `current` points; told without a library, for it is asked when the process has to end at once."""
    current = data / "current"
    return str(current.readlink()) if current.is_symlink() else ""


def _last_words(data: Path, before: str, stop: Interruption) -> str:
    unchanged = _published(data) == before
    return f"{stop.words}; {'nothing was published; run again' if unchanged else _outcome(data, before)}"


def _outcome(data: Path, before: str) -> str:
    now = _published(data)
    if now == before:
        return "nothing was published; what was published before is as it was"
    # it broke in what comes after the swap: deleting old snapshots, certificates
    return f"published {Path(now).name}, whole; the rest is done by the next cdp run"
