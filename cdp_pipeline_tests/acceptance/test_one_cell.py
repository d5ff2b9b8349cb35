"""Whatever happens to one cell of a delivery, nobody is harmed, and nothing else changes.

What belongs here: the floor under the one-cell law, at small scale, and what its oracle takes for another value.
What does not: the law (trust/one_cell.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline_tests.sources_yaml.exports import sources
from cdp_pipeline_tests.trust.one_cell import LAWS, copies, measure
from cdp_pipeline_tests.trust.one_cell_changes import is_another
from cdp_pipeline_tests.trust.one_cell_deliveries import Cell, Change, Copy, deliveries


def test_the_one_cell_law_holds(tmp_path: Path) -> None:
    """Nobody gains, nothing is lost or taken, no strangers meet, the rest is equal, and the erased stay out."""
    figures = measure(tmp_path, long=False)
    assert not [figure for figure in figures if figure.broken]
    assert [figure.tried for figure in figures] == [312] * len(LAWS) + [78]


def test_every_shipped_source_is_delivered() -> None:
    """A source without a valid delivery would never be tried."""
    assert set(deliveries()) == set(sources())


def test_copies_are_the_same_again_and_of_other_people() -> None:
    """A number stands for one change, and two copies of a source share no identifier."""
    once, again = copies(78), copies(39, 39)
    assert once[39:] == again
    one, other = (Copy("shopify_customers", number, False) for number in (1, 2))
    assert not set(one.identifiers) & set(other.identifiers)
    assert one.fold(one.tokens["a"]["mail"].title().replace("Example", "example")) == other.fold(
        other.tokens["a"]["mail"]
    )


@pytest.mark.parametrize(
    ("before", "after", "is_other"),
    [
        ("ann@mail.example", "anm@mail.example", True),
        ("ann@mail.example", "Ann <ann@mail.example>", False),
        ("ann@mail.example", "ann＠mail.example", False),
        ("ann@mail.example", "ann@mailexample", False),
        ("+31612345678", "+31612345679", True),
        ("+31612345678", "3.16123E+10", False),
        ("+31612345678", "06 1234 5678", False),
        ("71234567890", "71234567891", True),
        ("71234567890", "7.12346E+10", False),
        ("71234567890", "71234567890.0", False),
        ("71234567890", "#NV", False),
        ("2026-05-20", "2026-05-02", True),
        ("2026-05-20", "20/05/2026", False),
        ("no", "yes", True),
        ("no", "nee", False),
        ('{"analytics_storage":"No"}', '{"analytics_storage":"Yes"}', True),
        ('{"analytics_storage":"No"}', '{"analytics_storage":"Denied "}', False),
    ],
)
def test_only_a_plain_other_value_is_another(before: str, after: str, is_other: bool) -> None:
    """What a person would read as another address, number, day or answer excuses; a damaged or dressed one does not."""
    change = Change("garble", Cell(0, 2, 0, "x"), "a", {"x": (before, after)})
    assert is_another(change) is is_other
