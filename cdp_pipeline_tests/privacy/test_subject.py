"""Who is meant by an address, a number, a record or an id, and by which marks rows are theirs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.tombstones import hashed, secret
from cdp_pipeline.privacy.subject import Subject, find_subject, marks_of, tombstones_of
from cdp_pipeline.run.lake import fingerprint
from cdp_pipeline_tests.privacy.town import FIRST_DAY, KEY, Town

ANN = Subject(
    "Pann",
    (("hubspot", "51"), ("shopify", "order:#1001"), ("zendesk", "900051")),
    (("email", "ann@mail.example"), ("phone", "+31612345678")),
    (("phone", "+31612345678"),),
)


@pytest.mark.parametrize("text", ["Ann@Mail.example ", "hubspot:51", "shopify:order:#1001"])
def test_ann_is_found_by_all_that_is_hers(first: Town, text: str) -> None:
    """With every record and identifier, and the phone of the household marked as shared."""
    assert find_subject(first.data / "current", text, first.project) == ANN


def test_an_address_that_nobody_has_is_a_subject_too(first: Town) -> None:
    """A request can be made for it, so that it stays out."""
    subject = find_subject(first.data / "current", "Zoe@Mail.example", first.project)
    assert subject == Subject(None, (), (("email", "zoe@mail.example"),))
    assert marks_of(first.data / "current", subject, first.project) == {("email", "zoe@mail.example")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("06 1234 5678", "2 people use this phone: name one of Pann, Pbart"),
        ("hubspot:99", "hubspot has no record of this id"),
        ("Ann Bos", "name a person by e-mail address, phone number, source:record_id or person id"),
        ("ann@", "this is no e-mail address"),
        ("+1 000 00", "this is no phone number"),
        ("P" + "a" * 26, "P" + "a" * 26 + ": no such person"),
    ],
)
def test_what_names_nobody_is_told(first: Town, text: str, told: str) -> None:
    """What is wrong with it, with person ids and never with a value of a person."""
    with pytest.raises(InputError) as refused:
        find_subject(first.data / "current", text, first.project)
    assert str(refused.value) == told


def test_marks_are_of_records_things_and_what_is_hers_alone(first: Town) -> None:
    """The shared phone counts only with her name; her order and ticket are hers, the orders of Bart are not."""
    marks = marks_of(first.data / "current", ANN, first.project)
    by_kind: Mapping[str, set[str]] = {kind: {v for k, v in marks if k == kind} for kind, _ in marks}
    assert by_kind["email"] == {"ann@mail.example"}
    assert "phone" not in by_kind
    assert len(by_kind["phone+name"]) == 1
    assert by_kind["person_id"] == {"Pann"}
    assert by_kind["record_id"] == {f"{source}:{record}" for source, record in ANN.records}
    assert by_kind["order_id"] == {"shopify:#1001"}
    assert by_kind["event_order"] == {"#1001"}
    assert by_kind["ticket_id"] == {"zendesk:700001"}


def test_tombstones_are_the_marks_hashed(first: Town) -> None:
    """One row a mark, with day, request and the print of the key; no value is in them."""
    rows = tombstones_of(first.data / "current", ANN, KEY, FIRST_DAY, "r1", first.project)
    marks = sorted(marks_of(first.data / "current", ANN, first.project))
    assert [(row["kind"], row["key"]) for row in rows] == [(k, hashed(secret(KEY), k, v)) for k, v in marks]
    assert {(row["since"], row["request_id"], row["made_with"]) for row in rows} == {
        (FIRST_DAY, "r1", fingerprint(KEY))
    }
