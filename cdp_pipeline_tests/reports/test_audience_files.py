"""Audiences and their files in words: small groups are told as bounds or together."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from cdp_pipeline.activation import export
from cdp_pipeline.reports.audience_files import _GATE_OF, audiences, told_funnel, told_reasons, why_nothing
from cdp_pipeline_tests.reports.few_facts import block, facts, figures, rows, titles

SIZES = "kind segmentation segment people share previous_people entered left_people unknown"
FUNNEL = "destination audience in_rule has_key permitted transfer_allowed above_minimum written reason removed needs recipient"
VIP = ("audience", "audience", "vip", 400, 0.4, 380, 30, 10, 0)
IDLE = ("audience", "audience", "idle", 60, 0.06, 60, 0, 0, 0)
MAIL = ("mail", "vip", 400, 390, 160, 160, 160, 158, "written: 158", 25, "email_marketing through email", "M_Ltd")
SMS = ("sms", "vip", 400, 260, 30, 30, 0, 0, "nothing written: too few", 0, "", None)
IDLE_SMS = ("sms", "idle", 60, 60, 40, 40, 0, 0, "nothing written: too few", 0, "", None)


def row(*values: int, **more: Any) -> dict[str, Any]:
    names = ("in_rule", "has_key", "permitted", "transfer_allowed", "above_minimum", "written")
    return dict(zip(names, values, strict=True)) | more


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((100, 95, 95, 95, 95, 95), ["in the audience 100", "− < 20 without a usable key in the file > 80"]),
        ((100, 100, 12, 12, 12, 12), ["in the audience 100", "− > 80 without permission in the file < 20"]),
        ((38, 38, 19, 19, 19, 19), ["in the audience 38", "− < 38 without permission in the file < 38"]),
        ((12, 12, 7, 7, 7, 7), ["in the audience < 20", "− < 20 without permission in the file < 20"]),
        ((12, 12, 12, 12, 12, 12), ["in the audience < 20", " in the file < 20"]),
        ((0, 0, 0, 0, 0, 0), ["in the audience 0", " in the file 0"]),
    ],
)
def test_a_funnel_with_a_small_end_tells_bounds(values: tuple[int, ...], told: list[str]) -> None:
    """Neither who is missing from the file nor who is in it follows from the other."""
    first, *others = told_funnel(row(*values), 20)
    assert [bar.tone for bar in others] == [*["c1"] * (len(others) - 1), "c2"]
    assert [f"{first.label} {first.text}", *(f"{bar.note} {bar.label} {bar.text}" for bar in others)] == told


def test_reasons_beside_a_small_file_are_a_bound() -> None:
    """The last line and the file would add up to what is left of the audience."""
    reasons = [{"reason": "never asked", "people": 200}, {"reason": "withdrawn", "people": 48}]
    told = told_reasons(row(260, 260, 12, 12, 12, 12), reasons, 20)
    assert told == [("never asked", "200"), ("withdrawn", "> 40")]


def test_every_gate_but_permission_has_its_reason() -> None:
    """The words by which a reason finds its gate are those that activation writes."""
    source = inspect.getsource(export)
    assert all(f"'{word}'" in source for word in _GATE_OF)


def test_a_small_number_of_waiting_people_is_not_told() -> None:
    """Why nothing was written may count who waits for a removal file."""
    said = "nothing written: the transfer ended; {} delivered before wait for their removal file"
    told = [why_nothing({"reason": said.format(number)}, 20) for number in (3, 300)]
    assert told[0] == "the transfer ended; < 20 delivered before wait for their removal file"
    assert "; 300 delivered" in told[1]


def test_audiences_are_drawn_by_their_size() -> None:
    """Largest first with who came and went; segments are none; on a first run shares take their place."""
    section = audiences(
        facts(segments={"audience.vip": "Best"}, segment_sizes=rows(SIZES, IDLE, VIP, ("exclusive", *VIP[1:])))
    )
    assert section
    assert section.finding == "No audience has a destination yet."
    assert block(section, "People each audience finds") == ["VIP Best | | 400 ▲ 30 ▼ < 20", "Idle | | 60 no change"]
    first = audiences(facts(segment_sizes=rows(SIZES, (*VIP[:5], 0, *VIP[6:]))))
    assert block(first, "People each audience finds") == ["VIP | | 400 40%"]
    assert audiences(facts(segment_sizes=rows(SIZES, ("exclusive", *VIP[1:])))) is None


def test_the_finding_tells_how_many_reach_a_file() -> None:
    """Files that could be written, how many of a hundred people reach one, and where most drop out."""
    section = audiences(facts(audience_funnels=rows(FUNNEL, MAIL, SMS, IDLE_SMS)))
    assert section
    assert section.finding == (
        "1 of 3 audience files could be written. Of every 100 people an audience finds, 18 reach its file. Most of the "
        "others drop out without permission."
    )
    keyless = audiences(
        facts(audience_funnels=rows(FUNNEL, ("mail", "vip", 100, 50, 50, 50, 50, 50, "written: 50", 0, "", "")))
    )
    assert keyless
    assert keyless.finding == (
        "1 of 1 audience file could be written. Of every 100 people an audience finds, 50 reach its file. Most of the "
        "others drop out without a usable key."
    )
    whole = audiences(
        facts(audience_funnels=rows(FUNNEL, ("mail", "vip", 50, 50, 50, 50, 50, 50, "written: 50", 0, "", "")))
    )
    assert whole
    assert whole.finding.endswith("100 reach its file.")


def test_a_destination_shows_a_funnel_of_each_audience() -> None:
    """To whom it goes and what it asks; each audience, largest first, with what reaches the file or why none."""
    section = audiences(facts(audience_funnels=rows(FUNNEL, IDLE_SMS, MAIL)))
    assert section
    assert titles(section) == ["Mail", "SMS"]
    assert section.blocks[0].text == "Goes to M Ltd. Asks for e-mail marketing through e-mail."
    assert block(section, "Mail")[:3] == [
        "VIP",
        "40% reach the file. 25 are to be removed there.",
        "in the audience 400",
    ]
    assert section.blocks[1].text == ""
    assert block(section, "SMS") == [
        "Idle", "No file: too few.", "in the audience 60", "− 20 without permission permit it 40",
        "− 40 left out: too few for a file in the file 0",
    ]  # fmt: skip
    assert "c1" in section.blocks[0].body
    assert '<p class="stop">No file: too few.</p>' in section.blocks[1].body


def test_a_reason_that_all_audiences_share_is_told_once() -> None:
    """Over the funnels of a destination that gets no file; not when one of them is written or differs."""
    shared = audiences(facts(audience_funnels=rows(FUNNEL, SMS, IDLE_SMS)))
    assert block(shared, "SMS")[0] == "No file: too few."
    assert [line for line in block(shared, "SMS") if line.startswith("No file")] == ["No file: too few."]
    other = (*IDLE_SMS[:8], "nothing written: no transfer", *IDLE_SMS[9:])
    mixed = audiences(facts(audience_funnels=rows(FUNNEL, SMS, other)))
    assert [line for line in block(mixed, "SMS") if line.startswith("No file")] == [
        "No file: too few.", "No file: no transfer.",
    ]  # fmt: skip
    assert block(mixed, "SMS")[0] == "VIP"


def test_a_small_file_is_told_as_a_bound() -> None:
    """Neither its share nor its size is exact."""
    small = ("mail", "vip", 100, 100, 12, 12, 12, 12, "written: 12", 0, "", "")
    section = audiences(facts(audience_funnels=rows(FUNNEL, small)))
    assert block(section, "Mail")[1] == "Fewer than 20 reach the file."
    large = ("mail", "vip", 100, 95, 95, 95, 95, 95, "written: 95", 0, "", "")
    assert block(audiences(facts(audience_funnels=rows(FUNNEL, large))), "Mail")[1] == "More than 80 reach the file."


def test_reasons_are_listed_by_destination_and_audience() -> None:
    """Each with its people, those that are few together; folded."""
    reasons = rows(
        "destination audience reason people",
        ("mail", "vip", "never asked", 180), ("mail", "vip", "withdrawn", 50), ("mail", "vip", "no usable key", 10),
        ("mail", "vip", "same key as another person", 2), ("sms", "vip", "never asked", 999),
    )  # fmt: skip
    section = audiences(facts(audience_funnels=rows(FUNNEL, MAIL), audience_reasons=reasons))
    assert block(section, "Why people are not in a file")[1:] == [
        "Mail | VIP | Never asked | 180", "Mail | VIP | Other reasons | 62",
    ]  # fmt: skip
    assert figures(section, "Why people are not in a file") == ["People"]
    assert section
    assert section.blocks[-1].folded


def test_overlaps_tell_no_small_group() -> None:
    """Largest first; neither a small overlap nor one that leaves few of an audience outside."""
    sizes = rows(SIZES, VIP, IDLE)
    pairs = [("vip", "idle", 30, 0.1, 0.5), ("idle", "x", 19, 0.1, 0.4), ("x", "y", 50, 0.2, 0.3), ("z", "idle", 41, 0.1, 0.4),
             ("idle", "z", 60, 0.3, 1.0)]  # fmt: skip
    overlaps = rows("segment_a segment_b people share_of_a share_of_b", *pairs)
    section = audiences(facts(segment_sizes=sizes, audience_overlaps=overlaps))
    assert block(section, "Audiences that reach the same people")[1:] == [
        "Idle | Z | 60 | 30% | 100%", "X | Y | 50 | 20% | 30%", "VIP | Idle | 30 | 10% | 50%",
    ]  # fmt: skip
    assert figures(section, "Audiences that reach the same people") == [
        "People in both",
        "Of the first",
        "Of the second",
    ]
