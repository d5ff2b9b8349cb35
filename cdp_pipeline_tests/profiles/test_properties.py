"""What must hold for any data: scores, permissions, revenue."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline_tests.models.runner import run_model

BUYERS = st.lists(
    st.fixed_dictionaries(
        {
            "orders_count": st.integers(1, 4),
            "recency_days": st.integers(0, 6),
            "net_revenue": st.decimals(-5, 20, places=1),
        }
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(buyers=BUYERS)
def test_scores_keep_the_order_and_never_split_a_tie(buyers: list[dict[str, Any]]) -> None:
    """Equal values score equally, better ones never less, and each by the fifths strictly below."""
    people = {f"P{number}": buyer for number, buyer in enumerate(buyers)}
    rows = {
        r["person_id"]: r
        for r in run_model("profiles.rfm", {"profiles.purchases": [b | {"person_id": p} for p, b in people.items()]})
    }
    assert rows.keys() == people.keys()
    for measure, better in (
        ("recency", lambda b: -b["recency_days"]),
        ("frequency", lambda b: b["orders_count"]),
        ("monetary", lambda b: b["net_revenue"]),
    ):
        scored = sorted((better(people[p]), row[f"rfm_{measure}"]) for p, row in rows.items())
        for (low, low_score), (high, high_score) in itertools.pairwise(scored):
            assert low_score <= high_score
            assert low != high or low_score == high_score
        for value, score in scored:
            below = sum(other < value for other, _ in scored)
            assert score == 1 + 5 * below // len(scored)


START = datetime(2026, 1, 1)  # noqa: DTZ001 - the column holds UTC without a zone
CHANGES = st.lists(
    st.fixed_dictionaries(
        {
            "value": st.sampled_from(["a", "b"]),
            "status": st.sampled_from(
                ["granted", "granted", "denied", "withdrawn", "complaint", "bounced", "pending", "objected"]
            ),
            "source": st.sampled_from(["mail", "shop"]),
            "has_proof": st.booleans(),
            "changed_at": st.integers(0, 4).map(lambda day: START + timedelta(days=day)),
        }
    ),
    max_size=8,
    unique_by=lambda c: (c["value"], c["status"], c["source"], c["changed_at"]),
)
FIXED = {"namespace": "email", "purpose": "email_marketing", "channel": "email", "basis": "consent"}
STOPS = {"withdrawn", "complaint", "bounced", "objected"}


def permitted_by_replay(changes: list[dict[str, Any]]) -> bool:
    """The rule once more, as a story told day by day; the strictest of a day has the last word."""
    state, is_stopped = False, False
    for day in sorted({c["changed_at"] for c in changes}):
        today = [c for c in changes if c["changed_at"] == day]
        if any(c["status"] in STOPS for c in today):
            state, is_stopped = False, True
            continue
        if is_stopped and not any(c["status"] == "granted" and c["has_proof"] for c in today):
            continue
        is_stopped = False
        state = all(c["status"] == "granted" for c in today)
    return state


@settings(max_examples=60, deadline=None)
@given(changes=CHANGES)
def test_permissions_equal_the_story_told_day_by_day(changes: list[dict[str, Any]]) -> None:
    """The SQL gives what replaying the changes gives, and knows no identifier without a change."""
    rows = run_model("profiles.identifier_permissions", {"profiles.permission_changes": [c | FIXED for c in changes]})
    by_value = defaultdict(list)
    for change in changes:
        by_value[change["value"]].append(change)
    assert {r["value"]: r["is_permitted"] for r in rows} == {v: permitted_by_replay(c) for v, c in by_value.items()}


@settings(max_examples=40, deadline=None)
@given(changes=CHANGES, golden=st.sampled_from(["a", "b"]))
def test_a_merge_never_widens_a_permission(changes: list[dict[str, Any]], golden: str) -> None:
    """A merged person permits for each address what was permitted, and as a whole what the golden does."""
    allowed = run_model(
        "profiles.identifier_permissions", {"profiles.permission_changes": [c | FIXED for c in changes]}
    )
    apart = [
        {"person_id": person, "namespace": "email", "value": value, "addresses": [value]}
        for person, value in (("P1", "a"), ("P2", "b"))
    ]
    merged = [row | {"person_id": "P1"} for row in apart]

    def permissions(identifiers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return run_model(
            "profiles.permissions", {"profiles.identifiers": identifiers, "profiles.identifier_permissions": allowed}
        )

    before, after = permissions(apart), permissions(merged)
    assert {(r["value"], r["is_permitted"]) for r in before} == {(r["value"], r["is_permitted"]) for r in after}
    contacts = [{"person_id": "P1", "email": golden}]
    consent = run_model("profiles.consent", {"profiles.contacts": contacts, "profiles.permissions": after})
    was_permitted = any(r["is_permitted"] for r in before if r["value"] == golden)
    assert [r["permits_email_marketing"] for r in consent] == ([was_permitted] if after else [])


ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "record_id": st.sampled_from([None, "r1", "r2", "gone"]),
            "status": st.sampled_from([None, "paid", "pending", "voided", "refunded", "partially_refunded", "failed"]),
            "cancelled_at": st.sampled_from([None, START]),
            "currency": st.sampled_from(["EUR", "USD"]),
            "total_amount": st.decimals(-5, 50, places=2),
            "refunded_amount": st.one_of(st.none(), st.decimals(0, 60, places=2)),
        }
    ),
    max_size=10,
)


def paid(order: dict[str, Any]) -> Decimal | None:
    """Total less what was paid back: the amount told, all of an order that calls itself refunded, of a part nobody knows."""
    refunded = order["refunded_amount"]
    if refunded is None and order["status"] == "partially_refunded":
        return None
    untold = max(order["total_amount"], Decimal()) if order["status"] == "refunded" else Decimal()
    return Decimal(order["total_amount"] - (untold if refunded is None else refunded))


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """The sum of those that are known."""
    return sum((amount for amount in amounts if amount is not None), Decimal())


@settings(max_examples=40, deadline=None)
@given(orders=ORDERS)
def test_no_cent_is_lost_between_orders_people_and_nobody(orders: list[dict[str, Any]]) -> None:
    """Whatever the statuses: net and uncharged are total less refunds, people and nobody are all."""
    numbered = [o | {"source": "shop", "order_id": str(n), "ordered_at": START} for n, o in enumerate(orders)]
    people = [{"source": "shop", "record_id": r, "person_id": p} for r, p in (("r1", "P1"), ("r2", "P1"))]
    facts = run_model("profiles.order_facts", {"staging.orders": numbered, "identity.person_records": people})
    revenue = run_model("profiles.revenue", {"profiles.order_facts": facts})
    assert len(facts) == len(orders)
    for currency in ("EUR", "USD"):
        staged = total(paid(o) for o in orders if o["currency"] == currency)
        mine = [f for f in facts if f["currency"] == currency]
        assert (
            total(None if f["net_amount"] is None else f["net_amount"] + f["uncharged_amount"] for f in mine) == staged
        )
        known = [f["net_amount"] for f in mine if f["person_id"]]
        told = [r["net_amount"] for r in revenue if r["currency"] == currency]
        assert told == ([None if None in known else total(known)] if known else [])
    assert all(f["gross_amount"] >= 0 and (f["refunded_amount"] or 0) >= 0 for f in facts)
    assert all(f["order_date"] == date(2026, 1, 1) for f in facts)
