"""The `cdp quarantine` commands: what was kept out, and putting it right.

What belongs here: their options and words on the terminal. What does not: any work (staging).
"""

from __future__ import annotations

from pathlib import Path

import click

from cdp_pipeline.cli.look import DATA, PROJECT, REASON
from cdp_pipeline.project.days import read_day


@click.group()
def quarantine() -> None:
    """Rows that were kept out: list them, export them, correct them, replay them."""


@quarantine.command(name="list")
@click.option("--table", default="", help="Only this core table; `lines` for records set aside by the readers.")
@DATA
@PROJECT
def list_(table: str, data: Path, project: Path) -> None:
    """Say how many rows of which source are in quarantine, and why."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import open_published
    from cdp_pipeline.staging.quarantine_file import groups

    quarantined = groups(open_published(read_project(project), data), table)
    grid = Table(box=None, pad_edge=False)
    for title in ("rows", "files", "table", "source", "why"):
        grid.add_column(title, justify="right" if title in {"rows", "files"} else "left", overflow="fold")
    for group in quarantined:
        grid.add_row(f"{group.rows:,}", f"{group.files:,}", group.table, group.source, escape(group.reasons))
    console = Console()
    if quarantined:
        console.print(grid)
    console.print(f"{sum(group.rows for group in quarantined):,} rows in quarantine")


@quarantine.command()
@click.argument("table")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="CSV file to write, for you alone.")
@click.option("--source", default="", help="Only rows of this source.")
@REASON
@DATA
@PROJECT
def export(table: str, out: Path, source: str, reason: str, data: Path, project: Path) -> None:
    """Write the quarantined rows of a core table to a CSV file, to be corrected there."""
    from cdp_pipeline.privacy.door import Door
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import open_published
    from cdp_pipeline.staging import quarantine_file

    published = open_published(read_project(project), data)
    quarantine_file.expect_table(published, table)
    leave = Door(data, "quarantine export", reason=reason).enter(table=f"quarantine.{table}")
    rows = quarantine_file.export(leave, published, table, source, out)
    click.echo(f"{rows:,} rows in {out}: correct the cells, leave the columns that begin with _ as they are, then")
    click.echo(f"cdp quarantine replay {out}")
    click.echo("it holds personal data: delete it when you are done")


@quarantine.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--reviewer", default="", help="Who corrected.  [default: the user of this terminal]")
@click.option("--decided-at", default="", help="Day of the correction, YYYY-MM-DD.  [default: today]")
@click.option("--dry-run", is_flag=True, help="Only check.")
@DATA
@PROJECT
def replay(file: Path, reviewer: str, decided_at: str, dry_run: bool, data: Path, project: Path) -> None:
    """Take the corrected rows of FILE; the next run uses them instead of the bad ones."""
    from cdp_pipeline.ledgers.replays import add_replays
    from cdp_pipeline.privacy.door import account
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import open_published
    from cdp_pipeline.staging.quarantine_file import read_back

    shapes = read_project(project)
    decided = read_day(decided_at, "--decided-at", shapes.settings.zone)
    corrections = read_back(open_published(shapes, data), file, decided, reviewer or account())
    for column, cells in corrections.columns.items():
        click.echo(f"{column}: {cells:,} cells corrected")
    click.echo(f"{len(corrections.replays):,} rows corrected, {corrections.unchanged:,} as they were")
    if dry_run or not corrections.replays:
        click.echo("nothing was written")
        return
    add_replays(data, corrections.replays)
    click.echo("the next cdp run uses them")


COMMANDS = (quarantine,)
