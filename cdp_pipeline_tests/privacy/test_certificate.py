"""Certificates of erasure: which requests they name, and where recipients find whom to remove."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.activation.removals import REMOVE
from cdp_pipeline.ledgers.tombstones import add_tombstones, read_tombstones
from cdp_pipeline.privacy.certificate import BY_NAME_ONLY, GONE_BACK_TO, LAST_WORDS, is_recognised
from cdp_pipeline.run.lake import DELIVERED
from cdp_pipeline_tests.privacy.town import PERSONS, Town

DESTINATION = "klaviyo_email"


def certificate(bos: Town, request: str) -> dict[str, Any]:
    """What the certificate of a request says."""
    return dict(json.loads((bos.data / "privacy" / "certificates" / f"{request}.json").read_text()))


def erase_delivered(bos: Town) -> tuple[str, Path]:
    """Ann was in a file of a destination and is erased; returns her request and the folder that is to be published."""
    folder = bos.data / "current" / "activation"
    folder.mkdir()
    with duckdb.connect() as con:
        con.execute(f"copy (select 'Pann' as person_id, true as is_written) to '{folder / DESTINATION}.parquet'")
    request = bos.forget("ann@mail.example").request.request_id
    return request, bos.night().folder


def test_a_request_that_came_while_the_night_ran_is_not_named(bos: Town) -> None:
    """Only requests that the published state carries out were carried out with this one."""
    request = bos.forget("ann@mail.example").request.request_id
    bos.night()
    later = [row | {"request_id": "20260601-009"} for row in read_tombstones(bos.data).to_pylist()]
    add_tombstones(bos.data, later)
    bos.publish()
    assert certificate(bos, request)["carried_out_with"] == []


def test_removal_files_are_named_where_there_are_some(bos: Town) -> None:
    """A recipient with a removal file of this night has it named, and the notes say that it is the last word."""
    request, folder = erase_delivered(bos)
    path = folder / "activation" / DESTINATION / f"newsletter{REMOVE}"
    path.parent.mkdir(parents=True)
    path.touch()
    bos.publish()
    said = certificate(bos, request)
    (told,) = said["recipients_to_notify"]
    assert (told["rows_in_last_files"], told["removal_files"]) == (1, f"activation/{DESTINATION}/*{REMOVE}")
    assert LAST_WORDS in said["notes"]


def test_a_state_gone_back_to_points_to_the_next_run(bos: Town) -> None:
    """It has no removal files, so none is named, and the notes say that those of the next run name the person."""
    request, folder = erase_delivered(bos)
    (folder / DELIVERED).mkdir()
    bos.publish()
    said = certificate(bos, request)
    (told,) = said["recipients_to_notify"]
    assert (told["rows_in_last_files"], told["removal_files"]) == (1, "")
    assert GONE_BACK_TO in said["notes"]
    assert LAST_WORDS not in said["notes"]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [(("record_id", "phone"), True), (("email+name",), True), (("person_id", "record_id"), False), ((), False)],
)
def test_who_is_recognised(kinds: tuple[str, ...], expected: bool) -> None:
    """An address, number, account or device does, alone or with the name; a record's own number does not."""
    assert is_recognised([{"kind": kind} for kind in kinds]) is expected


def test_half_a_number_recognises_nobody(bos: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whom only half a phone number is known has an identifier and no tombstone of it: both places say so."""
    monkeypatch.setitem(PERSONS, ("hubspot", "63"), "Peve")
    bos.deliver(lambda text: text.replace("53,Cor,Dam,cor@mail.example,+31687654321", "63,Eve,Ree,,0687654"))
    bos.night()
    bos.publish()
    asked = bos.forget("hubspot:63")
    assert [name for name, _ in asked.subject.identifiers] == ["phone"]
    assert not asked.is_recognised
    bos.night()
    bos.publish()
    assert BY_NAME_ONLY in certificate(bos, asked.request.request_id)["notes"]
    assert "by which alone the person could be recognised" in BY_NAME_ONLY
