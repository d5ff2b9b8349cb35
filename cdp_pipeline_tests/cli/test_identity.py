"""`cdp explain` and `cdp identity` as they are typed: exit codes, files, and never a traceback."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cdp_pipeline.cli.main import main
from cdp_pipeline.errors import InputError, KeyMismatchError
from cdp_pipeline.identity.model.saved_model import trainings_asked
from cdp_pipeline.ledgers.verdicts import read_verdicts
from cdp_pipeline_tests.explain import few_people
from cdp_pipeline_tests.identity.people import KEY


def cdp(*words: object) -> Result:
    """Run the command with the key of the data; no traceback may come out."""
    result = CliRunner(env={"CDP_KEY": KEY.decode()}).invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert "Traceback" not in result.output
    assert "unexpected" not in result.output
    return result


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with few people published."""
    few_people.publish(tmp_path / "data")
    return tmp_path / "data"


def test_a_person_and_a_pair_are_explained(data: Path) -> None:
    """One name tells about a person, two hold them against each other."""
    assert "Person P" in cdp("explain", "crm:1", "--data", data).output
    said = cdp("explain", "crm:4", "crm:1", "--data", data).output
    assert "are two people" in said
    assert "How the evidence adds up" in said


def test_a_page_is_written_on_demand(data: Path, tmp_path: Path) -> None:
    """`--html` writes a private file instead of the text, and needs two."""
    page = tmp_path / "why.html"
    assert "written to" in cdp("explain", "crm:4", "crm:1", "--html", page, "--data", data).output
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert cdp("explain", "crm:4", "--html", page, "--data", data).exit_code == InputError.exit_code


def test_a_verdict_is_written_with_its_reviewer(data: Path) -> None:
    """The line says who decided, why, and when; twice is told."""
    words = ["identity", "judge", "crm:5", "crm:7", "different", "--data", data]
    said = cdp(*words, "--reviewer", "steward", "--note", "two letters", "--decided-at", "2026-02-01")
    assert said.exit_code == 0
    assert "two people; written to" in said.output
    assert "nothing was written" in cdp(*words).output
    (row,) = read_verdicts(data / "verdicts.csv").to_pylist()
    assert (row["reviewer"], row["note"], str(row["decided_at"])[:10]) == ("steward", "two letters", "2026-02-01")


def test_training_is_asked_for_and_changes_nothing_yet(data: Path) -> None:
    """The wish is noted in the data folder; asking twice is one wish."""
    for _ in range(2):
        assert "the next run trains" in cdp("identity", "train", "--data", data).output
    assert trainings_asked(data) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["explain", "nobody"], "nobody: no such person"),
        (["explain", "crm:1", "nobody"], "nobody: no such person"),
        (["explain", "crm:1", "crm:1"], "are the same"),
        (["identity", "review"], "identity.review_queue was not published yet"),
        (["identity", "accuracy"], "identity.accuracy was not published yet"),
        (["identity", "judge", "crm:1", "nobody", "same"], "nobody: no such person"),
        (["identity", "judge", "crm:5", "crm:7", "same", "--decided-at", "soon"], "expected a day as YYYY-MM-DD"),
        (["identity", "whatif"], "say what should be different"),
        (["identity", "whatif", "--set", "cut=1"], "did you mean joining.cut?"),
        (["identity", "whatif", "--block", "mail:x"], "expected email:VALUE or phone:VALUE"),
    ],
)
def test_mistakes_are_told_in_a_line(data: Path, words: list[str], said: str) -> None:
    """Each wrong word ends with code 3 and what was expected."""
    result = cdp(*words, "--data", data)
    assert result.exit_code == InputError.exit_code
    assert said in result.output


def test_another_key_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Identity is not solved again with a key that would give other ids; explaining still works."""
    monkeypatch.delenv("CDP_KEY", raising=False)
    result = CliRunner().invoke(main, ["identity", "whatif", "--set", "joining.cut=1", "--data", str(data)])
    assert result.exit_code == KeyMismatchError.exit_code
    assert "CDP_KEY is not the key" in result.output
    assert CliRunner().invoke(main, ["explain", "crm:4", "crm:1", "--data", str(data)]).exit_code == 0


@pytest.mark.parametrize("words", [["judge", "a", "b", "maybe"], ["review", "--limit", "0"], ["nonsense"]])
def test_a_wrong_word_is_told_by_the_command_line(words: list[str]) -> None:
    """Values that an option does not take are refused with the usual code 2."""
    assert cdp("identity", *words).exit_code == 2
