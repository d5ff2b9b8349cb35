"""Audiences and their files in words: small groups are told as bounds or together."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from cdp_pipeline.activation import export
from cdp_pipeline.reports.audience_files import _GATE_OF, told_funnel, told_reasons, why_nothing


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
