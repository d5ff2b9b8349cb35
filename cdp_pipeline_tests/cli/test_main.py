"""The `cdp` command: help everywhere, plain lines for mistakes, an exit code for each kind."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from cdp_pipeline.cli.main import main
from cdp_pipeline.errors import InputError, ProjectError
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Table
from cdp_pipeline_tests.cli.command import cdp
from cdp_pipeline_tests.small_run import put, small_run

TABLES = {"profiles.customers": Table("profiles.customers", "People", personal=frozenset({"email"}))}
CANARY = "canary@mail.example"


def published(data: Path, name: str = "first") -> Run:
    run = small_run(data, name)
    put(run, "profiles.customers", f"select 'p1' as person_id, '{CANARY}' as email, 7 as orders")
    build_warehouse(run, TABLES)
    publish(run, [])
    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    published(tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.parametrize("command", ["", *main.commands])
def test_every_command_has_help(command: str) -> None:
    """`--help` of the command and of each of its parts says in a sentence what it does."""
    result = cdp(*filter(None, [command]), "--help")
    assert result.exit_code == 0
    found = main.commands[command] if command else main
    assert found.help
    assert found.help.split(".")[0].split("\n")[0][:40] in result.output


@pytest.mark.parametrize("command", main.commands)
def test_every_option_has_a_word_of_help(command: str) -> None:
    """An option without words would have to be guessed."""
    for parameter in main.commands[command].params:
        if isinstance(parameter, click.Option) and parameter.name != "port":
            assert parameter.help, parameter.name


def test_the_version_is_told() -> None:
    """`cdp --version` names the package's version."""
    result = cdp("--version")
    assert result.exit_code == 0
    assert "0." in result.output


@pytest.mark.parametrize(
    "words",
    [
        ["show"],
        ["show", "profiles.customers"],
        ["explain", "somebody"],
        ["explain", "somebody", "else"],
        ["identity", "review"],
        ["identity", "accuracy"],
        ["identity", "train"],
        ["identity", "whatif", "--set", "joining.cut=1"],
        ["identity", "judge", "one", "other", "same"],
        ["check"],
        ["rollback"],
        ["rollback", "20260101T000000-nothing"],
    ],
)
def test_nothing_published_is_said(tmp_path: Path, words: list[str]) -> None:
    """Before the first run every command that looks at published data says so, and how to go on."""
    result = cdp(*words, "--data", tmp_path)
    assert result.exit_code == InputError.exit_code
    assert "nothing is published" in result.output or "no snapshot" in result.output


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "20260630", "30-06-2026", "2026-06-30T00:00", " "])
def test_a_day_that_is_none_is_told(tmp_path: Path, day: str) -> None:
    """The form that is expected is in the message."""
    result = cdp("run", "--as-of", day, "--exports", tmp_path, "--data", tmp_path / "data")
    assert result.exit_code == InputError.exit_code
    assert "expected a day as YYYY-MM-DD" in result.output
    assert not (tmp_path / "data").exists()


def test_a_day_without_its_zeros_is_the_same_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run, its tag and whoever counts nights get one spelling of the day."""
    monkeypatch.setenv("CDP_PROJECT", "")
    seen = []

    def started(_: object, __: str, resources: dict[str, str], ___: object, tags: dict[str, str]) -> None:
        seen.append((resources["as_of"], tags["cdp/as_of"]))
        raise InputError("enough is seen")

    monkeypatch.setattr("cdp_pipeline.orchestration.instance.start_run", started)
    cdp("run", "--as-of", "2026-7-1", "--exports", tmp_path, "--data", tmp_path / "data", "--no-alert")
    assert seen == [("2026-07-01", "2026-07-01")]


def test_exports_that_are_not_there_are_told(tmp_path: Path) -> None:
    """The message says how to get some."""
    result = cdp("run", "--exports", tmp_path / "none", "--data", tmp_path / "data")
    assert result.exit_code == InputError.exit_code
    assert "cdp demo --out" in result.output
    assert not (tmp_path / "data").exists()


def test_a_wrong_project_is_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cdp run` on a folder with mistakes lists them, file and line, and starts nothing."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("CDP_PROJECT", "")
    (tmp_path / "project.yml").write_text("name: x\nzoen: UTC\nkeep_snapshot: 3\n")
    result = cdp("run", "--exports", tmp_path, "--data", tmp_path / "data", "--project", tmp_path)
    assert result.exit_code == ProjectError.exit_code
    assert "project.yml:2: unknown key 'zoen' (did you mean zone?)" in result.output
    assert "project.yml:3: unknown key 'keep_snapshot' (did you mean keep_snapshots?)" in result.output


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["run", "--nonsense"],
        ["show", "--limit", "many"],
        ["show", "--limit", "-1"],
        ["probe", "not-there.csv"],
        ["resolve", "not-there.csv", "--out", "x.csv"],
        ["demo", "--people", "some"],
    ],
)
def test_a_wrong_word_is_told_by_the_command_line(words: list[str]) -> None:
    """Options and files that are not there are refused with the usual code 2."""
    assert cdp(*words).exit_code == 2


def test_a_table_newer_than_what_is_published_is_told(data: Path) -> None:
    """`cdp check` after a file was added to the project names the tables that the next run will make."""
    result = cdp("check", "--data", data)
    assert result.exit_code == InputError.exit_code
    assert "profiles.permissions" in result.output
    assert "run cdp run" in result.output


def test_snapshots_are_listed_and_rolled_back(data: Path) -> None:
    """The current one has a star; going back moves the star and says so."""
    published(data, "second")
    lines = cdp("snapshots", "--data", data).output.splitlines()
    assert [line[0] for line in lines].count("*") == 1
    assert all("as of 2026-06-30" in line and "1 tables" in line for line in lines)
    current = next(line.split()[1] for line in lines if line[0] == "*")
    other = next(line.split()[0] for line in lines if line[0] == " ")
    assert cdp("rollback", other, "--data", data).output.splitlines()[0] == f"published again: {other}"
    again = cdp("snapshots", "--data", data).output.splitlines()
    assert next(line.split()[1] for line in again if line[0] == "*") == other != current
