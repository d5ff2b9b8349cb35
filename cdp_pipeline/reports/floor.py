"""Which figures of people may be told, so that no small group can be found by subtracting what is told.

What belongs here: choosing what is told of numbers that add up, and bars of people. What does not: the words
around them.

A group smaller than the floor is not told. Beside a total that is told, neither are as many others as it takes
for those that are left out to be at least the floor together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cdp_pipeline.pages.charts import Bar, Part
from cdp_pipeline.pages.figures import count, drawn, people


def people_bar(label: str, value: int, floor: int, note: str = "", tone: str = "c1", mark: str = "") -> Bar:
    """A bar of so many people; a small group is neither told nor drawn exactly."""
    return Bar(label, drawn(value, floor), people(value, floor), note, tone, mark)


def people_part(name: str, value: int, floor: int, tone: str) -> Part:
    """The same as a piece of a stacked bar."""
    return Part(name, drawn(value, floor), people(value, floor), tone)


def left_out(groups: Sequence[int], floor: int, beside: int = 0) -> frozenset[int]:
    """Positions of the groups that may not be told, when their total and that of `beside` is.

    The small ones, then the next smallest until all that is left out, with `beside`, reaches the floor. Nobody (0)
    is told.
    """
    ranked = sorted((size, position) for position, size in enumerate(groups) if size)
    hidden = [position for size, position in ranked if size < floor]
    while (hidden or beside) and len(hidden) < len(ranked) and sum(groups[at] for at in hidden) + beside < floor:
        hidden.append(ranked[len(hidden)][1])
    return frozenset(hidden)


def told_steps(values: Sequence[int], floor: int) -> tuple[int, ...]:
    """Positions in numbers that only fall which may all be told; the first is always among them.

    Between two of them nobody or at least `floor` people are lost. Is the last position missing, then the last
    number and what is lost before it are told as `pair` tells them.
    """
    steps, last = [0], len(values) - 1
    for at in range(1, last):
        if values[steps[-1]] - values[at] >= floor <= values[at]:
            steps.append(at)
    if 0 < values[last] < floor:
        return tuple(steps)
    while len(steps) > 1 and 0 < values[steps[-1]] - values[last] < floor:
        steps.pop()
    return (*steps, last) if not 0 < values[steps[-1]] - values[last] < floor else tuple(steps)


def pair(one: int, other: int, floor: int) -> tuple[str, str]:
    """Two groups in words, when their total may be known: exactly, or within bounds when one of them is small."""
    whole = one + other
    if whole < floor or ((one == 0 or one >= floor) and (other == 0 or other >= floor)):
        return people(one, floor), people(other, floor)
    if whole < 2 * floor:
        return f"< {count(whole)}", f"< {count(whole)}"
    small, large = f"< {floor}", f"> {count(whole - floor)}"
    return (small, large) if one < floor else (large, small)


def length(text: str) -> float:
    """How long a figure is drawn: a bound as the number that it names."""
    return float(re.sub(r"\D", "", text))
