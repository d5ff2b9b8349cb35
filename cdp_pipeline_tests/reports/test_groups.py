"""The sections on segments and permissions: sizes, movements, and no small group."""

from __future__ import annotations

from typing import Any

from cdp_pipeline.reports.groups import consent, segments
from cdp_pipeline_tests.reports.few_facts import block, facts, rows, titles

SIZES = "kind segmentation segment people share previous_people entered left_people unknown"
LIFE = {"life": "By age", "life.new": "Came this year", "life.old": "Came before", "life.none": "No rule fits"}
OLD = ("exclusive", "life", "old", 50, 0.5, 40, 12, 2, 0)
NEW = ("exclusive", "life", "new", 45, 0.45, 60, 30, 0, 25)


def life(*sizes: tuple[Any, ...]) -> Any:
    return segments(facts(segments=LIFE, segment_sizes=rows(SIZES, *sizes)))


def test_each_segmentation_is_drawn_in_the_order_of_its_file() -> None:
    """First the segments as the project lists them, with what it says, then those it no longer has."""
    section = life(OLD, NEW, ("exclusive", "life", "lost", 0, 0, 3, 0, 3, 0))
    assert titles(section) == ["Life"]
    assert section.blocks[0].text == "By age"
    assert block(section, "Life") == [
        "New Came this year; 25 people are left out, for a count that the rule needs is not known | | 45 ▲ 30",
        "Old Came before | | 50 ▲ < 20 ▼ < 20",
        "Lost | | 0 ▼ < 20",
    ]


def test_an_empty_segment_is_shown_while_its_rule_stands() -> None:
    """Nobody is a size too, but not of `otherwise` nor of a segment that the project no longer has."""
    nobody = [("exclusive", "life", name, 0, 0, 0, 0, 0, 0) for name in ("old", "none", "gone")]
    young = ("exclusive", "life", "new", 45, 0.45, 60, 30, 0, 0)
    assert block(life(young, *nobody), "Life") == [
        "New Came this year | | 45 ▲ 30", "Old Came before | | 0 no change",
    ]  # fmt: skip


def test_an_audience_is_no_segment() -> None:
    """Audiences have a section of their own."""
    assert life(("audience", "audience", "vip", 60, 0.6, 0, 0, 0, 0)) is None


def test_the_finding_tells_the_largest_and_who_grew() -> None:
    """Largest segment, how many moved, and the one that grew most, unless none did."""
    assert life(OLD, NEW).finding == (
        "The largest segment is “old” with 50 people (50%). Since the last run people moved 42 times into another "
        "segment; “old” grew most, by fewer than 20."
    )
    assert life(NEW).finding.endswith("people moved 30 times into another segment.")
    level = ("exclusive", "life", "new", 45, 0.45, 45, 30, 30, 0)
    assert life(level).finding.endswith("people moved 30 times into another segment.")
    still = ("exclusive", "life", "old", 50, 0.5, 50, 0, 0, 0)
    assert life(still).finding.endswith(" Nobody changed segment since the last run.")


def test_a_first_run_has_shares_in_place_of_movements() -> None:
    """With nothing to compare with, the share of all people stands there, except of a small group."""
    section = life(
        ("exclusive", "life", "old", 20, 0.8, 0, 20, 0, 0), ("exclusive", "life", "new", 19, 0.2, 0, 5, 0, 0)
    )
    assert section.finding.endswith("Movements show from the second run on.")
    assert block(section, "Life") == ["New Came this year | | < 20", "Old Came before | | 20 80%"]


def test_what_people_permit_is_stacked_by_state() -> None:
    """Each use with its states in words, most permitted first; a state nobody knows is another reason."""
    section = consent(facts(consent_coverage=rows(
        "purpose channel state people",
        ("sms_marketing", "sms", "withdrawn", 60), ("sms_marketing", "sms", "objected", 40),
        ("email_marketing", "email", "permitted", 60), ("email_marketing", "email", "pending", 5),
        ("email_marketing", "email", "never asked", 30), ("email_marketing", "email", "odd", 25),
    )))  # fmt: skip
    assert section
    assert section.finding == (
        "60 people (50%) may get marketing by e-mail. < 20 still have to confirm and 30 with an address were never "
        "asked. Nothing said is no."
    )
    assert block(section, "Permission by purpose and channel")[-2:] == [
        (
            "E-mail marketing by e-mail, 50% of all people | permitted 60; waits for confirmation < 20; "
            "never asked 30; another reason 25 | 60 may"
        ),
        "SMS marketing by SMS | said no 100 | 0 may",
    ]


def test_without_e_mail_the_rule_itself_is_told() -> None:
    """Nobody is counted as permitted for having said nothing."""
    assert consent(facts()) is None
    section = consent(
        facts(consent_coverage=rows("purpose channel state people", ("sms_marketing", "sms", "permitted", 60)))
    )
    assert section
    assert section.finding == "Nothing said is no: people count as permitted only where they said yes."
    all_said = rows("purpose channel state people", ("email_marketing", "email", "permitted", 60))
    asked = consent(facts(consent_coverage=all_said))
    assert asked
    assert asked.finding == "60 people (100%) may get marketing by e-mail. Nothing said is no."
