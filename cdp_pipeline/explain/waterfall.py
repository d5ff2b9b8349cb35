"""The waterfall under a pair of records: which bars there are, how far they reach, what they say.

What belongs here: bars as data. What does not: drawing them (pair_text.py, page.py) and weighing
(evidence.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdp_pipeline.explain.answer import Seen
from cdp_pipeline.explain.evidence import UNKNOWN, Part
from cdp_pipeline.explain.words import CERTAIN, before, chance, one_person, rarity, signed, times


@dataclass(frozen=True)
class Bar:
    """One row of a waterfall: from where to where on the scale of weights."""

    title: str
    shown: str
    span: tuple[float, float]
    said: str


def bars(seen: Seen) -> list[Bar]:
    """The waterfall: the fields that were compared, the rule, and what they come to.

    A rule that decides by itself (weight 40 either way) has a mark and no length: its number is only a flag.
    """
    found, at = [], 0.0
    for part in (part for part in seen.parts if part.said != UNKNOWN):
        is_final = part.field == "rule" and abs(seen.weight) == CERTAIN
        span = (at, at) if is_final else (at, at + part.weight)
        shown = ("✓" if seen.weight > 0 else "✕") if is_final else signed(part.weight)
        found.append(Bar(title(part), shown, span, words(part)))
        at += part.weight
    is_final = abs(seen.weight) == CERTAIN
    shown = ("✓" if seen.weight > 0 else "✕") if is_final else signed(seen.weight)
    return [*found, Bar("together", shown, (0.0, 0.0 if is_final else seen.weight), total_words(seen.weight))]


def edges(drawn: Sequence[Bar]) -> tuple[float, float]:
    """The lowest and the highest weight that any bar reaches."""
    return min(0.0, *(min(bar.span) for bar in drawn)), max(0.0, *(max(bar.span) for bar in drawn))


def unknown(parts: Sequence[Part]) -> str:
    """The fields that could not be compared, on one line."""
    names = [title(part) for part in parts if part.said == UNKNOWN]
    return f"{', '.join(names)}: not known on both sides, so they say nothing" if names else ""


def words(part: Part) -> str:
    """What one bar says."""
    if part.field == "before":
        return before(part.share or 0.0)
    if part.field in {"together", "rule"}:
        return part.said
    rare = f"; {rarity(part.share)}" if part.share else ""
    return f"{part.said}: {times(part.weight)}{rare}"


def title(part: Part) -> str:
    """Name of a bar."""
    return {"before": "to begin with", "together": "taken together", "rule": "rule"}.get(part.field, part.title)


def total_words(weight: float) -> str:
    """What the sum says."""
    return one_person(weight) if -CERTAIN < weight < -0.5 else chance(weight).partition(" (")[0]
