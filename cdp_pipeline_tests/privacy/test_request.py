"""Asking for an erasure: what is written down at once, and what asking again comes to."""

from __future__ import annotations

import json

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.requests import read_requests
from cdp_pipeline.privacy.certificate import BY_NAME_ONLY
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline_tests.privacy.town import PERSONS, Town


def test_tombstones_and_register_hold_no_value(bos: Town) -> None:
    """Both files are for their owner alone and say nothing about the person; asking twice asks once."""
    first, again = bos.forget("ann@mail.example"), bos.forget("ANN@mail.example")
    assert (first.request, again.tombstones) == (again.request, 0)
    files = [bos.data / "requests.csv", bos.data / "privacy" / "tombstones.parquet"]
    assert [oct(file.stat().st_mode & 0o777) for file in files] == ["0o600", "0o600"]
    written = files[0].read_text() + str(pq.read_table(files[1]).to_pylist())
    assert not [word for word in ("ann@mail", "ann bos", "#1001", "900051", "Pann", "612345678") if word in written]
    assert [(r.kind, r.status) for r in read_requests(bos.data)] == [("erase", "waiting")]


def test_who_was_erased_already_is_done_at_once(bos: Town) -> None:
    """Asked again after the erasure was published, the request is closed and answered; before that it waits."""
    bos.forget("ann@mail.example")
    assert bos.forget("ann@mail.example").request.status == "waiting"
    bos.night()
    bos.publish()
    again = bos.forget("Ann@mail.example")
    assert (again.subject.person_id, again.tombstones, again.request.status) == (None, 0, "carried_out")
    assert [r.status for r in read_requests(bos.data)] == ["carried_out", "carried_out"]
    first, second = [r.request_id for r in read_requests(bos.data)]
    answer = bos.data / "privacy" / "certificates" / f"{second}.json"
    said = json.loads(answer.read_text())
    assert (said["request_id"], said["carried_out_with"], said["due_date"]) == (second, [first], again.request.due_date)
    assert (said["carried_out_at"], oct(answer.stat().st_mode & 0o777)) == (again.request.carried_out_at, "0o600")
    assert bos.forget("eve@mail.example").request.status == "waiting"


def test_a_second_request_under_another_name_closes_too(bos: Town) -> None:
    """Asked again when the person has become unknown, as after going back, both requests are carried out by one run."""
    first = bos.forget("cor@mail.example").request.request_id
    snapshot = next((bos.data / "snapshots").iterdir())
    for table in ("identity/person_records", "staging/people"):
        path = snapshot / f"{table}.parquet"
        rows = pq.read_table(path)
        path.unlink()
        pq.write_table(rows.filter(pc.not_equal(rows["record_id"], "53")), path)
    again = bos.forget("cor@mail.example")
    assert (again.subject.person_id, again.tombstones, again.request.status) == (None, 0, "waiting")
    assert again.request.request_id != first
    bos.night()
    assert list(read_manifest(bos.publish()).erased) == [first, again.request.request_id]
    assert [r.status for r in read_requests(bos.data)] == ["carried_out", "carried_out"]
    said = json.loads((bos.data / "privacy" / "certificates" / f"{again.request.request_id}.json").read_text())
    assert (said["tombstones"], said["carried_out_with"]) == ({"email": 1}, [first])


def test_who_cannot_be_told_apart_is_asked_for(bos: Town) -> None:
    """A number of two people names neither, and the message names them by person id only."""
    with pytest.raises(InputError, match="2 people use this phone: name one of Pann, Pbart"):
        bos.forget("06 12345678")


def test_who_is_known_by_name_only_is_not_recognised_again(bos: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record goes and stays away, one of the same name under another id comes in, and the certificate says so."""
    monkeypatch.setitem(PERSONS, ("hubspot", "63"), "Peve")
    bos.deliver(lambda text: text.replace("53,Cor,Dam,cor@mail.example,+31687654321", "63,Eve,Ree,,"))
    bos.night()
    bos.publish()
    asked = bos.forget("hubspot:63")
    assert (asked.subject.identifiers, asked.tombstones) == ((), 2)
    bos.deliver(lambda text: text.replace("53,Cor,Dam,cor@mail.example,+31687654321", "73,Eve,Ree,,"))
    bos.night()
    bos.publish()
    assert [row[0] for row in bos.rows("staging.people", "record_id") if row[0] in ("63", "73")] == ["73"]
    said = json.loads((bos.data / "privacy" / "certificates" / f"{asked.request.request_id}.json").read_text())
    assert BY_NAME_ONLY in said["notes"]
