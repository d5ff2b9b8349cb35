"""Which figures of people may be told, so that no small group can be found by subtracting what is told.

What belongs here: choosing what is told of numbers that add up. What does not: the words around them.

A group smaller than the floor is not told. Beside a total that is told, neither are as many others as it takes
for those that are left out to be at least the floor together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cdp_pipeline.pages.figures import count, people


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
    told, last = [0], len(values) - 1
    for at in range(1, last):
        if values[told[-1]] - values[at] >= floor <= values[at]:
            told.append(at)
    if 0 < values[last] < floor:
        return tuple(told)
    while len(told) > 1 and 0 < values[told[-1]] - values[last] < floor:
        told.pop()
    return (*told, last) if not 0 < values[told[-1]] - values[last] < floor else tuple(told)


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
