"""The `cdp` commands for the rights of people: access, restrict, correct, requests, processing.

What belongs here: their options and words on the terminal. What does not: any work, and erasure
(cli/privacy.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from cdp_pipeline.cli.look import DATA, PROJECT, REASON
from cdp_pipeline.errors import InputError
from cdp_pipeline.project.days import read_day_gone_by, today

_STATES = {"received": "received", "waiting": "waiting for the night", "lifted": "lifted", "carried_out": "carried out"}
RECEIVED = click.option("--received", default="", help="Day the request came, YYYY-MM-DD.  [default: today]")


@click.command()
@click.argument("subject")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder, which only you may read.")
@click.option("--include-lookalikes", is_flag=True, help="Records too that only look like those of this person.")
@click.option("--portable", is_flag=True, help="Only what the person gave, to take along (Art. 20).")
@RECEIVED
@REASON
@DATA
@PROJECT
def access(
    subject: str,
    out: Path,
    include_lookalikes: bool,
    portable: bool,
    received: str,
    reason: str,
    data: Path,
    project: Path,
) -> None:
    """Hand out what is held on a person: SUBJECT is an e-mail address, a phone number, source:record_id or an id.

    Writes JSON, CSV and a page, with sources, purposes, recipients and every file the person was in.
    """
    from cdp_pipeline.privacy import access_files, register
    from cdp_pipeline.privacy.access import gather
    from cdp_pipeline.privacy.door import Door
    from cdp_pipeline.privacy.keys import key_in_force
    from cdp_pipeline.privacy.replica import keep_copy
    from cdp_pipeline.privacy.subject import find_subject
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import expect_published
    from cdp_pipeline.run.manifest import read_manifest

    shapes = read_project(project)
    key = key_in_force(shapes.settings.key_env, data)
    snapshot, zone = expect_published(data), shapes.settings.zone
    person = find_subject(snapshot, subject, shapes.settings.country)
    leave = Door(data, "access", key, reason).enter([person])
    request = register.add_request(data, "access", person, key, read_day_gone_by(received, "--received", zone))
    holdings = gather(leave, snapshot, person, subject, lookalikes=include_lookalikes)
    files = access_files.write_access(out, shapes, holdings, read_manifest(snapshot).as_of, portable=portable)
    register.advance(data, [request.request_id], "carried_out")
    keep_copy(data, shapes.settings.register_copy)
    rows = sum(len(rows) for rows in holdings.tables.values())
    click.echo(
        f"request {request.request_id}: {rows:,} rows of {len(holdings.tables)} tables, in {out} ({len(files)} files)"
    )
    if holdings.withheld:
        click.echo(f"{holdings.withheld} records left out: only likeness joins them; --include-lookalikes adds them")
    click.echo("it is about a person: hand it over safely, then delete it")


@click.command()
@click.argument("subject")
@click.option("--object", "is_objection", is_flag=True, help="Objection to marketing and profiling (Art. 21).")
@click.option("--lift", "is_lifted", is_flag=True, help="End it; tell the person before you do.")
@RECEIVED
@DATA
@PROJECT
def restrict(subject: str, is_objection: bool, is_lifted: bool, received: str, data: Path, project: Path) -> None:
    """Keep a person's data and use it no more (Art. 18): out of all segments and audiences from the next run on."""
    from cdp_pipeline.privacy import restriction
    from cdp_pipeline.privacy.keys import earlier_keys, key_in_force
    from cdp_pipeline.privacy.replica import keep_copy
    from cdp_pipeline.privacy.subject import find_subject
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import expect_published

    settings = read_project(project).settings
    key = key_in_force(settings.key_env, data)
    snapshot, kind = expect_published(data), "object" if is_objection else "restrict"
    person = find_subject(snapshot, subject, settings.country)
    if is_lifted:
        count = restriction.lift(
            snapshot, data, person, kind, (key, *earlier_keys(settings.key_env, data)), settings.country
        )
        keep_copy(data, settings.register_copy)
        click.echo(f"lifted: {count} request{'s' if count > 1 else ''}; the next run uses the data again")
        return
    day = read_day_gone_by(received, "--received", settings.zone)
    request = restriction.restrict(snapshot, data, person, kind, key, day, settings.country)
    keep_copy(data, settings.register_copy)
    click.echo(f"request {request.request_id}: {restriction.KINDS[kind]} from the next run on")
    click.echo(
        "files already handed to recipients still hold the person: run cdp run now, and deliver its removal files"
    )
    if not request.is_new:
        click.echo("it had been asked before")


