"""The sections on people and matching: how records became people, and why records match."""

from __future__ import annotations

from dataclasses import replace

from cdp_pipeline.reports.identities import identities, matching
from cdp_pipeline_tests.reports.few_facts import block, facts, figures, rows, titles

PEOPLE = facts(
    person_sizes=rows("records systems people", (1, 1, 30), (2, 2, 25), (9, 5, 10)),
    systems=rows("source people people_only_here records", ("shop", 60, 15, 70), ("crm", 80, 40, 90)),
    identity_flow=rows("source systems records", ("shop", 1, 30), ("shop", 2, 25), ("crm", 5, 90), ("crm", 2, 25)),
    household_sizes=rows("people households", (1, 30), (2, 5)),
    identity_changes=rows("change events", ("created", 7), ("merged", 2)),
)
WEIGHTS = facts(
    match_weights=rows(
        "comparison level label m match_weight",
        ("email", 2, "same e-mail", 0.25, 12.3), ("email", 0, "other e-mail", 0.4, -1.2),
        ("phone", 1, "same phone", 0.24, 20.0), ("phone", 0, "another", 0.5, -6.0),
    ),
    match_evidence=rows("provenance is_kept pairs", ("model", True, 30), ("model", False, 10), ("login", True, 5)),
    blocked_identifiers=rows("kind reason identifiers records", ("email", "carried by strangers", 3, 12)),
)  # fmt: skip


def test_the_finding_counts_records_systems_and_people() -> None:
    """Records, systems, people, records of each, and the share that more than one system knows."""
    section = identities(PEOPLE)
    assert section
    assert section.finding == (
        "170 records from 2 systems turned out to be 65 people, 2.6 records each. 54% of them are known to more than "
        "one system: no single tool sees them whole."
    )
    alone = identities(facts(person_sizes=rows("records systems people", (1, 1, 1))))
    assert alone
    assert alone.finding == "1 record from 0 systems turned out to be 1 person, 1.0 records each."
    assert titles(alone) == ["Records of one person"]
    assert identities(facts()) is None


def test_records_flow_from_systems_to_how_many_know_them() -> None:
    """Largest system first; from the fourth system on they are one block; few people are not told."""
    (text,) = block(identities(PEOPLE), "Records flow together")
    assert "CRM → two systems: 25 records CRM → four or more: 90 records Shop → one system: 30 records" in text
    assert text.endswith(
        "CRM 115 records Shop 55 records one system 30 people two systems 25 people four or more < 20 people"
    )


def test_each_system_is_told_with_what_only_it_knows() -> None:
    """People of each, most first, divided into those known elsewhere and only there."""
    assert block(identities(PEOPLE), "What each system adds")[2:] == [
        "CRM 80 people in 90 records | also known elsewhere 40; known only here 40 | 50% only here",
        "Shop 60 people in 70 records | also known elsewhere 45; known only here < 20 | < 33% only here",
    ]


def test_people_are_counted_by_records_and_households_by_people() -> None:
    """Six records and more are one bar, and a small group is a bound with a bound for its share."""
    section = identities(PEOPLE)
    assert block(section, "Records of one person") == [
        "1 record | | 30 46%", "2 records | | 25 38%", "6 or more records | | < 20 < 31%",
    ]  # fmt: skip
    assert block(section, "Households") == ["1 person | | 30 86%", "2 people | | < 20 < 57%"]


def test_changes_are_told_unless_all_are_new_people() -> None:
    """On a first run everybody is new, and nothing changed."""
    assert block(identities(PEOPLE), "What changed in this run") == ["New people | | 7", "People found to be one | | 2"]
    first = replace(PEOPLE, tables={**PEOPLE.tables, "identity_changes": rows("change events", ("created", 7))})
    assert titles(identities(first)) == [
        "Records flow together",
        "What each system adds",
        "Records of one person",
        "Households",
    ]


def test_the_strongest_signs_are_everyday_ones() -> None:
    """A sign that fewer than a quarter of the pairs show is not called the strongest; against counts any."""
    section = matching(WEIGHTS)
    assert section
    assert section.finding == (
        "The strongest everyday sign that two records are one person: same e-mail, seen 5,000 times as often among "
        "records of one person as among strangers. The strongest sign against: phone, another."
    )
    rare = matching(
        facts(match_weights=rows("comparison level label m match_weight", ("phone", 1, "same phone", 0.1, 20.0)))
    )
    assert rare
    assert "one person: same phone, seen" in rare.finding
    assert titles(rare) == ["Match weights"]
    assert matching(facts()) is None


def test_weights_stand_by_comparison_the_strongest_first() -> None:
    """Comparisons by their best level, levels from for to against."""
    assert block(matching(WEIGHTS), "Match weights") == [
        "Phone", "same phone | | +20.0", "another | | −6.0", "E-mail", "same e-mail | | +12.3", "other e-mail | | −1.2",
    ]  # fmt: skip


def test_evidence_is_divided_into_accepted_and_turned_down() -> None:
    """What brought pairs together, most pairs first."""
    assert block(matching(WEIGHTS), "What brought records together")[2:] == [
        "Enough signs together 40 pairs | one person 30; turned down 10 | 75% accepted",
        "The same account 5 pairs | one person 5 | 100% accepted",
    ]


def test_identifiers_that_link_nobody_are_listed() -> None:
    """Kind, reason, values, and records as far as they may be told; no list of none."""
    assert block(matching(WEIGHTS), "Too common to prove anything")[1:] == ["e-mail | carried by strangers | 3 | < 20"]
    assert figures(matching(WEIGHTS), "Too common to prove anything") == ["Values", "Records"]
    none = replace(WEIGHTS, tables={**WEIGHTS.tables, "blocked_identifiers": ()})
    assert titles(matching(none)) == ["Match weights", "What brought records together"]
