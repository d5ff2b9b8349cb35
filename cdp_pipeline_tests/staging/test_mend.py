"""A bad cell of an optional column is emptied and listed; its row is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.staging.mend import is_emptied
from cdp_pipeline.staging.split import split_table
from cdp_pipeline_tests.staging.deliveries import CONTRACT, Shop, order, shop


def softened(**columns: dict[str, Any]) -> dict[str, Any]:
    """The contract of the shop, with other words for some columns."""
    return CONTRACT | {
        "columns": CONTRACT["columns"] | {c: CONTRACT["columns"][c] | spec for c, spec in columns.items()}
    }


def night(folder: Path, contract: dict[str, Any], **cells: str) -> Shop:
    made = shop(folder, contract)
    made.deliver("a.csv", [order("1", **cells), order("2")])
    split_table(made.run, "orders")
    return made


@pytest.mark.parametrize(
    ("column", "text"), [("updated", "soon"), ("updated", "2031-01-01"), ("currency", "XYZ"), ("refund", "five")]
)
def test_an_optional_cell_does_not_take_its_row(tmp_path: Path, column: str, text: str) -> None:
    """It is empty in the row, and listed with file, line, reason and what was delivered."""
    name = {"updated": "updated_at"}.get(column, column)
    made = night(tmp_path, softened(**{name: {"when_bad": "empty"}}), **{column: text})
    assert made.rows("staging.orders", f"order_id, {name}") == [("1", None), ("2", None)]
    ((outcome, file, line, reasons, kept),) = made.rows("quarantine.orders", f"outcome, file, line, reasons, {name}")
    assert (outcome, file, line, kept) == ("mended", "a.csv", 2, text.upper() if column == "currency" else text)
    assert reasons.startswith(f"{name}: ")


def test_the_row_is_judged_again_after_a_cell_was_emptied(tmp_path: Path) -> None:
    """Another bad cell still takes it; then nothing is mended, and all reasons are told."""
    made = night(tmp_path, softened(currency={"when_bad": "empty"}), currency="XYZ", refund="99")
    assert made.rows("staging.orders", "order_id") == [("2",)]
    ((outcome, reasons),) = made.rows("quarantine.orders", "outcome, reasons")
    assert outcome == "quarantined"
    assert "currency" in reasons
    assert "refund_within_total" in reasons


def test_what_only_stands_for_an_empty_cell_is_not_listed(tmp_path: Path) -> None:
    """Errors of spreadsheets, in a column of any kind."""
    made = night(tmp_path, CONTRACT, updated="#REF!", refund="#WERT!")
    assert len(made.rows("staging.orders", "order_id")) == 2
    assert made.rows("quarantine.orders", "outcome") == []


def test_a_broken_row_takes_the_values_of_its_contract(tmp_path: Path) -> None:
    """`when_broken` replaces what it names, when nothing else is wrong; else the row stays in quarantine."""
    contract = softened(total={"in": None}) | {"when_broken": {"total": "0"}}
    made = night(tmp_path, contract, total="lots")
    assert sorted(made.rows("staging.orders", "order_id, total::integer")) == [("1", 0), ("2", 10)]
    assert made.rows("quarantine.orders", "outcome, total") == [("mended", "lots")]
    other = night(tmp_path / "2", contract, total="lots", currency="XYZ")
    assert other.rows("staging.orders", "order_id") == [("2",)]


def test_optional_columns_are_emptied_by_default() -> None:
    """Required ones never are, and the contract may say otherwise."""
    contract = Contract.model_validate(CONTRACT)
    assert [c for c in contract.columns if is_emptied(contract, c)] == []
    bare = {c: {k: v for k, v in spec.items() if k != "when_bad"} for c, spec in CONTRACT["columns"].items()}
    contract = Contract.model_validate(CONTRACT | {"columns": bare})
    assert [c for c in contract.columns if is_emptied(contract, c)] == ["updated_at", "currency", "refund"]
