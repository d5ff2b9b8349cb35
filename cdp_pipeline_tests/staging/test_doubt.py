"""A cell that can be read in two ways is doubtful only where its own column proves that the other way occurs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.staging.split import split_table
from cdp_pipeline_tests.staging.deliveries import CONTRACT, SOURCE, order, shop

MONTHS_FIRST = SOURCE | {"format": {"dates": ["%m/%d/%Y"]}}
DAYS_FIRST = SOURCE | {"format": {"dates": ["%d/%m/%Y"]}}


def staged(folder: Path, source: dict[str, Any], **cells: list[str]) -> list[Any]:
    """The numbers of the orders that are staged, of one file whose cells are given by column."""
    made = shop(folder, CONTRACT, shop=source)
    ((column, texts),) = cells.items()
    rows = [
        order(str(number), **({"total": text} if column == "total" else {column: text}))
        for number, text in enumerate(texts)
    ]
    made.deliver("a.csv", rows)
    split_table(made.run, "orders")
    return sorted(row[0] for row in made.rows("staging.orders", "order_id"))


def test_dates_are_believed_without_a_proof(tmp_path: Path) -> None:
    """As the source's format declares them."""
    assert staged(tmp_path, MONTHS_FIRST, updated=["02/03/2026", "04/05/2026"]) == ["0", "1"]


@pytest.mark.parametrize(("source", "proof"), [(MONTHS_FIRST, "23/03/2026"), (DAYS_FIRST, "03/23/2026")])
def test_a_proof_of_the_other_order_sets_doubtful_dates_aside(
    tmp_path: Path, source: dict[str, Any], proof: str
) -> None:
    """The proof itself cannot be read; 05/05 is the same day either way."""
    assert staged(tmp_path, source, updated=["02/03/2026", proof, "05/05/2026", "2026-03-02"]) == ["2", "3"]


def test_a_proof_in_another_file_proves_nothing_here(tmp_path: Path) -> None:
    """Each file is written by one hand."""
    made = shop(tmp_path, CONTRACT, shop=MONTHS_FIRST)
    made.deliver("a.csv", [order("1", updated="02/03/2026")])
    made.deliver("b.csv", [order("2", updated="23/03/2026")])
    split_table(made.run, "orders")
    assert made.rows("staging.orders", "order_id") == [("1",)]


@pytest.mark.parametrize("doubtful", ["1.234", "10,000", "EUR 1.234"])
def test_amounts_beside_both_marks_are_doubtful(tmp_path: Path, doubtful: str) -> None:
    """A thousand, or one and a bit: where the column writes both, nobody can tell."""
    assert staged(tmp_path, SOURCE, total=["10.00", "1.234,56", doubtful, "12.5"]) == ["0", "3"]


def test_thousands_are_believed_without_a_proof(tmp_path: Path) -> None:
    """10,000.00 proves the point, and 10,000 is ten thousand beside it."""
    assert staged(tmp_path, SOURCE, total=["10,000.00", "10,000", "1.50"]) == ["0", "1", "2"]
