"""The sections on groups of people: segments, and what people permit.

What belongs here: sizes and movements; groups smaller than the floor are not told exactly. What does
not: audiences and their files (audience_files.py); single people, ever.
"""

from __future__ import annotations

from collections import defaultdict

from cdp_pipeline.pages.charts import Stack, bars, stacks
from cdp_pipeline.pages.figures import listed, part, people, percent, things, title, words
from cdp_pipeline.pages.page import Block, Section, section
from cdp_pipeline.reports.facts import Facts, Row
from cdp_pipeline.reports.floor import people_bar, people_part

_STATES = (
    ("permitted", "c2", ("permitted",)),
    ("waits for confirmation", "c3", ("pending",)),
    ("basis not enough", "c4", ("needs consent", "no order with it")),
    ("said no", "c5", ("denied", "withdrawn", "objected", "complaint")),
    ("address bounces", "c5 faint", ("bounced",)),
    ("never asked", "c6", ("never asked",)),
    ("no address", "c6 faint", ("no address",)),
)


def segments(facts: Facts) -> Section | None:
    """Size of every segment and who moved since the last run."""
    rows = [r for r in facts.rows("segment_sizes") if r["kind"] == "exclusive"]
    if not rows:
        return None
    names = sorted({r["segmentation"] for r in rows})
    blocks = [_segmentation(facts, name, [r for r in rows if r["segmentation"] == name]) for name in names]
    return section("segments", "Segments and who moved", "Segments", _movement(facts, rows), *blocks)


def is_first(rows: tuple[Row, ...] | list[Row]) -> bool:
    """Whether nobody was in any segment before: nothing to compare with."""
    return not any(r["previous_people"] for r in rows)


def _movement(facts: Facts, rows: list[Row]) -> str:
    biggest = max(rows, key=lambda r: (r["people"], r["segment"]))
    size = f"{people(biggest['people'], facts.floor)} people ({percent(biggest['share'])})"
    text = f"The largest segment is “{words(biggest['segment'])}” with {size}."
    if is_first(rows):
        return f"{text} Movements show from the second run on."
    moved = sum(r["entered"] for r in rows)
    if not moved:
        return f"{text} Nobody changed segment since the last run."
    grown = max(rows, key=lambda r: (r["people"] - r["previous_people"], r["segment"]))
    text += f" Since the last run people moved {things(moved, 'time')} into another segment"
    gain = grown["people"] - grown["previous_people"]
    by = people(gain, facts.floor).replace("<", "fewer than")
    return text + (f"; “{words(grown['segment'])}” grew most, by {by}." if gain > 0 else ".")


def _segmentation(facts: Facts, name: str, rows: list[Row]) -> Block:
    order = [key.removeprefix(f"{name}.") for key in facts.segments if key.startswith(f"{name}.")]
    ranked = sorted(
        rows, key=lambda r: (order.index(r["segment"]) if r["segment"] in order else len(order), r["segment"])
    )
    rows_drawn = [
        people_bar(title(r["segment"]), r["people"], facts.floor, segment_note(facts, name, r),
                   mark=moved(facts, r, is_first(rows)))
        for r in ranked
        if r["people"] or r["previous_people"] or r["segment"] in order[:-1]
    ]  # fmt: skip
    return Block(
        title(name), bars(f"People in each segment of {words(name)}", rows_drawn), facts.segments.get(name, "")
    )


def segment_note(facts: Facts, name: str, row: Row) -> str:
    """What the project says about a segment, and of how many people its rule cannot be told."""
    description = facts.segments.get(f"{name}.{row['segment']}", "")
    if not row["unknown"]:
        return description
    beside = f"{people(row['unknown'], facts.floor)} people are left out, for a count that the rule needs is not known"
    return f"{description}; {beside}" if description else beside


def moved(facts: Facts, row: Row, first: bool) -> str:
    """Who came and who went; the share of all people when there is nothing to compare with."""
    if first:
        return percent(row["share"]) if row["people"] >= facts.floor else ""
    if not row["entered"] and not row["left_people"]:
        return "no change"
    entered, left = (people(row[c], facts.floor) for c in ("entered", "left_people"))
    return " ".join(
        part for part in (f"▲ {entered}" if row["entered"] else "", f"▼ {left}" if row["left_people"] else "") if part
    )


def consent(facts: Facts) -> Section | None:
    """What people permit."""
    rows = facts.rows("consent_coverage")
    if not rows:
        return None
    uses: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        uses[row["purpose"], row["channel"]][row["state"]] += row["people"]
    ranked = sorted(uses.items(), key=lambda item: (-item[1]["permitted"], item[0]))
    rows_drawn = [_use(facts, purpose, channel, states) for (purpose, channel), states in ranked]
    chart = stacks("Permission by purpose and channel", rows_drawn)
    block = Block("Permission by purpose and channel", chart, wide=True)
    return section("consent", "What people permit", "Consent", _consent_finding(facts, uses), block)


def _use(facts: Facts, purpose: str, channel: str, states: dict[str, int]) -> Stack:
    whole, permitted = sum(states.values()), states.get("permitted", 0)
    sizes = [(name, sum(states.get(state, 0) for state in members), tone) for name, tone, members in _STATES]
    sizes.append(("another reason", whole - sum(size for _, size, _ in sizes), "c6"))
    parts = [people_part(name, size, facts.floor, tone) for name, size, tone in sizes]
    beside = f", {part(permitted, whole, facts.floor)} of all people" if permitted else ""
    text = f"{people(permitted, facts.floor)} may"
    return Stack(title(purpose), parts, text, note=f"by {words(channel)}{beside}")


def _consent_finding(facts: Facts, uses: dict[tuple[str, str], dict[str, int]]) -> str:
    mail = uses.get(("email_marketing", "email"))
    if not mail:
        return "Nothing said is no: people count as permitted only where they said yes."
    whole, may = sum(mail.values()), mail["permitted"]
    text = f"{people(may, facts.floor)} people ({part(may, whole, facts.floor)}) may get marketing by e-mail."
    pending, unasked = mail["pending"], mail["never asked"]
    more = [f"{people(pending, facts.floor)} still have to confirm"] if pending else []
    more += [f"{people(unasked, facts.floor)} with an address were never asked"] if unasked else []
    return text + (f" {listed(more)}." if more else "") + " Nothing said is no."
