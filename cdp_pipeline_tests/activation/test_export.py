"""The funnel from the rule to the file: keys, permissions, transfers, minimum sizes."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Destination, Needs, OutputColumn, Transfer

Perform = Callable[..., Any]
Make = Callable[..., Destination]


def permission(person: str, address: str, **more: Any) -> tuple[Any, ...]:
    row: dict[str, Any] = {
        "person_id": person,
        "namespace": "email",
        "value": address,
        "purpose": "email_marketing",
        "channel": "email",
        "recipient": None,
        "status": "granted",
        "basis": "consent",
        "is_permitted": True,
        "changed_at": "2026-01-01",
    }
    return tuple((row | more).values())


ANNA = {"person_id": "p1", "first_name": "Anna", "email": "Anna@Example.org"}
BERT = {"person_id": "p2", "first_name": "Bert", "email": "bert@example.org"}
CHLOE = {"person_id": "p3", "first_name": "Chloe"}


def with_destination(project: Project, spec: Destination) -> Project:
    return replace(project, destinations={"mail": spec})


def test_the_funnel_and_the_file(project: Project, perform: Perform) -> None:
    """One has no key, one no permission; only the third is written, and the receipt says so."""
    done = perform(project, [ANNA, BERT, CHLOE], [permission("p1", "anna@example.org")])
    assert done.funnel() == (3, 2, 1, 1, 1, 1)
    assert done.file() == [["email", "name"], ["anna@example.org", "Anna"]]
    assert done.receipt()["reason"] == "written: 1; kept back: 1 without a usable key, 1 without permission"
    assert done.receipt()["sha256"] == hashlib.sha256(done.path().read_bytes()).hexdigest()


def test_every_member_has_the_gate_that_stopped_them(project: Project, perform: Perform) -> None:
    """The destination's table tells for each person where they were kept back, without an identifier of theirs."""
    done = perform(project, [ANNA, BERT, CHLOE], [permission("p1", "anna@example.org")])
    found = done.rows("select person_id, is_written, stopped_at from activation.mail order by all", "activation.mail")
    assert found == [("p1", True, None), ("p2", False, "not permitted"), ("p3", False, "no usable key")]


def test_files_are_for_their_owner_only(project: Project, perform: Perform) -> None:
    """An audience file has mode 0600."""
    done = perform(project, [ANNA], [permission("p1", "anna@example.org")])
    assert stat.S_IMODE(done.path().stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"value": "other@example.org"},
        {"namespace": "phone"},
        {"purpose": "advertising"},
        {"channel": "sms"},
        {"person_id": "p9"},
        {"is_permitted": False},
        {"is_permitted": None},
        {"recipient": "somebody else"},
    ],
)
def test_anything_missing_means_no(project: Project, perform: Perform, change: dict[str, Any]) -> None:
    """A permission for another address, purpose, channel, person or recipient permits nothing."""
    row = permission("p1", "anna@example.org", **change)
    assert perform(project, [ANNA], [row]).funnel() == (1, 1, 0, 0, 0, 0)


def test_every_need_must_be_met(project: Project, perform: Perform, make_destination: Make) -> None:
    """With two needs, one permission is not enough."""
    needs = (Needs(purpose="advertising", channel="ads"), Needs(purpose="profiling", channel="ads"))
    both = with_destination(project, make_destination(needs=needs))
    first = permission("p1", "anna@example.org", purpose="advertising", channel="ads")
    second = permission("p1", "anna@example.org", purpose="profiling", channel="ads")
    assert perform(both, [ANNA], [first]).funnel()[2] == 0
    assert perform(both, [ANNA], [first, second]).funnel()[2] == 1


