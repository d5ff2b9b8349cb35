"""The `cdp` command.

What belongs here: options, exit codes and words on the terminal. What does not: any work; each
command calls the module that does it, and imports it only then.
"""

import os
import sys
from pathlib import Path
from typing import Any

import click

from cdp_pipeline.cli import identity, look, operations, privacy, quarantine, rights
from cdp_pipeline.cli.look import DATA, PROJECT
from cdp_pipeline.cli.run import run
from cdp_pipeline.errors import CdpError, place_of
from cdp_pipeline.run.machine import machine_error


class _Commands(click.Group):
    """A mistake of the user ends in plain lines and an exit code, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CdpError as error:
            for problem in error.problems:
                click.echo(problem, err=True)
            ctx.exit(error.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if os.environ.get("CDP_SHOW_ERRORS"):
                raise
            if refusal := machine_error(error):
                click.echo(str(refusal), err=True)
                ctx.exit(refusal.exit_code)
            click.echo(f"unexpected: {place_of(error)} (CDP_SHOW_ERRORS=1 shows it in full)", err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"max_content_width": 110})
@click.version_option(package_name="cdp-pipeline")
def main() -> None:
    """A customer data platform on one machine: exports in; profiles, segments and audiences out."""


for command in (
    run,
    *look.COMMANDS,
    *identity.COMMANDS,
    *privacy.COMMANDS,
    *rights.COMMANDS,
    *operations.COMMANDS,
    *quarantine.COMMANDS,
):
    main.add_command(command)


@main.command()
@click.option("--people", default=5000, show_default=True, help="People in the invented population.")
@click.option("--days", default=1, show_default=True, help="Nights of deliveries; the first holds the history.")
@click.option("--seed", default=7, show_default=True, help="Another seed, another population.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("data/exports"), show_default=True, help="Where to write."
)
def demo(people: int, days: int, seed: int, out: Path) -> None:
    """Write consistent exports of an invented European customer base, with the truth beside them."""
    from cdp_pipeline.demo.exports import write_exports

    for file, rows in write_exports(out, people=people, days=days, seed=seed).items():
        click.echo(f"{file}: {rows:,} rows")


@main.command()
@click.option("--port", default=3000, show_default=True, help="Where it listens.")
@DATA
@PROJECT
def ui(port: int, data: Path, project: Path) -> None:
    """Open the Dagster UI of this data folder, on this machine only."""
    from cdp_pipeline.orchestration.instance import prepare_ui

    command = prepare_ui(data, project, port)
    click.echo(f"http://127.0.0.1:{port}  (stop with Ctrl-C)")
    os.execv(command[0], command)  # noqa: S606  (replaces this process, so that Ctrl-C reaches the UI)


@main.command()
@DATA
@PROJECT
def check(data: Path, project: Path) -> None:
    """Run every check on what is published; exit code 4 when a blocking one fails."""
    from cdp_pipeline.operations.doctor import check_published

    verdicts = check_published(project, data)
    for name, verdict in verdicts.items():
        if not verdict.passed:
            severity = "error" if verdict.is_blocking else "warn"
            rows = f" {verdict.failing_rows} rows;" if verdict.failing_rows else ""
            click.echo(f"{severity}: {name}:{rows} {verdict.fix} (owner: {verdict.owner})", err=True)
    failures = [verdict for verdict in verdicts.values() if not verdict.passed]
    blocking = sum(verdict.is_blocking for verdict in failures)
    click.echo(f"{len(verdicts)} checks, {blocking} blocking failures, {len(failures) - blocking} warnings")
    sys.exit(4 if blocking else 0)


@main.command()
@DATA
def snapshots(data: Path) -> None:
    """List the published states that are kept."""
    from cdp_pipeline.publishing.snapshots import snapshots as published_states

    for snapshot in published_states(data):
        mark = "*" if snapshot.is_current else " "
        if not snapshot.as_of:
            click.echo(f"{mark} {snapshot.id}  damaged: its manifest.json cannot be read")
            continue
        click.echo(
            f"{mark} {snapshot.id}  as of {snapshot.as_of}  published {snapshot.published_at}  {snapshot.tables} tables"
        )


@main.command()
@click.argument("snapshot", required=False)
@DATA
@PROJECT
def rollback(snapshot: str | None, data: Path, project: Path) -> None:
    """Publish an earlier snapshot again; without SNAPSHOT, the one before the current.

    A night from before an erasure is made again, without who was erased since.
    """
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.publishing.rollback import roll_back

    rollback = roll_back(read_project(project), data, snapshot)
    click.echo(f"published again: {rollback.snapshot}")
    if rollback.erasures:
        click.echo(f"made again as {rollback.published}, without who was erased since ({rollback.erasures} requests)")
    click.echo("its audience files are gone, because permissions may have changed since; cdp run makes new ones")