@click.command()
@click.argument("subject")
@click.argument("column")
@click.argument("value", required=False, default="")
@click.option("--lift", "is_lifted", is_flag=True, help="Take the correction away; the export's value counts again.")
@click.option("--reviewer", default="", help="Who decides.  [default: the user of this terminal]")
@RECEIVED
@DATA
@PROJECT
def correct(
    subject: str, column: str, value: str, is_lifted: bool, reviewer: str, received: str, data: Path, project: Path
) -> None:
    """Correct a COLUMN of people records to VALUE (Art. 16); it holds against every later export.

    SUBJECT source:record_id names one record; a person stands for all records that fill the column. Without
    VALUE the cell is emptied.
    """
    from cdp_pipeline.privacy import corrections, register
    from cdp_pipeline.privacy.door import account
    from cdp_pipeline.privacy.keys import key_in_force
    from cdp_pipeline.privacy.replica import keep_copy
    from cdp_pipeline.privacy.subject import find_subject
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import expect_published

    shapes = read_project(project)
    key = key_in_force(shapes.settings.key_env, data)
    snapshot, zone = expect_published(data), shapes.settings.zone
    contract = shapes.contracts["people"]
    problem = corrections.mistake(contract, column, value)
    if problem:
        raise InputError(problem)
    person = find_subject(snapshot, subject, shapes.settings.country)
    records = corrections.meant(snapshot, person, subject, column)
    if is_lifted:
        click.echo(f"lifted: {corrections.lift(data, records, column)} cells; the next run uses the export's value")
        return
    request = register.add_request(data, "correct", person, key, read_day_gone_by(received, "--received", zone))
    replaced = corrections.replaced_by(snapshot, person, subject, column)
    new = corrections.correct(data, contract, records, column, value, today(zone), reviewer or account(), replaced)
    register.advance(data, [request.request_id], "waiting")
    keep_copy(data, shapes.settings.register_copy)
    click.echo(f"request {request.request_id}: {column} of {len(records)} records, in force from the next run on")
    if not new:
        click.echo("it had been corrected so before")


@click.command()
@click.option("--open", "only_open", is_flag=True, help="Only those that are not carried out.")
@DATA
@PROJECT
def requests(only_open: bool, data: Path, project: Path) -> None:
    """List the requests of people with their states and due dates; exit code 4 when one is overdue."""
    from cdp_pipeline.privacy.register import read_requests
    from cdp_pipeline.project.project import read_project

    day, late = today(read_project(project).settings.zone), 0
    for request in sorted(read_requests(data), key=lambda r: (not r.is_open, r.due_date, r.request_id)):
        if not request.is_open and only_open:
            continue
        since = getattr(request, f"{request.status}_at").replace("T", " ").replace("+00:00", " UTC")
        words = f"{request.request_id}  {request.kind:8} {_STATES[request.status]:21}  {since}".rstrip()
        if request.is_open:
            days = (date.fromisoformat(request.due_date) - day).days
            late += days < 0
            left = f"OVERDUE by {-days} days" if days < 0 else f"{days} days left"
            words = f"{words}  due {request.due_date}  {left}"
        click.echo(words)
    click.echo(f"{late} overdue")
    raise SystemExit(4 if late else 0)


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="Write a .md or .html file.  [default: print]"
)
@PROJECT
def processing(out: Path | None, project: Path) -> None:
    """Write the record of processing activities (Art. 30) and the facts for an impact assessment."""
    from cdp_pipeline.privacy import records_of_processing as record
    from cdp_pipeline.project.project import read_project

    shapes = read_project(project)
    if out and out.suffix not in {".md", ".html"}:
        raise InputError(f"{out}: expected a name that ends in .md or .html")
    text = record.as_page(shapes) if out and out.suffix == ".html" else record.as_markdown(shapes)
    if out:
        out.write_text(text, encoding="utf-8")
        click.echo(f"written to {out}")
    else:
        click.echo(text, nl=False)
    for line in record.unfinished(shapes):
        click.echo(line, err=True)


COMMANDS = (access, restrict, correct, requests, processing)
