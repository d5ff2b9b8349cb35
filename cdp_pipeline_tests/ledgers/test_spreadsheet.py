"""Cells for spreadsheets: no formula gets through, and nothing is lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cdp_pipeline.ledgers.spreadsheet import guard, unguard

DANGEROUS = set("=+-@")
CELLS = st.text(st.sampled_from("=+-@'\t\r\n \x00a1.\u200b\ufeff＝＋－＠−|;"), max_size=8) | st.text(max_size=20)


@given(CELLS)
@example("'=1")
@example("\u200b =1+1")
@example("\ufeff＝1")
@settings(max_examples=2000, deadline=None)
def test_no_cell_starts_a_formula(cell: str) -> None:
    """Whatever the cell, what a spreadsheet reads begins with no sign of a formula, unless it is a plain number."""
    written = guard(cell)
    seen = "".join(c for c in unicodedata.normalize("NFKC", written) if unicodedata.category(c)[0] not in "CZ")
    is_number = written.lstrip("-").replace(".", "", 1).isdecimal()
    assert is_number or seen[:1] not in DANGEROUS
    assert written[:1] not in {"\t", "\r", "\n", "\x00"}


@given(CELLS)
@example("'=1")
@example("''=1")
@settings(max_examples=2000, deadline=None)
def test_guarding_is_undone_exactly(cell: str) -> None:
    """A guarded cell gives back what it was, also one that had an apostrophe of its own."""
    assert unguard(guard(cell)) == cell


@pytest.mark.parametrize("cell", ["Anna", "-12.50", "12", "'s-Hertogenbosch", "", "O'Neill", "a=b", "ann@mail.example"])
def test_harmless_cells_stay_as_they_are(cell: str) -> None:
    """Names, addresses and numbers are not touched."""
    assert guard(cell) == cell
    assert unguard(cell) == cell
