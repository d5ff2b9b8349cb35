"""The register of requests: its states, their moments, and registers from before there were any."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from cdp_pipeline.cli.rights import requests
from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers import requests as register
from cdp_pipeline.ledgers.ledger import REQUESTS
from cdp_pipeline.ledgers.requests import add_request, advance, read_requests
from cdp_pipeline.privacy import certificate, corrections, restriction
from cdp_pipeline.privacy.replica import unite
from cdp_pipeline.privacy.subject import Subject, find_subject
from cdp_pipeline.run.manifest import read_manifest, write_manifest
from cdp_pipeline_tests.models.runner import SQL
from cdp_pipeline_tests.privacy.town import FIRST_DAY, KEY, Town

ANN, DAY = Subject("Pann"), date(2026, 6, 1)
EARLIER = "request_id,received_date,kind,subject_key,due_date,status,done_date\n"


def moments(data: Path, at: int = -1) -> list[str]:
    """The moments of a request, in the order of its states; those that are empty are left out."""
    request = read_requests(data)[at]
    return [moment for status in register.STATUSES if (moment := getattr(request, f"{status}_at"))]


def ask(bos: Town, kind: str, text: str = "ann@mail.example") -> str:
    """Somebody asks, as the commands take it down; returns the id of the request."""
    snapshot = bos.data / "current"
    found = find_subject(snapshot, text, bos.project)
    if kind == "erase":
        return bos.forget(text).request.request_id
    if kind in restriction.KINDS:
        return restriction.restrict(snapshot, bos.data, found, kind, KEY, FIRST_DAY, bos.project).request_id
    request = add_request(bos.data, "correct", found, KEY, FIRST_DAY)
    contract = bos.project.contracts["people"]
    corrections.correct(bos.data, contract, [("hubspot", "51")], "city", "Gouda", FIRST_DAY, "x")
    advance(bos.data, [request.request_id], "waiting")
    return request.request_id


@pytest.mark.parametrize("kind", ["erase", "restrict", "object", "correct"])
def test_a_request_is_carried_out_when_a_night_with_it_is_published(bos: Town, kind: str) -> None:
    """It waits through the night that runs, and ends at the moment of publication, which is after it was received."""
    before = datetime.now(UTC).replace(microsecond=0)
    asked = ask(bos, kind)
    assert [r.status for r in read_requests(bos.data)] == ["waiting"]
    bos.night()
    assert [r.status for r in read_requests(bos.data)] == ["waiting"]
    published = read_manifest(bos.publish()).published_at
    assert [(r.request_id, r.status) for r in read_requests(bos.data)] == [(asked, "carried_out")]
    received, waiting, carried_out = moments(bos.data)
    assert carried_out == published
    assert before.isoformat() <= received <= waiting <= carried_out


@pytest.mark.parametrize("kind", ["restrict", "correct"])
def test_what_is_asked_while_a_night_runs_waits_for_the_next(bos: Town, kind: str) -> None:
    """A night that did not read it does not carry it out, however late it is published."""
    bos.night()
    ask(bos, kind)
    bos.publish()
    assert [r.status for r in read_requests(bos.data)] == ["waiting"]
    bos.night()
    bos.publish()
    assert [r.status for r in read_requests(bos.data)] == ["carried_out"]


def test_the_moment_is_that_of_the_first_night_with_it(bos: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that dies after the swap leaves the closing to the next one, which says when it was, not when it noticed."""
    ask(bos, "restrict")
    bos.night()
    with monkeypatch.context() as dead:
        dead.setattr("cdp_pipeline.publishing.snapshots.certify", lambda *_: [])
        first = bos.publish()
    assert [r.status for r in read_requests(bos.data)] == ["waiting"]
    manifest = read_manifest(first)
    earlier = "2026-06-01T02:00:00+00:00"
    write_manifest(first, replace(manifest, published_at=earlier))
    bos.night()
    bos.publish()
    assert moments(bos.data)[-1] == earlier


def test_a_certificate_says_when_it_was(bos: Town) -> None:
    """Receipt and publication are moments in the order in which they happened; the night's day stands beside them."""
    asked = ask(bos, "erase")
    bos.night()
    bos.publish()
    said = json.loads(certificate.path_of(bos.data, asked).read_text())
    assert [said["received_at"], said["carried_out_at"]] == [moments(bos.data)[0], moments(bos.data)[-1]]
    assert said["received_at"] <= said["carried_out_at"]
    assert said["night"] == "2026-06-02"
    again = ask(bos, "erase")
    answer = json.loads(certificate.path_of(bos.data, again).read_text())
    assert said["carried_out_at"] <= answer["received_at"] <= answer["carried_out_at"] == moments(bos.data)[-1]


