"""Under which address somebody goes to a destination, when the golden one may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Destination, Needs, OutputColumn
from cdp_pipeline.run.manifest import write_manifest
from cdp_pipeline_tests.activation.test_export import ANNA, BERT, Make, Perform, permission, with_destination

OLD, NEW, MINE = "old@example.org", "new@example.org", "mine@example.org"


def owned(value: str, **more: Any) -> tuple[Any, ...]:
    """An identifier of p1."""
    row = {
        "person_id": "p1",
        "namespace": "email",
        "value": value,
        "records": 1,
        "is_verified": False,
        "changed_at": None,
    }
    return tuple((row | more).values())


GOLDEN = owned("anna@example.org")
NO = permission("p1", "anna@example.org", status="withdrawn", is_permitted=False)


def addresses(done: Any) -> list[tuple[Any, ...]]:
    """What the table of the destination says of every person."""
    found: list[tuple[Any, ...]] = done.rows(
        "select person_id, addresses from activation.mail order by all", "activation.mail"
    )
    return found


def test_a_permitted_address_is_used_though_another_is_golden(project: Project, perform: Perform) -> None:
    """Whoever withdrew for the golden address is written under the one that may be used, in one row, with the reason."""
    done = perform(project, [ANNA], [NO, permission("p1", MINE)], identifiers=[GOLDEN, owned(MINE)])
    assert done.file() == [["email", "name"], [MINE, "Anna"]]
    assert done.funnel() == (1, 1, 1, 1, 1, 1)
    assert addresses(done) == [("p1", f"email {MINE} (golden one: withdrawn)")]


def test_the_golden_address_goes_first(project: Project, perform: Perform) -> None:
    """A verified and newer address is no reason to leave the golden one when that may be used."""
    better = owned(MINE, is_verified=True, changed_at="2026-02-01", records=9)
    granted = [permission("p1", "anna@example.org"), permission("p1", MINE)]
    done = perform(project, [ANNA], granted, identifiers=[GOLDEN, better])
    assert done.file()[1:] == [["anna@example.org", "Anna"]]
    assert addresses(done) == [("p1", "email anna@example.org")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"is_verified": True}, {"changed_at": "2026-02-01"}),
        ({"changed_at": "2026-02-01"}, {"changed_at": "2026-01-31", "records": 5}),
        ({"changed_at": "2020-01-01"}, {"records": 5}),
        ({"records": 2}, {"records": 1}),
    ],
    ids=["verified", "newer", "with a day", "in more records"],
)
def test_the_best_of_several_is_used(
    project: Project, perform: Perform, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Verified, then the newest record, then the most records; the order in which they are listed says nothing."""
    for one, other in ((NEW, OLD), (OLD, NEW)):
        own = [owned(one, **first), owned(other, **second)]
        for listed in (own, own[::-1]):
            done = perform(project, [ANNA], [permission("p1", OLD), permission("p1", NEW)], identifiers=listed)
            assert done.file()[1:] == [[one, "Anna"]]


def test_equal_ones_are_told_apart_by_their_name(project: Project, perform: Perform) -> None:
    """The smaller address, whatever the order."""
    both = [permission("p1", OLD), permission("p1", NEW)]
    done = perform(project, [ANNA], both, identifiers=[owned(OLD), owned(NEW)])
    assert done.file()[1:] == [[NEW, "Anna"]]


def test_somebody_without_a_golden_address_is_found_under_another(project: Project, perform: Perform) -> None:
    """A golden address that is missing, or that nobody can have, does not keep a permitted one back."""
    for golden in (None, "no address"):
        done = perform(project, [ANNA | {"email": golden}], [permission("p1", MINE)], identifiers=[owned(MINE)])
        assert done.file()[1:] == [[MINE, "Anna"]]


@pytest.mark.parametrize(
    "change", [{"purpose": "advertising"}, {"channel": "sms"}, {"recipient": "another"}, {"is_permitted": False}]
)
def test_another_address_needs_the_whole_permission(project: Project, perform: Perform, change: dict[str, Any]) -> None:
    """What is not enough for a golden address is not enough for any."""
    done = perform(project, [ANNA], [permission("p1", MINE, **change)], identifiers=[GOLDEN, owned(MINE)])
    assert done.file() == []
    assert addresses(done) == [("p1", None)]


