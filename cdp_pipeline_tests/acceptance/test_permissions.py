"""Nobody without permission is exported, everybody permitted and eligible is, and no transfer outlives its basis."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline.activation.export import audiences_of, export
from cdp_pipeline.activation.receipts import write_receipts
from cdp_pipeline.activation.transfers import transfer_problem
from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline_tests.acceptance.published import AS_OF, look_at
from cdp_pipeline_tests.models.runner import run_model
from cdp_pipeline_tests.trust import ledger_world
from cdp_pipeline_tests.trust.ledger_oracle import Oracle
from cdp_pipeline_tests.trust.permissions import measure

EMPTY = replace(ledger_world.draw_world(Random(0), 4), permissions=[], messages=[], orders=[])
RECORD = {"source": "shop", "record_id": "r1", "email": "a@x.org", "phone": "+31612345000", "birth_date": None}
LEDGERS = st.lists(
    st.fixed_dictionaries(
        {
            "value": st.sampled_from(["a@x.org", " A@X.ORG"]),
            "purpose": st.sampled_from(["email_marketing", "email_marketing", "advertising", "profiling"]),
            "recipient": st.sampled_from([None, None, None, "Google"]),
            "status": st.sampled_from(ledger_world.STATUSES),
            "basis": st.sampled_from(ledger_world.BASES),
            "proof": st.sampled_from([None, " ", "form"]),
            "changed_at": st.integers(0, 3).map(lambda day: ledger_world.START + timedelta(days=day)),
        }
    ),
    max_size=10,
)
ORDERS = st.lists(st.fixed_dictionaries({"is_sale": st.booleans(), "days": st.sampled_from([730, 731])}), max_size=2)


@settings(max_examples=80, deadline=None)
@given(ledger=LEDGERS, orders=ORDERS)
def test_the_ledger_stands_as_its_story_told_day_by_day(
    ledger: list[dict[str, Any]], orders: list[dict[str, Any]]
) -> None:
    """For every identifier, purpose and recipient: permitted or not, and on which basis, as the oracle tells it."""
    own = {
        "source": "shop",
        "record_id": "r1",
        "namespace": "email",
        "channel": "email",
        "value_keys": [RECORD["email"]],
    }
    rows = [change | own for change in ledger]
    placed = [
        {"source": "shop", "order_id": str(n), "record_id": "r1", "is_sale": order["is_sale"],
         "order_date": AS_OF - timedelta(days=order["days"])}
        for n, order in enumerate(orders)
    ]  # fmt: skip
    oracle = Oracle(replace(EMPTY, people=[RECORD], permissions=rows, orders=placed))
    changes = run_model("profiles.permission_changes", {"staging.permissions": rows})
    people = [{name: RECORD[name] for name in ("source", "record_id", "email")} | {"email_keys": [RECORD["email"]]}]
    found = run_model(
        "profiles.identifier_permissions",
        {"profiles.permission_changes": changes, "staging.people": people, "profiles.order_facts": placed},
    )
    told: dict[Any, Any] = {}
    for (identifier, purpose, channel), recipients in oracle.events.items():
        for recipient in recipients:
            state = oracle.state(identifier, purpose, channel, recipient)
            assert state
            basis = state.basis if state.is_permitted else None
            told[identifier[1], purpose, recipient] = (state.is_permitted, basis, state.since)
    assert told == {
        (row["value"], row["purpose"], row["recipient"]): (
            row["is_permitted"],
            row["basis"] if row["is_permitted"] else None,
            row["changed_at"],
        )
        for row in found
    }


def test_every_promise_about_permissions_holds_over_random_ledgers(tmp_path: Path) -> None:
    """Exports equal the oracle, no merge widens, reasons add up, and no transfer goes without a basis."""
    figures = measure(tmp_path, long=False)
    assert [figure for figure in figures if figure.broken] == []
    tried = {figure.promise.split(",")[0]: figure.tried for figure in figures}
    assert tried["Exports of random ledgers"] >= 45
    assert tried["Transfers without a basis that holds"] >= 30


@pytest.mark.parametrize(
    ("change", "day", "words"),
    [
        ({"valid_until": AS_OF - timedelta(days=1)}, AS_OF, "was allowed until 2026-06-29"),
        ({"country": "CN"}, AS_OF, "adequacy.csv has no decision that holds on 2026-06-30"),
        ({"valid_from": date(2017, 1, 1)}, date(2022, 1, 1), "rests on an adequacy decision that ended on 2020-07-15"),
    ],
    ids=["ended", "unlisted", "annulled"],
)
def test_a_basis_that_no_longer_holds_stops_every_file_of_a_published_state(
    shared: Path, tmp_path: Path, change: dict[str, Any], day: date, words: str
) -> None:
    """The same people, permitted and written before, get no file, no removals, and a reason that names the day."""
    snapshot = published_snapshot(shared / "data")
    assert snapshot
    assert (snapshot / "activation" / "mailchimp_newsletter" / "win_back_high_value.csv").exists()
    copied = look_at(Path(shutil.copytree(snapshot, tmp_path / "snapshots" / "copy")))
    spec = copied.project.destinations["mailchimp_newsletter"]
    assert spec.transfer
    assert transfer_problem(copied.project, spec, AS_OF) is None
    ended = spec.model_copy(update={"transfer": spec.transfer.model_copy(update=change)})
    project = replace(copied.project, destinations={"mailchimp_newsletter": ended})
    run = replace(copied, project=project, as_of=day)
    export(run, "mailchimp_newsletter")
    write_receipts(run)
    assert list((run.folder / "activation" / "mailchimp_newsletter").glob("*.csv")) == []
    with run.connect("activation.receipts", "activation.reasons") as con:
        receipts = con.execute("select audience, permitted, transfer_allowed, written, reason from activation.receipts")
        rows = receipts.fetchall()
        stopped = con.execute(
            "select audience, people from activation.reasons where reason = 'transfer not allowed' order by all"
        ).fetchall()
    assert {row[0] for row in rows} == set(audiences_of(run, "mailchimp_newsletter"))
    by_audience = defaultdict(int, {str(audience): int(people) for audience, people in stopped})
    for audience, permitted, allowed, written, reason in rows:
        assert (allowed, written, by_audience[audience]) == (0, 0, permitted)
        assert permitted == 0 or words in reason
    assert any(row[1] for row in rows)
