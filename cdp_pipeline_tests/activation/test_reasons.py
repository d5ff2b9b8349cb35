"""Everybody of an audience counts under exactly one reason, and the reason says what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Destination, Needs, OutputColumn
from cdp_pipeline_tests.activation.test_export import ANNA, BERT, CHLOE, permission, with_destination

Perform = Callable[..., Any]
Make = Callable[..., Destination]


def reasons(done: Any) -> dict[str, int]:
    """Reason -> people, of the one audience."""
    return dict(done.rows("select reason, people from activation.reasons order by all", "activation.reasons"))


def reason_of(done: Any, person: str) -> str:
    query = f"select reason from activation.mail where person_id = '{person}'"
    return str(done.rows(query, "activation.mail")[0][0])


def test_reasons_add_up_to_everybody_in_the_rule(project: Project, perform: Perform) -> None:
    """Written, no key, never asked, withdrawn: four people, four reasons."""
    dora = {"person_id": "p4", "email": "dora@example.org"}
    said = [
        permission("p1", "anna@example.org"),
        permission("p4", "dora@example.org", status="withdrawn", is_permitted=False),
    ]
    done = perform(project, [ANNA, BERT, CHLOE, dora], said)
    assert reasons(done) == {"written": 1, "never asked": 1, "no usable key": 1, "withdrawn": 1}
    assert done.receipt()["in_rule"] == 4
    query = "select distinct stopped_at from activation.mail where reason in ('withdrawn', 'never asked')"
    assert done.rows(query, "activation.mail") == [("not permitted",)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"status": "denied", "is_permitted": False}, "denied"),
        ({"status": "bounced", "is_permitted": False}, "bounced"),
        ({"status": "granted", "is_permitted": False}, "not granted"),
        ({"purpose": "advertising"}, "never asked"),
        ({"recipient": "somebody else"}, "recipient not named"),
        ({"basis": "existing_customer"}, "existing customer, and the audience is not about similar goods"),
    ],
)
def test_the_reason_is_what_the_permission_lacks(
    project: Project, perform: Perform, row: dict[str, Any], expected: str
) -> None:
    """One permission, one thing wrong with it."""
    done = perform(project, [ANNA], [permission("p1", "anna@example.org", **row)])
    assert (done.file(), reason_of(done, "p1")) == ([], expected)


def test_an_existing_customer_hears_of_similar_goods_only(project: Project, perform: Perform) -> None:
    """The soft opt-in counts where the audience says that it is about goods like those bought."""
    similar = {"all": project.audiences["all"].model_copy(update={"similar_goods": True})}
    row = permission("p1", "anna@example.org", basis="existing_customer")
    assert perform(project, [ANNA], [row]).file() == []
    assert len(perform(replace(project, audiences=similar), [ANNA], [row]).file()) == 2


@pytest.mark.parametrize(("basis", "expected"), [("double_opt_in", "written"), ("consent", "basis not accepted here")])
def test_a_need_may_ask_for_a_double_opt_in(
    project: Project, perform: Perform, make_destination: Make, basis: str, expected: str
) -> None:
    """Where single consent is not enough, `bases` says so."""
    need = Needs(purpose="email_marketing", channel="email", bases=("double_opt_in",))
    asked = with_destination(project, make_destination(needs=(need,)))
    done = perform(asked, [ANNA], [permission("p1", "anna@example.org", basis=basis)])
    assert reason_of(done, "p1") == expected
    assert done.receipt()["needs"] == "email_marketing through email by double_opt_in"


def test_who_is_left_out_of_audiences_does_not_leave_though_permitted(project: Project, perform: Perform) -> None:
    """The gate does not rely on memberships: a member who is under age or restricted is stopped there."""
    said = [permission("p1", "anna@example.org"), permission("p2", "bert@example.org")]
    left_out = [("p1", "under age", True), ("p2", "objects to profiling", False)]
    done = perform(project, [ANNA, BERT], said, left_out=left_out)
    assert reasons(done) == {"under age": 1, "written": 1}
    assert [line[0] for line in done.file()[1:]] == ["bert@example.org"]


def test_the_reason_of_the_phone_counts_where_the_mail_was_never_asked(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """A destination for text messages tells that the phone was withdrawn, not that the mail knows nothing of it."""
    spec = make_destination(
        needs=(Needs(purpose="sms_marketing", channel="sms"),),
        columns=(OutputColumn(name="phone", value="phone", normalise="phone_e164"),),
        keys=(("phone",),),
    )
    row = permission(
        "p1", "+31612345678", namespace="phone", purpose="sms_marketing", channel="sms", status="withdrawn",
        is_permitted=False,
    )  # fmt: skip
    done = perform(with_destination(project, spec), [ANNA | {"phone": "+31612345678"}], [row])
    assert reason_of(done, "p1") == "withdrawn"


def test_a_later_grant_on_a_weak_basis_is_no_refusal(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """A named consent stands beside a newer general grant that is not enough by itself; a refusal would end it."""
    spec = make_destination(needs=(Needs(purpose="email_marketing", channel="email", recipient="x"),))
    named = permission("p1", "anna@example.org", recipient="x", changed_at="2026-01-01")
    weak = permission("p1", "anna@example.org", is_permitted=False, changed_at="2026-02-01")
    refused = permission("p1", "anna@example.org", status="denied", is_permitted=False, changed_at="2026-02-01")
    asked = with_destination(project, spec)
    assert reason_of(perform(asked, [ANNA], [named, weak]), "p1") == "written"
    assert reason_of(perform(asked, [ANNA], [named, refused]), "p1") == "denied"


def test_the_receipt_names_the_document_and_its_last_day(
    project: Project, perform: Perform, make_destination: Make
) -> None:
    """What a file was allowed by can be read off its receipt."""
    done = perform(project, [ANNA], [permission("p1", "anna@example.org")])
    receipt = done.receipt()
    assert (receipt["recipient"], receipt["transfer_document"]) == ("Mail Inc. (US, adequacy)", "doc")
    assert receipt["transfer_valid_until"] is None
    none = perform(with_destination(project, make_destination(transfer=None)), [ANNA], [])
    assert (none.receipt()["recipient"], none.receipt()["transfer_document"]) == (None, None)
