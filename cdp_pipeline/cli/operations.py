"""The `cdp` commands of whoever looks after the nights: did they run, is everything well, the key.

What belongs here: their options and words. What does not: any work (operations/, privacy/keys.py,
privacy/rotation.py); each command imports what does it only then.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from cdp_pipeline.cli.look import DATA, EXPORTS, PROJECT


@click.command()
@DATA
@PROJECT
def nights(data: Path, project: Path) -> None:
    """Say which nights did not publish, and tell whoever `alerts` names; exit code 4 when one is missing.

    Meant to be started by something that does not start the nights: another cron, a monitor.
    """
    from cdp_pipeline.operations.nights import MISSED, commands, look_and_tell
    from cdp_pipeline.operations.validation import readable, settings_of
    from cdp_pipeline.orchestration.instance import open_instance

    settings = settings_of(project)
    with open_instance(data) as instance:
        watch = look_and_tell(instance, settings, lambda: readable(project)[:2], data.resolve(), datetime.now(UTC))
    for problem in watch.problems:
        click.echo(problem, err=True)
    at = f", on {watch.published_at:%Y-%m-%d %H:%M} UTC" if watch.published_at else ""
    click.echo(f"published as of {watch.published}{at}" if watch.published else "nothing is published yet")
    for night in watch.nights:
        click.echo(
            f"{night.day}  due {night.due:%H:%M %Z}  {night.words}"
            + (f" (run {night.run_id[:8]})" * bool(night.run_id))
        )
    missed = [night for night in watch.nights if night.state in MISSED]
    if missed:
        click.echo(f"to make up: {commands(missed)}")
    sys.exit(4 if missed else 0)


@click.command()
@EXPORTS
@click.option("--try-alerts", is_flag=True, help="Send a trial alert over every channel of project.yml.")
@DATA
@PROJECT
def doctor(exports: Path, try_alerts: bool, data: Path, project: Path) -> None:
    """Look the data folder over, and say what to do about each thing that is not well; exit code 1 if any is."""
    from cdp_pipeline.operations.alerts import try_channels
    from cdp_pipeline.operations.doctor import examine, history
    from cdp_pipeline.operations.validation import readable

    shapes, pipeline, mistakes = readable(project)
    for mistake in mistakes:
        click.echo(mistake, err=True)
    with history(data) as (instance, trouble):
        now = datetime.now(UTC)
        findings = [*trouble, *examine(instance, shapes, data.resolve(), exports.resolve(), now, pipeline)]
    for finding in findings:
        mark = {"ok": "  ok ", "note": "note ", "bad": "BAD  "}[finding.state]
        click.echo(f"{mark} {finding.subject}: {finding.words}")
        if finding.state != "ok" and finding.cure:
            click.echo(f"      to do: {finding.cure}")
    problems = try_channels(shapes.settings) if try_alerts else []
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if mistakes or problems or any(finding.state == "bad" for finding in findings) else 0)


@click.command()
@click.argument("copy", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--register",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of requests and tombstones, `register_copy` of project.yml.  [default: that, and the data folder]",
)
@DATA
@PROJECT
def restore(copy: Path, register: Path | None, data: Path, project: Path) -> None:
    """Bring the data folder back from COPY, a backup of it; whoever was erased since stays out.

    Nothing can be read until the next run has applied today's erasures and withdrawals.
    """
    from cdp_pipeline.operations.restore import restore as bring_back
    from cdp_pipeline.project.project import read_project

    restored = bring_back(copy.resolve(), data.resolve(), register, read_project(project))
    click.echo(f"restored {restored.snapshot}, as of {restored.as_of}")
    click.echo(f"{restored.requests:,} requests and {restored.hashes:,} keyed hashes of people hold")
    click.echo(f"{restored.parts:,} newer files of permissions were kept")
    click.echo("next: cdp run; until it has published there is no warehouse, no audience and no report")


@click.group()
def key() -> None:
    """Look after the secret key that ids and pseudonyms are keyed with."""


@key.command()
@EXPORTS
@DATA
@PROJECT
def show(exports: Path, data: Path, project: Path) -> None:
    """Say where the key comes from, and its fingerprint; never the key itself."""
    from cdp_pipeline.operations.validation import settings_of
    from cdp_pipeline.privacy.keys import key_in_use, source_of
    from cdp_pipeline.run.lake import fingerprint

    variable = settings_of(project).key_env
    where = source_of(variable, data.resolve(), exports.resolve())
    own = key_in_use(variable, data.resolve(), exports.resolve())
    click.echo(f"key: {fingerprint(own) if own else 'none'}, from {where}")


@key.command("check")
@EXPORTS
@DATA
@PROJECT
def check_key(exports: Path, data: Path, project: Path) -> None:
    """Say which keys the data needs, and which are held; exit code 6 when one is missing."""
    from cdp_pipeline.errors import KeyMismatchError
    from cdp_pipeline.operations.validation import settings_of
    from cdp_pipeline.privacy.rotation import held_and_needed

    states = held_and_needed(settings_of(project).key_env, data.resolve(), exports.resolve())
    for state in states:
        click.echo(f"{state.fingerprint}  {state.words}")
    missing = [f"the key {state.fingerprint} is needed and not held" for state in states if not state.is_held]
    missing += [f"{state.fingerprint} is {state.words}" for state in states if state.exchanged_for]
    if missing:
        raise KeyMismatchError(missing)


@key.command()
@DATA
@PROJECT
def rotate(data: Path, project: Path) -> None:
    """Exchange the key; the next run publishes with the new one. Person ids stay."""
    from cdp_pipeline.operations.validation import settings_of
    from cdp_pipeline.privacy.rotation import rotate as exchange
    from cdp_pipeline.run.lock import hold

    lock = hold(data.resolve())
    try:
        rotation = exchange(settings_of(project).key_env, data.resolve())
    finally:
        lock.release()
    click.echo(f"key {rotation.old} → {rotation.new}")
    click.echo(f"verdicts named anew: {rotation.verdicts:,}; requests: {rotation.requests:,}")
    if rotation.verdicts_left:
        click.echo(
            f"{rotation.verdicts_left:,} verdicts are about records that are not there any more; they stay as they are"
        )
    click.echo("next: back the new key up, apart from the data; then cdp run, then cdp key check")


COMMANDS = (nights, doctor, restore, key)