def test_nobody_goes_under_an_address_of_somebody_else(project: Project, perform: Perform) -> None:
    """A permission on an identifier that is none of the person's opens nothing."""
    done = perform(project, [ANNA], [permission("p1", MINE)], identifiers=[GOLDEN, owned(MINE, person_id="p2")])
    assert done.file() == []


def test_who_is_left_out_of_audiences_has_no_other_way(project: Project, perform: Perform) -> None:
    """A restriction is about the person, not about an address."""
    done = perform(
        project, [ANNA], [permission("p1", MINE)], identifiers=[owned(MINE)], left_out=[("p1", "restricted", True)]
    )
    assert done.file() == []


def test_an_existing_customer_address_serves_similar_goods_only(project: Project, perform: Perform) -> None:
    """The address of an existing customer is used in one audience, in the other the one that consented."""
    goods = project.audiences["all"].model_copy(update={"similar_goods": True})
    wider = replace(project, audiences={"all": project.audiences["all"], "goods": goods})
    given = [permission("p1", NEW, basis="existing_customer"), permission("p1", OLD)]
    own = [owned(NEW, is_verified=True), owned(OLD)]
    done = perform(wider, [ANNA], given, identifiers=own)
    assert (done.file("goods")[1:], done.file("all")[1:]) == ([[NEW, "Anna"]], [[OLD, "Anna"]])


def test_a_phone_that_cannot_exist_is_not_chosen(project: Project, perform: Perform, make_destination: Make) -> None:
    """Of two permitted numbers the one that somebody can have, though the other is newer."""
    spec: Destination = make_destination(
        needs=(Needs(purpose="sms_marketing", channel="sms"),),
        columns=(OutputColumn(name="phone", value="phone", normalise="phone_e164"),),
        keys=(("phone",),),
    )
    phones = {"+31612345678": "2026-01-01", "+3161": "2026-02-01"}
    own = [owned(value, namespace="phone", changed_at=day) for value, day in phones.items()]
    given = [permission("p1", v, namespace="phone", purpose="sms_marketing", channel="sms") for v in phones]
    done = perform(with_destination(project, spec), [ANNA], given, identifiers=own)
    assert done.file()[1:] == [["+31612345678"]]


def test_an_address_that_is_no_longer_used_is_removed(project: Project, perform: Perform) -> None:
    """When the golden address may be used again, the other one is taken out where it was sent."""
    own = [GOLDEN, owned(MINE)]
    first = perform(project, [ANNA], [NO, permission("p1", MINE)], identifiers=own)
    again = permission("p1", "anna@example.org")
    second = perform(project, [ANNA], [again, permission("p1", MINE)], "2026-03-02", first, identifiers=own)
    assert second.file()[1:] == [["anna@example.org", "Anna"]]
    assert second.file("all.remove")[1:] == [[MINE, ""]]


def test_an_address_that_is_not_golden_waits_for_its_removal_too(project: Project, perform: Perform) -> None:
    """While a transfer has ended, a night that erases forgets the erased, and keeps the key of whoever is known."""
    own = [GOLDEN, owned(MINE)]
    given = [NO, permission("p1", MINE), permission("p2", "bert@example.org")]
    first = perform(project, [ANNA, BERT], given, identifiers=own)
    assert len(first.file()) == 3
    write_manifest(first.run.folder, replace(first.run.manifest(), erased_now=("r1",)))
    transfer = project.destinations["mail"].transfer
    assert transfer
    over = transfer.model_copy(update={"valid_until": date(2026, 3, 1)})
    ended = with_destination(project, project.destinations["mail"].model_copy(update={"transfer": over}))
    second = perform(ended, [ANNA], given[:2], "2026-03-02", first, members=[("p1", "another")], identifiers=own)
    last = perform(project, [ANNA], [NO], "2026-03-03", second, identifiers=own)
    assert last.file("all.remove")[1:] == [[MINE, ""]]
