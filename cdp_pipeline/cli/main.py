"""The `cdp` command.

What belongs here: options, exit codes and words on the terminal. What does not: any work; each
command calls the module that does it, and imports it only then.
"""

import os
import sys
from pathlib import Path
from typing import Any

import click

from cdp_pipeline.cli import identity as cli_identity
from cdp_pipeline.cli import look as cli_look
from cdp_pipeline.cli import operations as cli_operations
from cdp_pipeline.cli import privacy as cli_privacy
from cdp_pipeline.cli import quarantine as cli_quarantine
from cdp_pipeline.cli import rights as cli_privacy_rights
from cdp_pipeline.cli import run as cli_run
from cdp_pipeline.cli.look import DATA, PROJECT
from cdp_pipeline.errors import CdpError, InputError, place_of
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
            if said := machine_error(error):
                click.echo(str(said), err=True)
                ctx.exit(said.exit_code)
            click.echo(f"unexpected: {place_of(error)} (CDP_SHOW_ERRORS=1 shows it in full)", err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"max_content_width": 110})
@click.version_option(package_name="cdp-pipeline")
def main() -> None:
    """A customer data platform on one machine: exports in; profiles, segments and audiences out."""


for command in (
    cli_run.run,
    *cli_look.COMMANDS,
    *cli_identity.COMMANDS,
    *cli_privacy.COMMANDS,
    *cli_privacy_rights.COMMANDS,
    *cli_operations.COMMANDS,
    *cli_quarantine.COMMANDS,
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

    written = write_exports(out, people=people, days=days, seed=seed)
    for file, rows in written.items():
        click.echo(f"{file}: {rows:,} rows")


@main.command()
@click.option("--port", default=3000, show_default=True, help="Where it listens.")
@DATA
@PROJECT
def ui(port: int, data: Path, project: Path) -> None:
    """Open the Dagster UI of this data folder, on this machine only."""
    from cdp_pipeline.orchestration.instance import open_instance

    open_instance(data).dispose()
    os.environ["CDP_PROJECT"] = str(project.resolve())
    os.environ["CDP_DATA"] = str(data.resolve())
    os.chdir(data)  # a .env in the working directory would lead Dagster to another history
    click.echo(f"http://127.0.0.1:{port}  (stop with Ctrl-C)")
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "cdp_pipeline.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    os.execv(sys.executable, command)  # noqa: S606  (replaces this process, so that Ctrl-C reaches the UI)


@main.command()
@DATA
@PROJECT
def check(data: Path, project: Path) -> None:
    """Run every check on what is published; exit code 4 when a blocking one fails."""
    from cdp_pipeline.pipeline import build_pipeline
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.quality.candidate import evaluate_candidate
    from cdp_pipeline.quality.checks import evaluate
    from cdp_pipeline.run.lake import open_published

    found = build_pipeline(read_project(project))
    looked_at = open_published(read_project(project), data)
    reads = sorted({read for item in found.checks for read in item.reads if read in found.tables})
    missing = [read for read in reads if not looked_at.path(read).exists()]
    if missing:
        raise InputError(f"published before {', '.join(missing)} came to {project}; run cdp run")
    verdicts = evaluate(looked_at, found.checks) | evaluate_candidate(looked_at, found.candidate_checks)
    for name, verdict in verdicts.items():
        if not verdict.passed:
            severity = "error" if verdict.is_blocking else "warn"
            rows = f" {verdict.failing_rows} rows;" if verdict.failing_rows else ""
            click.echo(f"{severity}: {name}:{rows} {verdict.fix} (owner: {verdict.owner})", err=True)
    broken = sum(verdict.is_blocking and not verdict.passed for verdict in verdicts.values())
    warned = sum(not verdict.is_blocking and not verdict.passed for verdict in verdicts.values())
    click.echo(f"{len(verdicts)} checks, {broken} blocking failures, {warned} warnings")
    sys.exit(4 if broken else 0)


@main.command()
@DATA
def snapshots(data: Path) -> None:
    """List the published states that are kept."""
    from cdp_pipeline.publishing.snapshots import snapshots as listed

    for snapshot in listed(data):
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

    went = roll_back(read_project(project), data, snapshot)
    click.echo(f"published again: {went.wanted}")
    if went.erasures:
        click.echo(f"made again as {went.published}, without who was erased since ({went.erasures} requests)")
    click.echo("its audience files are gone, because permissions may have changed since; cdp run makes new ones")
