"""The `cdp` command that erases: `cdp forget`.

What belongs here: its options and words on the terminal. What does not: any work, and the other rights
(rights.py).
"""

from __future__ import annotations

from pathlib import Path

import click

from cdp_pipeline.cli.look import DATA, PROJECT
from cdp_pipeline.project.days import read_day_gone_by


@click.command()
@click.argument("subject")
@click.option("--received", default="", help="Day the request came, YYYY-MM-DD.  [default: today]")
@DATA
@PROJECT
def forget(subject: str, received: str, data: Path, project: Path) -> None:
    """Erase a person: SUBJECT is an e-mail address, a phone number, source:record_id or a person id.

    The next run takes the person out of everything and writes a certificate; no later export brings
    the person back.
    """
    from cdp_pipeline.privacy.certificate import BY_NAME_ONLY, path_of
    from cdp_pipeline.privacy.keys import key_in_force
    from cdp_pipeline.privacy.replica import keep_copy
    from cdp_pipeline.privacy.request import forget as take_down
    from cdp_pipeline.project.project import read_project

    shapes = read_project(project)
    settings = shapes.settings
    key = key_in_force(settings.key_env, data)
    day = read_day_gone_by(received, "--received", settings.zone)
    asking = take_down(data, subject, key, day, shapes)
    keep_copy(data, settings.register_copy)
    records = len(asking.subject.records)
    click.echo(f"request {asking.request.request_id}, due {asking.request.due_date}")
    if not asking.request.is_open:
        click.echo(f"erased before; the certificate: {path_of(data, asking.request.request_id).relative_to(data)}")
        return
    if asking.subject.person_id:
        click.echo(f"{asking.subject.person_id}: {records:,} records will be erased by the next run")
    else:
        click.echo("nobody is known by this; it will be kept out from now on")
    if asking.subject.shared:
        click.echo(f"{len(asking.subject.shared)} of the identifiers are somebody else's too and stay theirs")
    if not asking.is_recognised:
        click.echo(BY_NAME_ONLY)
    if not asking.tombstones:
        click.echo("it had been asked before")


COMMANDS = (forget,)