@pytest.mark.parametrize(
    ("named", "general", "expected"),
    [
        (None, (True, "2026-01-01"), 1),
        ((True, "2026-01-01"), None, 1),
        ((False, "2026-01-01"), (True, "2026-02-01"), 0),
        ((True, "2026-02-01"), (False, "2026-01-01"), 1),
        ((True, "2026-01-01"), (False, "2026-02-01"), 0),
        ((True, "2026-01-01"), (False, "2026-01-01"), 0),
        (None, None, 0),
    ],
)
def test_a_named_recipient(
    project: Project,
    perform: Perform,
    make_destination: Make,
    named: tuple[bool, str] | None,
    general: tuple[bool, str] | None,
    expected: int,
) -> None:
    """The word about the recipient goes before the general one, unless that is a later refusal."""
    spec = make_destination(needs=(Needs(purpose="email_marketing", channel="email", recipient="Google"),))
    said = [("google", named), (None, general)]
    rows = [
        permission(
            "p1",
            "anna@example.org",
            recipient=recipient,
            status="granted" if word[0] else "denied",
            is_permitted=word[0],
            changed_at=word[1],
        )
        for recipient, word in said
        if word
    ]
    assert perform(with_destination(project, spec), [ANNA], rows).funnel()[2] == expected


def test_a_transfer_by_consent_needs_the_recipient_named(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """When the transfer rests on consent, a general permission is not enough."""
    transfer = Transfer(recipient="X", country="US", basis="consent", document="d", valid_from=date(2020, 1, 1))
    needs = (Needs(purpose="email_marketing", channel="email", recipient="x"),)
    spec = with_destination(project, make_destination(needs=needs, transfer=transfer))
    general = permission("p1", "anna@example.org")
    named = permission("p1", "anna@example.org", recipient="x")
    assert perform(spec, [ANNA], [general]).funnel()[2] == 0
    assert perform(spec, [ANNA], [general, named]).funnel()[2] == 1


@pytest.mark.parametrize(
    ("transfer", "words"),
    [
        (None, "names no transfer"),
        (
            Transfer(recipient="X", country="US", basis="scc", document="d", valid_from=date(2026, 3, 2)),
            "only from 2026-03-02",
        ),
        (
            Transfer(
                recipient="X",
                country="US",
                basis="scc",
                document="d",
                valid_from=date(2020, 1, 1),
                valid_until=date(2026, 2, 28),
            ),
            "until 2026-02-28",
        ),
    ],
)
def test_no_transfer_no_file(
    project: Project, perform: Perform, make_destination: Make, transfer: Transfer | None, words: str
) -> None:
    """Without a transfer that holds on the day nothing is written, and the receipt tells why."""
    done = perform(
        with_destination(project, make_destination(transfer=transfer)), [ANNA], [permission("p1", "anna@example.org")]
    )
    assert done.funnel() == (1, 1, 1, 0, 0, 0)
    assert done.file() == []
    assert words in done.receipt()["reason"]
    assert done.receipt()["file"] is None


def test_the_last_valid_day_counts(project: Project, perform: Perform, make_destination: Make) -> None:
    """A transfer is allowed on its first and last day."""
    day = date(2026, 3, 1)
    transfer = Transfer(recipient="X", country="US", basis="scc", document="d", valid_from=day, valid_until=day)
    done = perform(
        with_destination(project, make_destination(transfer=transfer)), [ANNA], [permission("p1", "anna@example.org")]
    )
    assert done.funnel()[-1] == 1


def test_small_audiences_are_not_written(project: Project, perform: Perform, make_destination: Make) -> None:
    """Below the minimum nothing is written; people with the same key count once."""
    spec = with_destination(project, make_destination(minimum_size=2))
    twin = ANNA | {"person_id": "p4"}
    granted = [permission(person, "anna@example.org") for person in ("p1", "p4")]
    small = perform(spec, [ANNA, twin], granted)
    assert small.funnel() == (2, 2, 2, 2, 0, 0)
    assert "minimum of 2" in small.receipt()["reason"]
    enough = perform(spec, [ANNA, twin, BERT], [*granted, permission("p2", "bert@example.org")])
    assert enough.funnel() == (3, 3, 3, 3, 3, 2)
    assert "1 with the same key as another person" in enough.receipt()["reason"]


def test_only_the_permitted_identifier_leaves(project: Project, perform: Perform, make_destination: Make) -> None:
    """A phone without permission is emptied beside a permitted e-mail, also inside an expression."""
    columns = (
        OutputColumn(name="email", value="email", normalise="email"),
        OutputColumn(name="phone", value="phone", normalise="phone_e164"),
        OutputColumn(name="both", value="concat_ws(' ', email, phone)"),
    )
    spec = with_destination(project, make_destination(columns=columns, keys=(("email",), ("phone",))))
    done = perform(spec, [ANNA | {"phone": "+31612345678"}], [permission("p1", "anna@example.org")])
    assert done.file()[1] == ["anna@example.org", "", "Anna@Example.org"]


def test_a_name_and_address_alone_never_leave(project: Project, perform: Perform, make_destination: Make) -> None:
    """A key without an identifier goes along with a permitted identifier, never by itself."""
    columns = (OutputColumn(name="email", value="email"), OutputColumn(name="name", value="first_name"))
    spec = with_destination(project, make_destination(columns=columns, keys=(("email",), ("name",))))
    assert perform(spec, [ANNA], [permission("p1", "other@example.org")]).funnel() == (1, 1, 0, 0, 0, 0)


def test_a_national_phone_number_is_read_with_its_country(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """A number that is not E.164 yet meets the permission of the number it stands for."""
    spec = with_destination(
        project,
        make_destination(
            needs=(Needs(purpose="sms_marketing", channel="sms"),),
            columns=(OutputColumn(name="phone", value="phone", normalise="phone_e164"),),
            keys=(("phone",),),
        ),
    )
    row = permission("p1", "+31612345678", namespace="phone", purpose="sms_marketing", channel="sms")
    done = perform(spec, [ANNA | {"phone": "06 12345678", "country": "NL"}], [row])
    assert done.file() == [["phone"], ["+31612345678"]]


def test_hashes_are_only_in_the_file(project: Project, perform: Perform, make_destination: Make) -> None:
    """A hashed cell is the SHA-256 of the normalised value; an empty one stays empty."""
    columns = (
        OutputColumn(name="email", value="email", normalise="email", hash="sha256"),
        OutputColumn(name="city", value="city", normalise="meta_city", hash="sha256"),
    )
    done = perform(
        with_destination(project, make_destination(columns=columns)), [ANNA], [permission("p1", "anna@example.org")]
    )
    digest = hashlib.sha256(b"anna@example.org").hexdigest()
    assert done.file()[1] == [digest, ""]
    parquet = (done.run.folder / "activation" / "mail.parquet").read_bytes()
    assert digest.encode() not in parquet


def test_formulas_are_defused_for_people_and_left_for_platforms(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """A readable file gets an apostrophe before a formula, a platform's file is left as it is."""
    evil = ANNA | {"first_name": "=1+1"}
    granted = [permission("p1", "anna@example.org")]
    platform = perform(project, [evil], granted)
    readable = perform(with_destination(project, make_destination(guard_formulas=True)), [evil], granted)
    assert (platform.file()[1][1], readable.file()[1][1]) == ("=1+1", "'=1+1")


def test_rows_are_sorted_by_person(project: Project, perform: Perform) -> None:
    """The order of a file is the order of person ids, whatever the order of the input."""
    people = [{"person_id": f"p{i}", "email": f"{9 - i}@example.org"} for i in (7, 2, 5)]
    done = perform(project, people, [permission(p["person_id"], p["email"]) for p in people])
    assert [row[0] for row in done.file()[1:]] == ["7@example.org", "4@example.org", "2@example.org"]


def test_a_normalised_cell_is_read_with_the_country_of_its_person(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """The same postcode loses other signs in Britain and in the United States, and none without a country."""
    columns = (
        OutputColumn(name="email", value="email", normalise="email"),
        OutputColumn(name="zip", value="postcode", normalise="meta_zip"),
    )
    spec = with_destination(project, make_destination(columns=columns))
    rows = [permission("p1", "anna@example.org")]
    cells = [
        perform(spec, [ANNA | {"postcode": "12345-6789", "country": country}], rows).file()[1][1]
        for country in ("GB", "US", None)
    ]
    assert cells == ["1234567", "12345", "123456789"]
