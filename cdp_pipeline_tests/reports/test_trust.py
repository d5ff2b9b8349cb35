"""The section on trust: guards, accuracy, open questions and passes."""

from __future__ import annotations

from datetime import date

from cdp_pipeline.reports.trust import trust
from cdp_pipeline_tests.reports.few_facts import block, facts, figures, rows, titles

GUARDS = rows(
    "guard unit before affected words",
    ("average_linkage", "pairs", None, 53, "Groups do not fit"), ("junk", "identifiers", None, 0, "Blocked"),
    ("large", "persons", 1200, 3, "Large persons"), ("veto_first_name", "pairs", 145, 1155, "First names differ"),
)  # fmt: skip
ACCURACY = "labels part measure value low high judged note"
KEPT_APART = (
    "1,155 pairs of records that look alike were kept apart, as something in them contradicts; 145 of them would have "
    "joined otherwise."
)


def test_guards_that_had_something_to_do_are_listed() -> None:
    """Most affected first within a unit; few persons are not told, idle guards only counted."""
    section = trust(facts(identity_guards=GUARDS))
    assert section
    assert section.blocks[0].text == (
        "Without it: how many there were, or how many pairs would have joined. 1 further guard had nothing to do."
    )
    assert block(section, "What the guards did last night") == [
        "Guard | Unit | Without it | Affected",
        "First names differ | pairs | 145 | 1,155",
        "Groups do not fit | pairs | | 53",
        "Large persons | persons | 1,200 | < 20",
    ]
    assert figures(section, "What the guards did last night") == ["Without it", "Affected"]
    busy = trust(facts(identity_guards=GUARDS[:1]))
    assert busy
    assert busy.blocks[0].text.endswith("would have joined.")
    assert trust(facts()) is None


def test_without_labels_the_finding_claims_nothing() -> None:
    """What vetoes kept apart is told, accuracy is not; labels that do not suffice are told too."""
    section = trust(facts(identity_guards=GUARDS))
    assert section
    assert titles(section) == ["What the guards did last night"]
    nobody = "Nobody has labelled anything yet, so how right it is cannot be told in numbers."
    assert section.finding == f"{KEPT_APART} {nobody}"
    few = rows(ACCURACY, ("file", "all", "precision", None, None, None, 3, ""))
    some = trust(facts(identity_guards=GUARDS, identity_accuracy=few))
    assert some
    assert "Too little is judged yet, so how right" in some.finding


def test_labels_say_how_right_it_is() -> None:
    """Precision and recall in the finding, every measure of all with its interval and basis in the table."""
    accuracy = rows(
        ACCURACY,
        ("file", "all", "recall", 0.9321, None, None, 800, ""),
        ("file", "all", "precision", 0.9876, 0.97, 0.99, 800, "four are gone"),
        ("sample", "all", "pair_precision", None, None, None, 50, ""),
        ("file", "people of 2", "precision", 0.5, None, None, 1, ""),
    )  # fmt: skip
    section = trust(facts(identity_guards=GUARDS, identity_accuracy=accuracy))
    assert section
    assert section.finding.endswith(
        "Labels say: 98.8% of what was joined is right, and 93.2% of what belongs together was joined."
    )
    assert section.blocks[1].text.endswith("before anybody judged them. Four are gone.")
    assert figures(section, "How right it is") == ["Value", "Interval"]
    assert block(section, "How right it is") == [
        "Share | Value | Interval | Rests on",
        "Of the records joined with one another, really one person | 98.8% | 97.0 to 99.0% | 800 labelled records",
        "Of the records that are one person, joined | 93.2% | | 800 labelled records",
        "Of the compared pairs that were joined, really one person | not known yet | | 50 judged pairs",
    ]


def test_sampled_pairs_speak_where_records_do_not() -> None:
    """Without a precision of records, that of pairs is told."""
    pairs = rows(
        ACCURACY,
        ("sample", "all", "pair_precision", 0.9, None, None, 50, ""), ("sample", "all", "pair_recall", 0.8, None, None, 50, ""),
        ("file", "all", "recall", 0.7, None, None, 50, ""),
    )  # fmt: skip
    section = trust(facts(identity_guards=GUARDS, identity_accuracy=pairs))
    assert section
    assert "Labels say: 90.0% of what was joined is right, and 80.0% of what" in section.finding


def test_open_questions_are_told_with_what_hangs_on_them() -> None:
    """Decisions by kind, with records and orders that would move, and the revenue in all."""
    sizes = rows(
        "decision questions records_moved orders_moved revenue_moved",
        ("merge", 30, 60, 1, 2000),
        ("split", 1, 2, 3, 500),
    )
    section = trust(facts(identity_guards=GUARDS, review_sizes=sizes))
    assert section
    assert "31 decisions would be better taken by a person, with €2,500 of revenue in them. " in section.finding
    assert block(section, "Waiting for a decision") == [
        "Two people who may be one 60 records and 1 order would move | | 30",
        "One person who may be two 2 records and 3 orders would move | | 1",
    ]
    free = rows("decision questions records_moved orders_moved revenue_moved", ("merge", 1, 2, 0, 0))
    poor = trust(facts(identity_guards=GUARDS, review_sizes=free))
    assert poor
    assert "1 decision would be better taken by a person. Nobody" in poor.finding


def test_passes_are_listed_from_the_newest() -> None:
    """What each run solved, the pairs it scored, and how far a full pass agrees."""
    passes = rows(
        "as_of kind why pairs_scored f1_against_incremental",
        (date(2026, 6, 29), "full", "a week", 1000, 0.9998), (date(2026, 6, 30), "incremental", "few are new", 20, None),
    )  # fmt: skip
    section = trust(facts(identity_guards=GUARDS, identity_passes=passes))
    assert figures(section, "New records only, or everything") == ["Pairs scored", "As before"]
    assert block(section, "New records only, or everything") == [
        "Run | What was solved | Pairs scored | As before",
        "30 June 2026 | incremental: few are new | 20 |",
        "29 June 2026 | full: a week | 1,000 | 99.98%",
    ]
