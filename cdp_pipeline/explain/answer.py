"""The answer to `cdp explain A B`, as data and in its leading sentences.

What belongs here: what an answer holds. What does not: finding it (pair.py) and laying it out
(pair_text.py, page.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from cdp_pipeline.explain.evidence import Part
from cdp_pipeline.explain.published import Asked
from cdp_pipeline.explain.records import Detail
from cdp_pipeline.explain.words import chance, count


@dataclass(frozen=True)
class Seen:
    """Two records beside each other, and how the evidence adds up; no parts for exact copies."""

    left: Detail
    right: Detail
    weight: float
    reason: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Comparison:
    """The answer to `cdp explain A B`.

    One person: `seen` is the path of links from A to B. Two people: `seen` is the pair that comes
    nearest to joining them, `why` what kept them apart, `cures` what would change that.
    """

    a: Asked
    b: Asked
    names: tuple[str, str]  # who the two are, as a reader would call them
    is_one: bool
    seen: tuple[Seen, ...]
    others: tuple[str, ...] = ()  # further pairs between two people, or the direct pair of one
    are_against: bool = False  # `others` are the pairs that speak against a join
    why: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    cures: tuple[str, ...] = ()


def headline(found: Comparison) -> str:
    """One sentence: one person or two."""
    first, second = found.names
    if found.is_one:
        return f"{first} and {second} are one person: {found.a.person}"
    return f"{first} and {second} are two people" + (
        "" if found.a.record is None and found.b.record is None else f": {found.a.person} and {found.b.person}"
    )


def further(found: Comparison) -> str:
    """What the further pairs of two people are."""
    return "What speaks against it elsewhere" if found.are_against else "Further pairs between them"


def surest(found: Comparison) -> str:
    """How good the path of evidence is as a whole."""
    weakest = min(seen.weight for seen in found.seen)
    if len(found.seen) == 1:
        return f"They hang together directly: {chance(weakest)}"
    return f"They hang together by {count(len(found.seen), 'link')}; the weakest: {chance(weakest)}"
