"""The `cdp` commands that only look: at an export, at what is published, or at a file of one's own.

What belongs here: their options and words. What does not: the commands that change a data folder
(cli/), and any work; each command imports what does it only then.
"""

from pathlib import Path

import click

from cdp_pipeline.errors import InputError, nearest

DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("data"),
    show_default=True,
    help="Folder of snapshots and warehouses.",
)
EXPORTS = click.option(
    "--exports",
    type=click.Path(path_type=Path),
    default=Path("data/exports"),
    show_default=True,
    help="Folder of export files.",
)
PROJECT = click.option(
    "--project",
    type=click.Path(path_type=Path),
    default=Path("dbt_like_sql"),
    show_default=True,
    help="Folder that says what to do.",
)
REASON = click.option(
    "--reason", default="", help="Why you look, for the log of who looked: the number of a case, and nobody's name."
)


@click.command()
@PROJECT
def validate(project: Path) -> None:
    """Say every mistake in the project folder; reads no data, takes seconds. Exit code 2 when there is one."""
    from cdp_pipeline.operations import validation

    settings, pipeline = validation.validate(project)
    counts = (
        (len(settings.sources), "sources"), (len(settings.contracts), "core tables"), (len(settings.models), "models"),
        (len(pipeline.checks), "checks"), (len(settings.segmentations) + len(settings.audiences), "segmentations and audiences"),
        (len(settings.destinations), "destinations"),
    )  # fmt: skip
    click.echo(f"{project}: no mistake in {', '.join(f'{number} {words}' for number, words in counts)}")


@click.command()
@EXPORTS
@click.option("--as-of", default="", help="Day of the run, YYYY-MM-DD.  [default: today in the project's zone]")
@click.option("--all", "shows_all", is_flag=True, help="Each step, also those that are reused.")
@DATA
@PROJECT
def plan(exports: Path, as_of: str, shows_all: bool, data: Path, project: Path) -> None:
    """Say what `cdp run` would make, and why, and what it would use again; makes nothing."""
    from collections import Counter

    from cdp_pipeline.operations.plan import plan_of
    from cdp_pipeline.operations.validation import settings_of
    from cdp_pipeline.project.days import read_day

    day = read_day(as_of, "--as-of", settings_of(project).zone)
    planned = plan_of(project, exports.resolve(), data.resolve(), day)
    for one in planned:
        if shows_all or one.verdict != "reused":
            click.echo(f"{one.verdict:8}  {', '.join(one.step.names)}: {one.reason}")
    counts = Counter(one.verdict for one in planned)
    click.echo(f"{counts['runs']} steps run, {counts['may run']} may run, {counts['reused']} are used again")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@PROJECT
def probe(file: Path, project: Path) -> None:
    """Profile a sample export and draft its source YAML, by the names under which the contracts know columns."""
    from cdp_pipeline.project.project import read_files
    from cdp_pipeline.sources.probe import draft_yaml, print_profile, profile_file

    profile = profile_file(file)
    print_profile(profile)
    click.echo(draft_yaml(profile, read_files(project)[0].contracts))


@click.command()
@click.argument("table", required=False)
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Rows to show.")
@click.option("--clear", is_flag=True, help="Personal columns in clear, from the full warehouse; who looks is logged.")
@REASON
@DATA
def show(table: str | None, limit: int, clear: bool, reason: str, data: Path) -> None:
    """Print a published table; without TABLE, list all tables with their rows."""
    import duckdb

    from cdp_pipeline.privacy.door import Door

    path = data / "warehouse.duckdb"
    if clear and table is not None:
        path = Door(data, "show --clear", reason=reason).enter(table=table).warehouse
    if not path.exists():
        raise InputError(f"{path} not found: nothing is published in {data} yet; run cdp run")
    with duckdb.connect(str(path.resolve()), read_only=True) as con:
        tables = {
            f"{s}.{t}": n
            for s, t, n in con.execute(
                "select schema_name, table_name, estimated_size from duckdb_tables() order by 1, 2"
            ).fetchall()
        }
        if table is None:
            for name, rows in tables.items():
                click.echo(f"{name}  {rows:,} rows")
        elif table not in tables:
            raise InputError(f"no table {table} in {path}{nearest(table, tables)}")
        else:
            con.sql(f"from {table} limit {limit}").show(max_width=200, max_rows=limit)


@click.command()
@click.argument("records", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Parquet or CSV of record_id, person_id, confidence."
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
    from cdp_pipeline.project.project import read_project

    wrong = [item for item in mapping if "=" not in item]
    if wrong:
        raise InputError([f"--map {item}: expected COLUMN=PEOPLE_COLUMN" for item in wrong])
    pairs = dict(item.split("=", 1) for item in mapping)
    country = read_project(project).settings.country
    summary = resolve_file(records, out, pairs, id_column, load_matching(project / "3_identity"), country)
    click.echo(f"{summary['records']:,} records are {summary['persons']:,} people; written to {out}")
    click.echo(f"record id: {summary['id_column']}")
    for column, meaning in summary["used"].items():
        if column not in summary["not_compared"]:
            click.echo(f"used: {column} as {meaning}")
    for column, why in summary["not_compared"].items():
        click.echo(f"read, not compared: {column} as {summary['used'][column]} ({why})")
    for column in summary["not_used"]:
        click.echo(f"not used: {column}")
    for hint in summary["hints"]:
        click.echo(f"could be evidence, with: {hint}")
    if summary["birth_dates"]:
        click.echo(summary["birth_dates"])


COMMANDS = (validate, plan, probe, show, resolve)
