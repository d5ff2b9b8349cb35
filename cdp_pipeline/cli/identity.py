"""The `cdp` commands on who is who: `cdp explain`, and `cdp identity` for stewards.

What belongs here: their options and words on the terminal. What does not: any work; each command
calls the module that does it, and imports it only then.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdp_pipeline.cli.look import DATA, PROJECT, REASON
from cdp_pipeline.errors import InputError, KeyMismatchError
from cdp_pipeline.project.days import read_day

if TYPE_CHECKING:
    from cdp_pipeline.privacy.door import Door


@click.command()
@click.argument("one")
@click.argument("other", required=False)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="With two: write the answer as a page, readable by you alone.",
)
@REASON
@DATA
@PROJECT
def explain(one: str, other: str | None, page: Path | None, reason: str, data: Path, project: Path) -> None:
    """Say what makes a person, or why two are one or two.

    ONE and OTHER are person ids, or records written source:record_id.
    """
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import expect_published

    snapshot = expect_published(data)
    settings = read_project(project).settings
    door = _door(data, "explain", settings.key_env, reason)
    if other is None:
        from cdp_pipeline.explain.person import explain_person

        if page:
            raise InputError("--html shows two people or records beside each other: name a second one")
        click.echo(explain_person(snapshot, one, door, _width()))
        return
    from cdp_pipeline.explain import pair, pair_layout
    from cdp_pipeline.identity.matching import load_matching

    comparison = pair.compare(snapshot, (one, other), load_matching(project / "3_identity"), settings.country, door)
    if page:
        from cdp_pipeline.explain.pair_layout import write_page

        write_page(comparison, page)
        click.echo(f"written to {page}; it is about people, so delete it when you have read it")
    else:
        click.echo(pair_layout.text(comparison, _width()))


@click.group()
def identity() -> None:
    """Look after who is who: review doubtful pairs, judge them, try other settings, train anew."""


@identity.command()
@click.option("--limit", type=click.IntRange(min=1), default=5, show_default=True, help="Pairs to show.")
@click.option("--sample", "is_sample", is_flag=True, help="Pairs drawn by chance instead, to measure accuracy.")
@REASON
@DATA
@PROJECT
def review(limit: int, is_sample: bool, reason: str, data: Path, project: Path) -> None:
    """Show the doubtful pairs that change most, with the commands that decide them."""
    from cdp_pipeline.explain import review as look
    from cdp_pipeline.operations.validation import settings_of
    from cdp_pipeline.run.lake import expect_published

    pairs = look.sample if is_sample else look.review
    snapshot = expect_published(data)
    door = _door(
        data, "identity review --sample" if is_sample else "identity review", settings_of(project).key_env, reason
    )
    click.echo(pairs(snapshot, door, limit, _width()))


@identity.command()
@click.argument("one")
@click.argument("other")
@click.argument("verdict", type=click.Choice(["same", "different"]))
@click.option("--reviewer", default="", help="Who decides.  [default: the user of this terminal]")
@click.option("--note", default="", help="Why, in a few words.")
@click.option(
    "--decided-at", default="", help="Day of the decision, YYYY-MM-DD.  [default: today in the project's zone]"
)
@REASON
@DATA
@PROJECT
def judge(
    one: str,
    other: str,
    verdict: str,
    reviewer: str,
    note: str,
    decided_at: str,
    reason: str,
    data: Path,
    project: Path,
) -> None:
    """Write down that two are the same person or different people; the next run obeys.

    ONE and OTHER are person ids, or records written source:record_id.
    """
    from cdp_pipeline.explain import verdict as verdicts
    from cdp_pipeline.ledgers.ledger import VERDICTS
    from cdp_pipeline.privacy.door import account
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import expect_published

    settings, snapshot = read_project(project).settings, expect_published(data)
    day = read_day(decided_at, "--decided-at", settings.zone)
    door = _door(data, "identity judge", settings.key_env, reason)
    judgement = verdicts.judge(snapshot, door, (one, other), verdict, day, reviewer or account(), note)
    words = "one person" if verdict == "same" else "two people"
    if judgement.is_new:
        click.echo(
            f"{judgement.left} and {judgement.right}: {words}; written to {data / VERDICTS.file}, the next run obeys"
        )
    else:
        click.echo(
            f"{judgement.left} and {judgement.right}: {words}; the newest verdict says so already, nothing was written"
        )


@identity.command()
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of matching.yml; may be repeated."
)
@click.option(
    "--block",
    "blocks",
    multiple=True,
    metavar="KIND:VALUE",
    help="An email or phone that identifies nobody; may be repeated.",
)
@DATA
@PROJECT
def whatif(settings: tuple[str, ...], blocks: tuple[str, ...], data: Path, project: Path) -> None:
    """Show who would merge or split with other settings, and which segments change; publishes nothing."""
    from cdp_pipeline.explain.difference import text
    from cdp_pipeline.explain.published import known_key
    from cdp_pipeline.explain.whatif import what_if
    from cdp_pipeline.project.project import read_project
    from cdp_pipeline.run.lake import expect_published

    expect_published(data)
    variable = read_project(project).settings.key_env
    key = known_key(variable, data)
    if key is None:
        raise KeyMismatchError(f"{variable} is not the key the published data in {data} was made with: set it")
    click.echo(text(what_if(project, data, settings, blocks, key)))


@identity.command()
@DATA
def train(data: Path) -> None:
    """Let the next run train the match model anew, instead of using the saved one."""
    from cdp_pipeline.identity.model.saved_model import ask_for_training
    from cdp_pipeline.run.lake import expect_published

    expect_published(data)
    ask_for_training(data)
    click.echo("the next run trains the match model anew and solves everything again; until then nothing changes")


@identity.command()
@DATA
def accuracy(data: Path) -> None:
    """Show how right the persons are, as far as labels and verdicts tell."""
    from cdp_pipeline.explain.review import accuracy as accuracy_of
    from cdp_pipeline.run.lake import expect_published

    click.echo(accuracy_of(expect_published(data)))


def _width() -> int:
    """Characters of a line: those of the terminal, within reason."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, 72), 120)


def _door(data: Path, command: str, variable: str, reason: str) -> Door:
    """The door, with the key that what is published was made with, if it is held."""
    from cdp_pipeline.explain.published import known_key
    from cdp_pipeline.privacy.door import Door

    return Door(data, command, known_key(variable, data), reason)


COMMANDS = (explain, identity)