def test_lifted_before_the_night_is_not_carried_out(bos: Town) -> None:
    """A restriction that was ended while it waited never says that a night carried it out."""
    ask(bos, "restrict")
    snapshot = bos.data / "current"
    restriction.lift(
        snapshot, bos.data, find_subject(snapshot, "ann@mail.example", bos.project), "restrict", [KEY], bos.project
    )
    assert read_requests(bos.data)[0].lifted_at
    bos.night()
    bos.publish()
    assert [(r.status, r.carried_out_at) for r in read_requests(bos.data)] == [("lifted", "")]


def test_no_request_goes_back_or_ends_twice(tmp_path: Path) -> None:
    """A state that was reached keeps its moment, whoever says it again; a correction is a request of its own."""
    asked = add_request(tmp_path, "erase", ANN, KEY, DAY)
    assert add_request(tmp_path, "erase", ANN, KEY, DAY) == asked
    for status, at in (("waiting", "1"), ("received", "2"), ("waiting", "3"), ("carried_out", "4"), ("lifted", "5")):
        advance(tmp_path, [asked.request_id], status, f"2026-06-0{at}T00:00:00+00:00")
    assert [moment[9] for moment in moments(tmp_path)[1:]] == ["1", "4"]
    first, second = (add_request(tmp_path, "correct", ANN, KEY, DAY) for _ in range(2))
    assert first.request_id != second.request_id


def test_a_register_of_before_is_read_on(tmp_path: Path) -> None:
    """Its days stay, what is not known is empty, and the next request writes it in the columns of today."""
    (tmp_path / REQUESTS.file).write_text(
        EARLIER + "20260501-001,2026-05-01,erase,aa,2026-06-01,done,2026-04-30\n"
        "20260502-001,2026-05-02,erase,bb,2026-06-02,open,\n20260503-001,2026-05-03,access,cc,2026-06-03,open,\n"
    )
    before = read_requests(tmp_path)
    assert [(r.status, r.received_at, r.waiting_at, r.carried_out_at) for r in before] == [
        ("carried_out", "", "", "2026-04-30"), ("waiting", "", "", ""), ("received", "", "", "")
    ]  # fmt: skip
    add_request(tmp_path, "access", ANN, KEY, DAY)
    assert (tmp_path / REQUESTS.file).read_text().splitlines()[0] == ",".join(
        (*REQUESTS.columns, *REQUESTS.optional[:4])
    )
    assert read_requests(tmp_path)[:3] == before


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1,2026-05-01,erase,aa,2026-06-01,opened,,,,", "status must be one of received"),
        ("1,2026-05-01,erase,aa,2026-06-01,waiting,2026-05-01 10:00,,,", "received_at must be a moment"),
        ("1,1 May,erase,aa,2026-06-01,waiting,,,,", "received_date must be a day"),
        ("1,2026-05-01,erase,aa,2026-06-01", "expected 10 values"),
    ],
)
def test_a_line_that_is_not_right_is_told(tmp_path: Path, line: str, told: str) -> None:
    """What cannot be read is named with its line; a moment needs its zone."""
    (tmp_path / REQUESTS.file).write_text(",".join((*REQUESTS.columns, *REQUESTS.optional[:4])) + f"\n{line}\n")
    with pytest.raises(InputError, match=rf"requests\.csv:2: {told}"):
        read_requests(tmp_path)


def test_of_two_places_the_later_state_holds(tmp_path: Path) -> None:
    """A register of before and one of today are put together, in any order of the places."""
    old, new = tmp_path / "old", tmp_path / "new"
    asked = add_request(new, "erase", ANN, KEY, DAY)
    advance(new, [asked.request_id], "waiting")
    old.mkdir()
    (old / REQUESTS.file).write_text(
        EARLIER + f"{asked.request_id},2026-06-01,erase,{asked.subject_key},2026-07-01,done,2026-06-02\n"
    )
    for places in ([old, new], [new, old]):
        assert unite(places, tmp_path / "both") == (1, 0)
        assert [r.status for r in read_requests(tmp_path / "both")] == ["carried_out"]


def test_the_list_tells_states_moments_and_what_is_late(tmp_path: Path) -> None:
    """Open requests come first with state, moment and due date; carried out ones with their moment."""
    late = add_request(tmp_path, "erase", ANN, KEY, date(2020, 1, 1))
    done = add_request(tmp_path, "access", ANN, KEY, DAY)
    advance(tmp_path, [late.request_id], "waiting", "2020-01-01T09:30:00+00:00")
    advance(tmp_path, [done.request_id], "carried_out", "2026-06-02T10:00:00+00:00")
    listed = CliRunner().invoke(requests, ["--data", str(tmp_path), "--project", str(SQL)])
    first, second, last = listed.output.splitlines()
    assert first.startswith(
        "20200101-001  erase    waiting for the night  2020-01-01 09:30:00 UTC  due 2020-02-01  OVERDUE by "
    )
    assert second == "20260601-001  access   carried out            2026-06-02 10:00:00 UTC"
    assert (last, listed.exit_code) == ("1 overdue", 4)
    assert (
        len(
            CliRunner().invoke(requests, ["--open", "--data", str(tmp_path), "--project", str(SQL)]).output.splitlines()
        )
        == 2
    )
