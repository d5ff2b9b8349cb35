"""The one door to people in clear: its lines, and every command of `cdp` held up to it."""

from __future__ import annotations

import ast
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import duckdb
import pytest
from click.testing import CliRunner, Result

from cdp_pipeline.cli.main import main
from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.requests import subject_key
from cdp_pipeline.privacy import door
from cdp_pipeline.privacy.door import Door, path_of, reads, rekey, unite
from cdp_pipeline.privacy.keys import FILE as KEY_FILE
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline_tests.explain import few_people
from cdp_pipeline_tests.identity.people import KEY as FEW_KEY
from cdp_pipeline_tests.models.runner import SQL
from cdp_pipeline_tests.privacy.town import KEY, town

ROOT = Path(__file__).parents[2]
DOCUMENTATION = ROOT / "docs" / "privacy-officers.md"
ANN, BART = Subject("Pann"), Subject("Pbart")
SECRETS = ("ann@mail.example", "bart@mail.example", "gus@mail.example", "+31612345678", "Bos", "Hol",
           "daan.v@mail.example", "Visser", "femke@mail.example")  # fmt: skip
"""What nobody reads without a line: values of people in the two data folders below."""
TRIED: tuple[tuple[str, str, str, bool], ...] = (
    ("explain", "few", "explain crm:5", True),
    ("explain", "few", "explain crm:7 crm:5", True),
    ("explain", "few", "explain crm:7 crm:5 --html OUT/page.html", True),
    ("identity review", "few", "identity review", True),
    ("identity review", "few", "identity review --sample", True),
    ("identity judge", "few", "identity judge crm:5 crm:7 different", False),
    ("identity accuracy", "few", "identity accuracy", False),
    ("identity train", "few", "identity train", False),
    ("show", "few", "show profiles.customers", False),
    ("show", "few", "show profiles.customers --clear", True),
    ("access", "town", "access hubspot:51 --out OUT/handed", True),
    ("quarantine list", "town", "quarantine list", False),
    ("quarantine export", "town", "quarantine export people --out OUT/people.csv", True),
    ("restrict", "town", "restrict hubspot:53", False),
    ("correct", "town", "correct hubspot:52 city Gouda", False),
    ("forget", "town", "forget hubspot:53", False),
    ("requests", "town", "requests", False),
    ("snapshots", "town", "snapshots", False),
    ("processing", "town", "processing", False),
    ("key show", "town", "key show", False),
)
"""Command, data folder, words (OUT is a folder of the test's own), and whether it shows somebody in clear."""
TRIED_ELSEWHERE = {
    "run", "ui", "check", "nights", "doctor", "restore", "rollback", "key check", "key rotate",  # counts and places:
    # trust/canary.py searches all they print for planted values
    "identity whatif",  # person ids and counts: test_whatif.py
    "quarantine replay",  # counts by column: test_replay.py
    "validate", "plan",  # files of the project, tables and counts: test_validation.py, test_plan.py
    "demo", "probe", "resolve",  # no data folder: a file that is named, and what is in it is not printed
}  # fmt: skip


def commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    """Every command of `cdp` by its whole name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The data folders that commands are tried on: few people with warehouses and a queue, and a town."""
    few = tmp_path_factory.mktemp("few") / "data"
    identity = few_people.publish(few) / "identity"
    (few / KEY_FILE).write_bytes(FEW_KEY)
    keys = dict(duckdb.sql(f"select record_id, record_key from '{identity}/records.parquet'").fetchall())
    asked = f"{keys['5']} as record_key_l, {keys['7']} as record_key_r"
    duckdb.sql(f"""copy (select 1 as rank, 'merge' as decision, {asked}, 0.5 as match_weight, 'same town' as reason)
        to '{identity}/review_queue.parquet'""")
    duckdb.sql(f"""copy (select 'joined' as stratum, 1 as place, {asked}, null::varchar as verdict)
        to '{identity}/label_sample.parquet'""")
    duckdb.sql(f"""copy (select date '2026-01-30' as as_of, '' as labels, '' as part, '' as measure, 0.1 as value,
        0.1 as low, 0.1 as high, 1 as judged, '' as note where false) to '{identity}/accuracy.parquet'""")
    for name, value in (("warehouse.duckdb", "•••"), ("warehouse_full.duckdb", "femke@mail.example")):
        with duckdb.connect(str(few / name)) as con:
            con.execute(f"create schema profiles; create table profiles.customers as select '{value}' as email")
    made = town(tmp_path_factory.mktemp("asked"))
    made.deliver(lambda text: text.replace("\n53,Cor,", "\n,Gus,Hol,gus@mail.example,,No,,,,,\n53,Cor,"))
    made.night()
    made.publish()
    (made.data / KEY_FILE).write_bytes(KEY)
    return {"few": few, "town": made.data}


def typed(words: str, data: Path, out: Path) -> tuple[Result, str]:
    """A command as it is typed: how it ended, and everything that it printed or wrote outside the data folder."""
    known = ["--project", str(SQL)] if _takes_project(words) else []
    done = CliRunner(env={"CDP_KEY": ""}).invoke(
        main, [*words.replace("OUT", str(out)).split(), *_data(words, data), *known]
    )
    written = [path.read_text(encoding="utf-8") for path in sorted(out.rglob("*")) if path.is_file()]
    return done, "\n".join([done.output, *written])


def _command(words: str) -> click.Command:
    command: click.Command = main
    for word in words.split():
        if not isinstance(command, click.Group):
            break
        command = command.commands[word]
    return command


def _takes_project(words: str) -> bool:
    return any(parameter.name == "project" for parameter in _command(words).params)


def _data(words: str, data: Path) -> list[str]:
    takes = any(parameter.name == "data" for parameter in _command(words).params)
    return ["--data", str(data)] if takes else []


def test_every_command_is_held_up_to_the_door() -> None:
    """A new command is either tried here, or it is said where it is seen that it shows nobody."""
    assert {name for name, *_ in TRIED} | TRIED_ELSEWHERE == set(commands(main))


