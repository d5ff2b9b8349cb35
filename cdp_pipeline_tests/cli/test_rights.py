"""The words of the commands for the rights of people, on a town of four; what they do is tested in privacy/."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.requests import add_request, read_requests
from cdp_pipeline.privacy.corrections import read_corrections
from cdp_pipeline.privacy.keys import FILE
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline_tests.cli.command import cdp
from cdp_pipeline_tests.models.runner import SQL
from cdp_pipeline_tests.privacy.town import KEY, Town, town


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The town after its first night, with its key."""
    return town(tmp_path_factory.mktemp("town"))


@pytest.fixture
def data(made: Town, tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    folder = made.copy(tmp_path / "town").data
    (folder / FILE).write_bytes(KEY)
    return folder


def lines(data: Path, *words: object) -> list[str]:
    """What a command on the town says."""
    return cdp(*words, "--data", data, "--project", SQL).output.splitlines()


def states(data: Path) -> list[tuple[str, str, str]]:
    """Kind, day and status of every request."""
    return [(request.kind, request.received_date, request.status) for request in read_requests(data)]


def test_access_hands_out_a_folder_and_closes_the_request(data: Path, tmp_path: Path) -> None:
    """The request, rows, tables and files are counted, and what to do with the folder is said."""
    out = tmp_path / "handed"
    first, last = lines(data, "access", "hubspot:51", "--out", out, "--received", "2026-6-1", "--reason", "case 7")
    files = [path for path in out.rglob("*") if path.is_file()]
    assert first.startswith("request 20260601-001: ")
    assert first.endswith(f", in {out} ({len(files)} files)")
    assert last == "it is about a person: hand it over safely, then delete it"
    assert states(data) == [("access", "2026-06-01", "carried_out")]
    (read,) = [json.loads(line) for line in (data / "privacy" / "reads.jsonl").read_text().splitlines()]
    assert (read["command"], read["reason"]) == ("access", "case 7")


@pytest.mark.parametrize(
    ("option", "kind", "word"), [([], "restrict", "restricted"), (["--object"], "object", "objected")]
)
def test_a_restriction_is_written_once_and_lifted(data: Path, option: list[str], kind: str, word: str) -> None:
    """It holds from the next run on; asked again it says so; lifted, the data is used again."""
    words = ["restrict", "hubspot:53", "--received", "2026-06-01", *option]
    expected = [
        f"request 20260601-001: {word} from the next run on",
        "files already handed to recipients still hold the person: run cdp run now, and deliver its removal files",
    ]
    assert lines(data, *words) == expected
    assert states(data) == [(kind, "2026-06-01", "waiting")]
    assert lines(data, *words) == [*expected, "it had been asked before"]
    assert lines(data, *words, "--lift") == ["lifted: 1 request; the next run uses the data again"]
    assert states(data) == [(kind, "2026-06-01", "lifted")]


def test_a_correction_is_written_once_and_lifted(data: Path) -> None:
    """Record, column and value; the same again is a request of its own that changes nothing."""
    words = ["correct", "hubspot:52", "city"]
    first = lines(data, *words, "Gouda", "--received", "2026-06-01", "--reviewer", "eva")
    assert first == ["request 20260601-001: city of 1 records, in force from the next run on"]
    (correction,) = read_corrections(data)
    assert (correction.record_id, correction.column, correction.value, correction.reviewer) == (
        "52",
        "city",
        "Gouda",
        "eva",
    )
    assert lines(data, *words, "Gouda", "--received", "2026-06-01")[1:] == ["it had been corrected so before"]
    assert states(data) == [("correct", "2026-06-01", "waiting")] * 2
    assert lines(data, *words, "--lift") == ["lifted: 1 cells; the next run uses the export's value"]
    assert read_corrections(data) == []


def test_a_correction_that_cannot_stand_is_no_request(data: Path) -> None:
    """The column is told with the nearest one, and nothing is written."""
    result = cdp("correct", "hubspot:52", "citty", "Gouda", "--data", data, "--project", SQL)
    assert result.exit_code == InputError.exit_code
    assert "did you mean city?" in result.output
    assert states(data) == []


def test_a_request_on_its_last_day_is_not_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days are counted down to 0; the day after it is overdue, and the exit code says so."""
    add_request(tmp_path, "erase", Subject("P1"), KEY, date(2026, 6, 1))
    for day, words, code in ((date(2026, 7, 1), "0 days left", 0), (date(2026, 7, 2), "OVERDUE by 1 days", 4)):
        monkeypatch.setattr("cdp_pipeline.cli.rights.today", lambda zone, day=day: day)
        result = cdp("requests", "--data", tmp_path, "--project", SQL)
        assert words in result.output
        assert result.output.splitlines()[-1] == f"{int(code == 4)} overdue"
        assert result.exit_code == code


def test_the_record_of_processing_is_printed_or_written(tmp_path: Path) -> None:
    """As Markdown or as a page, by the ending of its name; any other is refused."""
    printed = cdp("processing", "--project", SQL).output
    assert printed.startswith("# ")
    for name in ("record.md", "record.html"):
        result = cdp("processing", "--out", tmp_path / name, "--project", SQL)
        assert result.output.splitlines()[0] == f"written to {tmp_path / name}"
    assert printed.startswith((tmp_path / "record.md").read_text(encoding="utf-8"))
    assert (tmp_path / "record.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    refused = cdp("processing", "--out", tmp_path / "record.pdf", "--project", SQL)
    assert (refused.exit_code, (tmp_path / "record.pdf").exists()) == (InputError.exit_code, False)
