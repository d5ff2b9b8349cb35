"""What is told of numbers that add up tells nothing of small groups, however one subtracts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_pipeline.reports.audience_files import told_funnel, told_reasons
from cdp_pipeline.reports.floor import left_out, length, pair, told_steps

GATES = ("in_rule", "has_key", "permitted", "transfer_allowed", "above_minimum", "written")
LABELS = ("in the audience", "can be found there", "permit it", "may travel there", "enough people", "in the file")
REASONS = (
    "no usable key",
    "never asked",
    "transfer not allowed",
    "below the minimum size",
    "same key as another person",
)
WORDS = ("withdrawn", "bounced")
GATE_OF = {**{reason: gate for gate, reason in enumerate(REASONS, 1)}, **dict.fromkeys(WORDS, 2)}
SIZES = st.one_of(st.just(0), st.integers(1, 12), st.integers(1, 300))


def funnel_of(groups: dict[str, int]) -> dict[str, int]:
    """The gates of the people by reason; `written` are those in the file."""
    return {
        gate: sum(size for reason, size in groups.items() if GATE_OF.get(reason, 6) > number)
        for number, gate in enumerate(GATES)
    }


def is_known(wanted: list[int], told: list[list[int]]) -> bool:
    """Whether a sum of groups follows from other sums of the same groups."""
    return bool(told) and np.linalg.matrix_rank(told) == np.linalg.matrix_rank([*told, wanted])


@given(st.fixed_dictionaries(dict.fromkeys((*REASONS, *WORDS, "written"), SIZES)), st.integers(3, 30))
def test_no_small_group_follows_from_what_is_told(groups: dict[str, int], floor: int) -> None:
    """From funnel and reasons together no reason, gate or file of fewer people than the floor can be computed."""
    names, row = list(groups), funnel_of(groups)
    reasons = [{"reason": r, "people": n} for r, n in groups.items() if n and r != "written"]

    def sum_of(members: set[str]) -> list[int]:
        return [int(name in members) for name in names]

    passed = {gate: {n for n in names if GATE_OF.get(n, 6) > at} for at, gate in enumerate(GATES)}
    told = [sum_of({name}) for name in names if not groups[name]]
    for bar in told_funnel({**row}, floor):
        gate = GATES[LABELS.index(bar.label)]
        told += [sum_of(passed[gate])] if bar.text == f"{row[gate]:,}" else []
        assert not 0 < row[gate] < floor or bar.text.startswith("<")
    lines = told_reasons({**row}, reasons, floor)
    named = {reason for reason, _ in lines}
    for reason, text in lines:
        members = {reason} if reason in groups else {r["reason"] for r in reasons} - named
        told += [sum_of(members)] if text == f"{sum(groups[m] for m in members):,}" else []
    small = [{name} for name in names] + [passed[a] - passed[b] for a in GATES for b in GATES] + [*passed.values()]
    for members in small:
        if 0 < sum(groups[m] for m in members) < floor:
            assert not is_known(sum_of(members), told)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(3, 30))
def test_bounds_leave_more_than_one_answer(one: int, other: int, floor: int) -> None:
    """Whoever knows the total and reads both bounds finds several sizes for a small group."""
    texts, whole = pair(one, other, floor), one + other
    if whole < floor or not (0 < one < floor or 0 < other < floor) or not one or not other:
        return

    def fits(size: int, text: str) -> bool:
        bound = length(text)
        return size < bound if text[0] == "<" else size > bound if text[0] == ">" else size == bound

    assert fits(one, texts[0])
    assert fits(other, texts[1])
    assert sum(fits(size, texts[0]) and fits(whole - size, texts[1]) for size in range(1, whole)) > 1


@pytest.mark.parametrize(
    ("groups", "beside", "hidden"),
    [
        ([50, 40, 30], 0, set()),
        ([50, 5, 30], 0, {1, 2}),
        ([50, 12, 8], 0, {1, 2}),
        ([50, 0, 30], 0, set()),
        ([50, 5], 30, {1}),
        ([50, 40], 5, {1}),
        ([5], 0, {0}),
    ],
)
def test_the_next_smallest_goes_along_with_a_small_group(groups: list[int], beside: int, hidden: set[int]) -> None:
    """As many groups are left out as it takes to reach the floor of 20 together."""
    assert left_out(groups, 20, beside) == hidden


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([400, 260, 100, 100], (0, 1, 2, 3)),
        ([400, 390, 160, 160], (0, 2, 3)),
        ([400, 260, 12, 0], (0, 1, 3)),
        ([400, 260, 250, 250], (0, 3)),
        ([400, 260, 258, 12], (0, 1)),
        ([100, 95, 95, 95], (0,)),
        ([100, 100, 100, 100], (0, 3)),
    ],
)
def test_a_funnel_tells_the_gates_that_stop_enough(values: list[int], told: tuple[int, ...]) -> None:
    """A gate that stops fewer than 20 is joined to its neighbour; the file is told when nothing follows from it."""
    assert told_steps(values, 20) == told