@pytest.mark.parametrize(("name", "folder", "words", "shows"), TRIED, ids=[words for _, _, words, _ in TRIED])
def test_who_is_shown_in_clear_is_logged_first(
    folders: Mapping[str, Path],
    name: str,
    folder: str,
    words: str,
    *,
    shows: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What shows somebody writes a line before, is named in the documentation, and shows nobody when it cannot."""
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(folders[folder], data, symlinks=True)
    out.mkdir()

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(door, "append_line", full)
        refused, shown = typed(words, data, out)
    assert not [secret for secret in SECRETS if secret in shown]
    assert not reads(data)
    done, shown = typed(words, data, out)
    assert done.exit_code == 0, done.output
    assert any(secret in shown for secret in SECRETS) == shows
    lines = reads(data)
    assert len(lines) >= shows
    for line in lines:
        command = str(line["command"])
        assert (refused.exit_code, "nobody is shown" in refused.output) == (InputError.exit_code, True)
        assert command.startswith(name)
        assert f"`cdp {command.removesuffix(' --sample')}`" in DOCUMENTATION.read_text(encoding="utf-8")
        assert not [secret for secret in SECRETS if secret in path_of(data).read_text()]


def test_a_line_says_who_when_why_and_whom(tmp_path: Path) -> None:
    """Account and moment are the system's own; people are keyed hashes, in the file of its owner alone."""
    Door(tmp_path, "explain", KEY, "request 20260601-001").enter([ANN, BART], "profiles.customers")
    Door(tmp_path, "access").enter([ANN])
    first, second = reads(tmp_path)
    assert str(first.pop("at")).endswith("+00:00")
    assert first == {
        "user": door.account(), "command": "explain", "reason": "request 20260601-001", "table": "profiles.customers",
        "people": 2, "subject_keys": sorted(subject_key(KEY, subject) for subject in (ANN, BART)),
    }  # fmt: skip
    assert (second["people"], "subject_keys" in second) == (1, False)
    assert stat.S_IMODE(path_of(tmp_path).stat().st_mode) == 0o600
    assert "Pann" not in path_of(tmp_path).read_text()


def test_the_account_is_not_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets LOGNAME or USER is still named as the system names the process."""
    before = door.account()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert door.account() == before


@pytest.mark.parametrize("reason", ["mail of ann@mail.example", "called +31 6 1234 5678", "0612345678", "x" * 201])
def test_a_reason_names_nobody(tmp_path: Path, reason: str) -> None:
    """An address, a phone number or a story is no reason; nothing is written, and it is not repeated."""
    with pytest.raises(InputError, match="--reason") as refused:
        Door(tmp_path, "explain", reason=reason)
    assert reason not in str(refused.value)
    assert not path_of(tmp_path).exists()


@pytest.mark.parametrize("reason", ["", "request 20260601-001", "case 2026-0612345", "complaint, ticket 700001"])
def test_the_number_of_a_case_is_a_reason(tmp_path: Path, reason: str) -> None:
    """Numbers of requests, cases and tickets may stand there."""
    Door(tmp_path, "explain", reason=reason).enter()
    assert reads(tmp_path)[0].get("reason", "") == reason


def test_a_line_that_was_cut_off_is_skipped(tmp_path: Path) -> None:
    """What a dead command left half written is no reading, and the next line is whole."""
    path_of(tmp_path).parent.mkdir()
    path_of(tmp_path).write_text('{"at": "2026-06-01T10:00:00+00:00", "user": "a"}\n{"at": "2026-06-0')
    Door(tmp_path, "explain").enter()
    assert [line.get("command") for line in reads(tmp_path)] == [None, "explain"]


def test_logs_of_several_places_are_put_together(tmp_path: Path) -> None:
    """No line is lost or doubled, equal readings of one second are counted as often as any place has them."""
    lines = [json.dumps({"at": f"2026-06-0{day}"}) for day in (1, 2, 3)]
    places = {"copy": [0, 1, 1], "kept": [1, 2], "none": []}
    for name, which in places.items():
        (tmp_path / name / "privacy").mkdir(parents=True)
        path_of(tmp_path / name).write_text("".join(f"{lines[at]}\n" for at in which))
    assert unite([tmp_path / name for name in places], tmp_path / "none") == 4
    assert [line["at"][-1] for line in reads(tmp_path / "none")] == ["1", "2", "2", "3"]  # type: ignore[index]
    assert unite([tmp_path / "nowhere"], tmp_path / "nowhere") == 0
    assert not (tmp_path / "nowhere").exists()


def test_hashes_follow_an_exchanged_key(tmp_path: Path) -> None:
    """Lines of before name people by the new hashes; who is not known any more keeps the old one."""
    Door(tmp_path, "explain", KEY).enter([ANN, BART])
    rekey(tmp_path, {subject_key(KEY, ANN): "f" * 32})
    assert set(reads(tmp_path)[0]["subject_keys"]) == {"f" * 32, subject_key(KEY, BART)}  # type: ignore[call-overload]


def test_only_the_door_gives_leave() -> None:
    """No other module makes a `Leave`, or knows where the clear warehouse is but those that make and publish it."""
    makers, knowing = set(), set()
    for path in sorted((ROOT / "cdp_pipeline").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT / "cdp_pipeline").as_posix()
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        makers |= {name for call in calls if ast.unparse(call.func).split(".")[-1] == "Leave"}
        knowing |= {name} if "warehouse_full" in text else set()
    assert makers == {"privacy/door.py"}
    assert knowing - {name for name in knowing if name.startswith("publishing/")} == {
        "privacy/door.py", "quality/candidate.py", "run/run_folder.py", "operations/restore.py"
    }  # fmt: skip
