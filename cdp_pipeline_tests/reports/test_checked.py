"""The section on the checks of the run."""

from __future__ import annotations

from dataclasses import replace

from cdp_pipeline.reports.checked import checked
from cdp_pipeline.reports.facts import Stage
from cdp_pipeline.run.manifest import Verdict
from cdp_pipeline_tests.reports.few_facts import block, facts, figures, rows, titles

HOLDS = ("a", Verdict(True, True, 0, {}, "staging.x", "Holds", "o", "f"))
WARNS = ("b_c", Verdict(False, False, 3, {}, "identity.y", "", "own", "mend"))
STOPS = ("d", Verdict(False, True, 0, {}, "identity.y", "Adds up", "own", "mend"))


def test_checks_that_found_something_are_listed_grave_ones_first() -> None:
    """Description or name, severity, result, owner and cure."""
    section = checked(replace(facts(), checks=(HOLDS, WARNS, STOPS)))
    assert section
    assert section.finding == "3 checks looked at the tables of this run; 2 checks found something."
    assert block(section, "What they found")[1:] == [
        "Adds up | stops publication | broken | own | mend", "B c | warning | broken: 3 rows | own | mend",
    ]  # fmt: skip


def test_checks_are_counted_by_layer() -> None:
    """In the order of the layers, with those that stop publication and those that found something."""
    stages = (Stage("staging", 1.0, 1, 0), Stage("identity", 1.0, 1, 0), Stage("profiles", 1.0, 1, 0))
    section = checked(replace(facts(), checks=(WARNS, STOPS, HOLDS), stages=stages))
    assert block(section, "Checks by layer")[1:] == [
        "Layer | Checks | Stop publication | Found something", "Staging | 1 | 1 | 0", "Identity | 2 | 1 | 2",
    ]  # fmt: skip
    assert figures(section, "Checks by layer") == ["Checks", "Stop publication", "Found something"]
    assert section
    assert 'href="checks.html"' in section.blocks[-1].body


def test_checks_that_hold_need_no_list() -> None:
    """All hold, and the section says so; without checks there is none."""
    section = checked(replace(facts(), checks=(HOLDS,)))
    assert section
    assert section.finding == "1 check looked at the tables of this run; all of them hold."
    assert titles(section) == ["Checks by layer"]
    assert checked(facts()) is None


def test_unusual_numbers_stand_beside_the_usual() -> None:
    """Shares as percent, whole numbers as people, few of them as a bound, small means with their digit."""
    odd = rows(
        "subject measure kind amount_now amount_usually",
        ("Orders", "rows", "rows", 5, 100.0), ("Orders", "share", "share", 0.5, 0.256), ("X", "mean", "count", 3.26, 22.4),
        ("Y", "mean", "count", 10.4, 9.6),
    )  # fmt: skip
    section = checked(replace(facts(unusual_numbers=odd), checks=(HOLDS,)))
    assert figures(section, "Not as usual") == ["Now", "Usually"]
    assert block(section, "Not as usual")[1:] == [
        "Orders | rows | < 20 | 100",
        "Orders | share | 50.0% | 25.6%",
        "X | mean | 3.3 | 22",
        "Y | mean | < 20 | 9.6",
    ]


def test_columns_that_came_or_went_are_listed() -> None:
    """A delivery with the same columns as before is not listed; what is missing is a dash."""
    drift = rows(
        "source new_columns gone_columns renamed_columns",
        ("shop", "A", "", ""), ("crm", "", "B", "B is C"), ("news", "", "", ""),
    )  # fmt: skip
    section = checked(replace(facts(delivery_drift=drift), checks=(HOLDS,)))
    assert block(section, "Columns of the exports that changed")[1:] == ["Shop | A | – | –", "CRM | – | B | B is C"]
