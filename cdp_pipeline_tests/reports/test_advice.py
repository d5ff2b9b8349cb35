"""What needs attention and what to do next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cdp_pipeline.reports.advice import next_steps, warnings
from cdp_pipeline.reports.facts import Warned
from cdp_pipeline_tests.reports.few_facts import facts, rows

SIZES = "kind segmentation segment people previous_people entered"
FUNNEL = "destination audience in_rule has_key permitted transfer_allowed written reason"
COVERAGE = "purpose channel state people"


def texts(notices: Any) -> list[str]:
    return [notice.text for notice in notices]


def test_files_that_were_not_used_are_grave() -> None:
    """Three are named without their folder, the others counted; they stand before what is not grave."""
    files = rows("file", *((f"a/{at}.csv",) for at in range(5)))
    many = warnings(replace(facts(refused_files=files), warned=(Warned("Adds up.", 2, False, "Look."),)))
    assert texts(many) == ["5 files were not used: 0.csv, 1.csv and 2.csv and 2 more.", "Adds up: not so for 2 rows."]
    assert [notice.is_grave for notice in many] == [True, False]
    assert texts(warnings(facts(refused_files=files[:3]))) == ["3 files were not used: 0.csv, 1.csv and 2.csv."]
    assert warnings(facts()) == ()


def test_a_check_is_told_with_its_cure() -> None:
    """Rows where they are known, the cure as a sentence; one that stops publication is grave and first."""
    found = warnings(replace(facts(), warned=(Warned("a rule", 0, False), Warned("Stops", 1, True, "Mend it"))))
    assert [(n.text, n.todo, n.anchor) for n in found] == [
        ("Stops: not so for 1 row.", "Mend it.", "checks"), ("A rule: not so.", "", "checks"),
    ]  # fmt: skip


def test_rows_that_break_rules_are_told_from_one_percent_on() -> None:
    """The share and the most frequent reason of that source and table; less is no news."""
    outcomes = rows("source_name table_name bad_share", ("shop", "orders", 0.01), ("crm", "orders", 0.009))
    reasons = rows(
        "source_name table_name outcome reason rows_kept_out",
        ("shop", "orders", "quarantined", "paid: missing", 3), ("shop", "orders", "quarantined", "currency: odd", 5),
        ("crm", "orders", "quarantined", "other: odd", 90), ("shop", "orders", "superseded", "newer: there", 90),
    )  # fmt: skip
    assert texts(warnings(facts(row_outcomes=outcomes, kept_out_reasons=reasons))) == [
        "1% of the rows for orders from Shop were set aside, most because currency is odd."
    ]
    assert texts(warnings(facts(row_outcomes=outcomes[:1]))) == ["1% of the rows for orders from Shop were set aside."]


@pytest.mark.parametrize(
    ("gates", "todo"),
    [
        ((9, 0, 0, 0), "Deliver an address of these people, or choose another destination."),
        ((9, 9, 0, 0), "Ask people for that permission, or take the audience off this destination."),
        ((9, 9, 9, 0), "Have the transfer settled and put its basis into the destination's file."),
        ((9, 9, 9, 9), "Widen the rule, or wait until more people permit it."),
    ],
)
def test_an_audience_without_a_file_is_mended_at_its_gate(gates: tuple[int, ...], todo: str) -> None:
    """The cure belongs to the first gate that nobody passes."""
    (notice,) = warnings(facts(audience_funnels=rows(FUNNEL, ("mail", "vip", *gates, 0, "nothing written: too few"))))
    assert (notice.text, notice.todo) == ("“VIP” has no file for Mail: too few.", todo)


def test_audiences_stopped_alike_are_one_line() -> None:
    """One line a destination and reason; a written file and an empty audience are no news."""
    funnels = rows(
        FUNNEL,
        ("mail", "vip", 9, 9, 0, 0, 0, "nothing written: too few"), ("mail", "old", 9, 9, 0, 0, 0, "nothing written: too few"),
        ("mail", "full", 9, 9, 9, 9, 9, "written: 9"), ("mail", "empty", 0, 0, 0, 0, 0, ""),
    )  # fmt: skip
    assert texts(warnings(facts(audience_funnels=funnels))) == ["“VIP” and “old” have no file for Mail: too few."]


def test_people_who_could_be_asked_are_counted() -> None:
    """Never asked and not confirmed, of marketing by e-mail only, from the floor on."""
    states = rows(
        COVERAGE,
        ("email_marketing", "email", "never asked", 20), ("email_marketing", "email", "pending", 21),
        ("sms_marketing", "sms", "never asked", 900),
    )  # fmt: skip
    assert texts(next_steps(facts(consent_coverage=states))) == [
        "20 people with an e-mail address were never asked to subscribe.",
        "21 people signed up and have not confirmed.",
    ]
    assert next_steps(facts(consent_coverage=states, floor=22)) == ()


def test_customers_who_ordered_once_are_counted() -> None:
    """Buyers less those who came back, from the floor on; buyers nobody counted are no buyers."""
    bought = rows("buyers repeat_buyers", (50, 30))
    assert texts(next_steps(facts(headlines=bought))) == ["20 of 50 customers ordered only once."]
    assert next_steps(facts(headlines=bought, floor=21)) == ()
    assert next_steps(facts(headlines=rows("buyers repeat_buyers", (None, None)))) == ()


def test_people_who_drift_away_are_told_from_the_second_run_on() -> None:
    """Only into at risk and lapsed, and only when there was a run before."""
    moved = (("exclusive", "life", "at_risk", 90, 70, 20), ("exclusive", "life", "new", 90, 70, 40))
    assert texts(next_steps(facts(segment_sizes=rows(SIZES, *moved)))) == [
        "20 people became “at risk” since the last run."
    ]
    assert next_steps(facts(segment_sizes=rows(SIZES, ("exclusive", "life", "at_risk", 90, 0, 90)))) == ()
    assert next_steps(facts(segment_sizes=rows(SIZES, *moved), floor=21)) == ()


def test_audiences_nobody_sends_are_named() -> None:
    """With their people, a small group as a bound; an empty one and one with a destination are not."""
    sizes = rows(SIZES, ("audience", "audience", "vip", 60, 0, 0), ("audience", "audience", "few", 3, 0, 0),
                 ("audience", "audience", "none", 0, 0, 0), ("audience", "audience", "used", 60, 0, 0))  # fmt: skip
    funnels = rows(FUNNEL, ("mail", "used", 60, 60, 60, 60, 60, "written: 60"))
    assert texts(next_steps(facts(segment_sizes=sizes, audience_funnels=funnels))) == [
        "No destination uses “VIP” (60) and “few” (< 20)."
    ]


def test_columns_nobody_uses_come_last_and_five_steps_are_enough() -> None:
    """Columns and exports are counted; a sixth step is one too many."""
    columns = rows("source column_name", ("shop", "Notes"), ("shop", "Tags"), ("crm", "Fax"))
    assert texts(next_steps(facts(unmapped_columns=columns))) == ["3 columns of 2 exports are not used."]
    assert texts(next_steps(facts(unmapped_columns=columns[:1]))) == ["1 column of 1 export is not used."]
    full = facts(
        unmapped_columns=columns, headlines=rows("buyers repeat_buyers", (50, 0)),
        consent_coverage=rows(COVERAGE, *(("email_marketing", "email", s, 30) for s in ("never asked", "pending"))),
        segment_sizes=rows(SIZES, ("exclusive", "life", "at_risk", 90, 70, 40), ("exclusive", "life", "lapsed", 90, 70, 40)),
    )  # fmt: skip
    assert len(next_steps(full)) == 5
    assert "columns" not in texts(next_steps(full))[-1]
