"""Every row is accounted for: read = not mapped + dropped + superseded + quarantined + staged."""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline.staging.reconciliation import reconcile
from cdp_pipeline.staging.split import split_table
from cdp_pipeline_tests.staging.deliveries import SOURCE, Shop, order, shop

NUMBERS = "file, rows_read, rows_not_mapped, rows_dropped, rows_superseded, rows_quarantined, rows_staged"


def reconciled(made: Shop, columns: str = NUMBERS) -> list[tuple[object, ...]]:
    split_table(made.run, "orders")
    reconcile(made.run)
    return made.rows("staging.reconciliation", columns)


def test_every_fate_is_counted_by_file(tmp_path: Path) -> None:
    """One row of each fate in one file, and an older version in another."""
    made = shop(tmp_path)
    made.deliver("a.csv", [order("1"), order("2")], day=1)
    made.deliver("b.csv", [order("1"), {"kind": "line"}, order("3", "test"), order("4", "x"), order("5")], day=2)
    assert reconciled(made) == [("a.csv", 2, 0, 0, 1, 0, 1), ("b.csv", 5, 1, 1, 0, 1, 2)]
    assert reconciled(made, "distinct source_name, table_name") == [("shop", "orders")]


def test_rows_that_prepare_leaves_out_are_counted(tmp_path: Path) -> None:
    """A row that `prepare` drops was read and is not mapped; rows it makes of one count each."""
    made = shop(tmp_path, shop=SOURCE | {"prepare": "select * from file where number <> '2'"})
    made.deliver("a.csv", [order("1"), order("2")])
    assert reconciled(made) == [("a.csv", 2, 1, 0, 0, 0, 1)]
    twice = shop(
        tmp_path / "2",
        shop=SOURCE | {"prepare": "select * exclude (number), unnest(string_split(number, ',')) as number from file"},
    )
    twice.deliver("a.csv", [order("1,2")])
    assert reconciled(twice) == [("a.csv", 2, 0, 0, 0, 0, 2)]


def test_a_file_that_is_read_twice_for_a_table_counts_twice(tmp_path: Path) -> None:
    """Two mappings into one table read every row once each."""
    mapping = SOURCE["into"]["orders"]
    both = SOURCE | {"into": {"orders": [mapping, {**mapping, "where": "kind = 'line'"}]}}
    made = shop(tmp_path, shop=both)
    made.deliver("a.csv", [order("1"), order("2", kind="line")])
    assert reconciled(made) == [("a.csv", 4, 2, 0, 0, 0, 2)]


def test_nothing_delivered_is_nothing_to_account_for(tmp_path: Path) -> None:
    """Without a file the ledger is empty."""
    assert reconciled(shop(tmp_path)) == []
