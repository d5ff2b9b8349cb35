"""The `cdp` command.

What belongs here: options, exit codes and words on the terminal. What does not: any work; each
command calls the module that does it, and imports it only then.
"""

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from cdp_pipeline.errors import CdpError, InputError, nearest

DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("data"),
    show_default=True,
    help="Folder of snapshots and warehouses.",
)
PROJECT = click.option(
    "--project",
    type=click.Path(path_type=Path),
    default=Path("dbt_like_sql"),
    show_default=True,
    help="Folder that says what to do.",
)


class _Commands(click.Group):
    """A mistake of the user ends in plain lines and an exit code, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CdpError as error:
            for problem in error.problems:
                click.echo(problem, err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Commands, context_settings={"max_content_width": 110})
@click.version_option(package_name="cdp-pipeline")
def main() -> None:
    """A customer data platform on one machine: exports in; profiles, segments and audiences out."""


@main.command()
@click.option("--people", default=5000, show_default=True, help="People in the invented population.")
@click.option(
    "--days", default=1, show_default=True, help="Nights of deliveries; the first holds the history."
)
@click.option("--seed", default=7, show_default=True, help="Another seed, another population.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("data/exports"),
    show_default=True,
    help="Where to write.",
)
def demo(people: int, days: int, seed: int, out: Path) -> None:
    """Write consistent exports of an invented European customer base, with the truth beside them."""
    from cdp_pipeline.demo.exports import write_exports

    written = write_exports(out, people=people, days=days, seed=seed)
    for file, rows in written.items():
        click.echo(f"{file}: {rows:,} rows")


@main.command()
@click.option(
    "--exports",
    type=click.Path(path_type=Path),
    default=Path("data/exports"),
    show_default=True,
    help="Folder of export files.",
)
@click.option(
    "--as-of", default="", help="Day of the run, YYYY-MM-DD.  [default: today in the project's zone]"
)
@DATA
@PROJECT
def run(exports: Path, as_of: str, data: Path, project: Path) -> None:
    """Run the nightly job: exports in, published profiles, segments, audiences and report out."""
    from rich.console import Console

    from cdp_pipeline.instance import bury_dead_runs, open_instance, start_run
    from cdp_pipeline.progress import Progress
    from cdp_pipeline.schedules import NIGHTLY

    as_of = str(_day(as_of)) if as_of else ""
    if not exports.is_dir():
        raise InputError(
            f"{exports} is not a folder: put exports there, or make demo exports with: cdp demo --out {exports}"
        )
    os.environ["CDP_PROJECT"] = str(project.resolve())
    console = Console(highlight=False)
    resources = {"exports": str(exports.resolve()), "data": str(data.resolve()), "as_of": as_of}
    with open_instance(data) as instance, Progress(console) as progress:
        bury_dead_runs(instance)
        finished = start_run(instance, NIGHTLY, resources, progress.listen, {"cdp/started_by": "cdp run"})
    if not console.is_terminal:
        console.print(progress.table())
    for line in dict.fromkeys(progress.failures):
        click.echo(line, err=True)
    if not finished.is_success or not progress.snapshot:
        click.echo("nothing was published; what was published before is as it was", err=True)
        sys.exit(progress.exit_code or 1)
    click.echo(f"published {progress.snapshot}")
    click.echo(f"  warehouse  {data / 'warehouse.duckdb'}")
    click.echo(f"  report     {data / 'current' / 'reports' / 'index.html'}")
    click.echo(f"  audiences  {data / 'current' / 'activation'}")


@main.command()
@click.option("--port", default=3000, show_default=True)
@DATA
@PROJECT
def ui(port: int, data: Path, project: Path) -> None:
    """Open the Dagster UI of this data folder, on this machine only."""
    from cdp_pipeline.instance import open_instance

    open_instance(data).dispose()
    os.environ["CDP_PROJECT"] = str(project.resolve())
    os.environ["CDP_DATA"] = str(data.resolve())
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
    os.execv(sys.executable, command)


@main.command()
@DATA
@PROJECT
def check(data: Path, project: Path) -> None:
    """Run every check on what is published; exit code 4 when a blocking one fails."""
    from cdp_pipeline.pipeline import build_pipeline
    from cdp_pipeline.project import read_project
    from cdp_pipeline.quality.checks import evaluate

    found = build_pipeline(read_project(project))
    looked_at = _published(data, project)
    verdicts = evaluate(looked_at, found.checks)
    broken = sum(verdict.is_blocking and not verdict.passed for verdict in verdicts.values())
    for item in found.checks:
        if not verdicts[item.name].passed:
            rows = verdicts[item.name].failing_rows
            click.echo(
                f"{item.severity}: {item.name}: {rows} rows; {item.fix} (owner: {item.owner})", err=True
            )
    click.echo(f"{len(found.checks)} checks, {broken} blocking failures")
    sys.exit(4 if broken else 0)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@PROJECT
def probe(file: Path, project: Path) -> None:
    """Profile a sample export and draft its source YAML."""
    from cdp_pipeline.sources.probe import draft_yaml, print_profile, profile_file

    profile = profile_file(file)
    print_profile(profile)
    click.echo(draft_yaml(profile))


@main.command()
@click.argument("table", required=False)
@click.option("--limit", default=20, show_default=True, help="Rows to show.")
@click.option("--clear", is_flag=True, help="Personal columns in clear, from the full warehouse.")
@DATA
def show(table: str | None, limit: int, clear: bool, data: Path) -> None:
    """Print a published table; without TABLE, list all tables with their rows."""
    import duckdb

    path = data / ("warehouse_full.duckdb" if clear else "warehouse.duckdb")
    if not path.exists():
        raise InputError(f"{path} not found: nothing is published in {data} yet; run cdp run")
    with duckdb.connect(str(path.resolve()), read_only=True) as con:
        known = {
            f"{s}.{t}": n
            for s, t, n in con.execute(
                "select schema_name, table_name, estimated_size from duckdb_tables() order by 1, 2"
            ).fetchall()
        }
        if table is None:
            for name, rows in known.items():
                click.echo(f"{name}  {rows:,} rows")
        elif table not in known:
            raise InputError(f"no table {table} in {path}{nearest(table, known)}")
        else:
            con.sql(f"from {table} limit {int(limit)}").show(max_width=200)


@main.command()
@click.argument("person")
@DATA
def explain(person: str, data: Path) -> None:
    """Say which records make a person, and what joins them."""
    from cdp_pipeline.identity.explain import explain_person
    from cdp_pipeline.lake import published_snapshot

    snapshot = published_snapshot(data)
    if snapshot is None:
        raise InputError(f"nothing is published in {data} yet; run cdp run")
    click.echo(explain_person(snapshot, person))


@main.command()
@click.argument("records", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet or CSV of record_id, person_id, confidence.",
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="COLUMN=PEOPLE_COLUMN",
    help="Name a column's meaning; attributes.NAME adds any other as evidence.",
)
@click.option(
    "--id",
    "id_column",
    default=None,
    help="Column with the record id.  [default: record_id, id, or the first unique one]",
)
@PROJECT
def resolve(records: Path, out: Path, mapping: tuple[str, ...], id_column: str | None, project: Path) -> None:
    """Find out which rows of any CSV or Parquet are the same person."""
    from cdp_pipeline.identity.matching import load_matching
    from cdp_pipeline.identity.resolve import resolve_file
    from cdp_pipeline.project import read_project

    wrong = [item for item in mapping if "=" not in item]
    if wrong:
        raise InputError([f"--map {item}: expected COLUMN=PEOPLE_COLUMN" for item in wrong])
    pairs = dict(item.split("=", 1) for item in mapping)
    country = read_project(project).settings.country
    said = resolve_file(records, out, pairs, id_column, load_matching(project / "3_identity"), country)
    click.echo(f"{said['records']:,} records are {said['persons']:,} people; written to {out}")
    click.echo(f"record id: {said['id_column']}")
    for column, meaning in said["used"].items():
        click.echo(f"used: {column} as {meaning}")
    for column in said["not_used"]:
        click.echo(f"not used: {column}")
    if said["birth_dates"]:
        click.echo(said["birth_dates"])


@main.command()
@DATA
def snapshots(data: Path) -> None:
    """List the published states that are kept."""
    from cdp_pipeline.publishing.snapshots import snapshots as listed

    for snapshot in listed(data):
        mark = "*" if snapshot.is_current else " "
        click.echo(
            f"{mark} {snapshot.id}  as of {snapshot.as_of}  published {snapshot.published_at}  {snapshot.tables} tables"
        )


@main.command()
@click.argument("snapshot", required=False)
@DATA
def rollback(snapshot: str | None, data: Path) -> None:
    """Publish an earlier snapshot again; without SNAPSHOT, the one before the current."""
    from cdp_pipeline.publishing.snapshots import rollback as roll

    click.echo(f"published again: {roll(data, snapshot)}")


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise InputError(f"--as-of {text}: expected a day as YYYY-MM-DD") from None


def _published(data: Path, project: Path) -> Any:
    from cdp_pipeline.lake import Run, published_snapshot
    from cdp_pipeline.manifest import read_manifest
    from cdp_pipeline.project import read_project

    snapshot = published_snapshot(data)
    if snapshot is None:
        raise InputError(f"nothing is published in {data} yet; run cdp run")
    as_of = date.fromisoformat(read_manifest(snapshot).as_of)
    return Run(
        read_project(project), data / "exports", data, as_of, "check", b"", published=snapshot, at=snapshot
    )
