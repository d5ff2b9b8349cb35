"""The `cdp run` command: a night from the terminal or from cron.

What belongs here: its options, its words, and what it ends with when the machine or a signal ends it. What does
not: any work; the night itself is operations/nightly.py.
"""

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import click

from cdp_pipeline.cli.look import DATA, EXPORTS, PROJECT
from cdp_pipeline.errors import CdpError
from cdp_pipeline.operations.nightly import NightOutcome, publication_since, published_name, run_night
from cdp_pipeline.project.days import read_day
from cdp_pipeline.run.interruption import Interruption, interruptible

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
    before, outcome = published_name(data), NightOutcome()
    with interruptible(partial(_last_words, data, before)) as stop:
        from rich.console import Console

        from cdp_pipeline.operations.runs import tell_of_runs, telling_of_refusal
        from cdp_pipeline.operations.validation import settings_of
        from cdp_pipeline.orchestration.progress import Progress

        console = Console(file=sys.stdout, highlight=False)  # the boundary silences what is printed elsewhere
        progress = Progress(console)
        day = read_day(as_of, "--as-of", settings_of(project).zone)
        alarm = telling_of_refusal(data.resolve(), project, str(day), partial(click.echo, err=True))
        with nullcontext() if no_alert else alarm:
            outcome = run_night(exports, data, project, day, progress)
    is_stopped = stop.number != 0 and not outcome.snapshot
    if is_stopped:
        click.echo(_last_words(data, before, stop), err=True)
    is_told = bool(outcome.failed_runs) and not no_alert
    problems = tell_of_runs(outcome.failed_runs, data.resolve(), project) if is_told else []
    if not is_stopped and not console.is_terminal:
        console.print(progress.table())
    for line in dict.fromkeys([*(() if is_stopped else outcome.failures), *problems]):
        click.echo(line, err=True)
    if is_stopped:
        sys.exit(stop.exit_code)
    if not outcome.snapshot:
        if outcome.exit_code == CdpError.exit_code:
            click.echo(_UNEXPECTED, err=True)
        click.echo(publication_since(data, before), err=True)
        sys.exit(outcome.exit_code)
    click.echo(f"published {outcome.snapshot}")
    click.echo(f"  warehouse  {data / 'warehouse.duckdb'}")
    click.echo(f"  report     {data / 'current' / 'reports' / 'index.html'}")
    click.echo(f"  audiences  {data / 'current' / 'activation'}")


def _last_words(data: Path, before: str, stop: Interruption) -> str:
    unchanged = published_name(data) == before
    return f"{stop.words}; {'nothing was published; run again' if unchanged else publication_since(data, before)}"
