"""Quarantined rows corrected in a CSV file and replayed: used instead of the bad ones, and still accounted for."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.replays import FILE, Replay, add_replays, read_replays
from cdp_pipeline.privacy.door import Door, Leave
from cdp_pipeline.staging import quarantine_file
from cdp_pipeline.staging.quarantine_file import ORIGIN, export, groups, read_back
from cdp_pipeline.staging.reconciliation import reconcile
from cdp_pipeline.staging.replay import digest, joined, replay_step, row_digest
from cdp_pipeline.staging.split import split_table
from cdp_pipeline_tests.small_run import put
from cdp_pipeline_tests.staging.deliveries import Shop, order, shop
from cdp_pipeline_tests.staging.reading import con

DAY = date(2026, 6, 30)


def night(made: Shop) -> None:
    """Everything of the staging layer, after the files of the shop."""
    files = "(values ('shop', 'f1', 'a.csv', 'loaded'), ('shop', 'f2', 'b.csv', 'loaded'))"
    put(made.run, "raw.files", f"from {files} as files(source, fingerprint, file, status)")
    replay_step().run(made.run)
    split_table(made.run, "orders")
    reconcile(made.run)


@pytest.fixture
def made(tmp_path: Path) -> Shop:
    """A shop after a night with three bad rows."""
    made = shop(tmp_path)
    rows = [order("1", "10"), order("2", "1.234,50"), order("3", "5", currency="xx"), order("4", "-1", note="=1+1")]
    made.deliver("a.csv", rows)
    night(made)
    return made


def leave(made: Shop) -> Leave:
    return Door(made.run.data, "quarantine export").enter(table="quarantine.orders")


def correct(made: Shop, path: Path, change: Callable[[dict[str, str]], None]) -> Path:
    """Export, change every row by `change`, and write the file back."""
    export(leave(made), made.run, "orders", "", path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def mended(row: dict[str, str]) -> None:
    """The amount and the currency as they should be."""
    row["total"] = {"2": "1234.50", "3": "5", "4": "1"}[row["order_id"]]
    row["currency"] = row["currency"] and "EUR"


def test_a_corrected_row_is_used_and_accounted_for(made: Shop, tmp_path: Path) -> None:
    """After replay the corrected rows are staged, the bad ones stay as they were, and the ledger is equal."""
    found = read_back(made.run, correct(made, tmp_path / "x.csv", mended), DAY, "ann")
    assert (len(found.replays), found.unchanged, dict(found.columns)) == (3, 0, {"currency": 1, "total": 2})
    add_replays(made.run.data, found.replays)
    night(made)
    assert sorted(made.rows("staging.orders", "order_id, total, currency, _line")) == [
        ("1", Decimal(10), None, 2),
        ("2", Decimal("1234.5"), None, 3),
        ("3", Decimal(5), "EUR", 4),
        ("4", Decimal(1), None, 5),
    ]
    assert sorted(made.rows("quarantine.orders", "order_id, outcome, total")) == [
        ("2", "replayed", "1.234,50"),
        ("3", "replayed", "5"),
        ("4", "replayed", "-1"),
    ]
    columns = "rows_read, rows_quarantined, rows_staged, rows_replayed"
    assert made.rows("staging.reconciliation", columns) == [(4, 0, 4, 3)]


def test_the_same_row_can_be_corrected_again(made: Shop, tmp_path: Path) -> None:
    """A row that is still bad after its replay is in quarantine as corrected, and a second replay mends it."""
    good = read_back(made.run, correct(made, tmp_path / "x.csv", mended), DAY, "ann").replays
    texts = ["web", "2", None, None, "half", None]
    first = replace(good[0], changes={"total": "half"}, after=digest(texts))
    add_replays(made.run.data, [first])
    night(made)
    assert ("2", "quarantined", "half") in made.rows("quarantine.orders", "order_id, outcome, total")
    again = read_back(made.run, correct(made, tmp_path / "y.csv", mended), DAY, "ann")
    add_replays(made.run.data, again.replays)
    night(made)
    assert len(joined(read_replays(made.run.data))) == 3
    assert ("2", Decimal("1234.5")) in made.rows("staging.orders", "order_id, total")


def test_what_is_left_alone_is_no_correction(made: Shop, tmp_path: Path) -> None:
    """An exported file that comes back as it was asks for nothing, whatever guard its cells carry."""
    found = read_back(made.run, correct(made, tmp_path / "x.csv", lambda row: None), DAY, "ann")
    assert (found.replays, found.unchanged) == ((), 3)


def test_every_line_that_cannot_be_used_is_named(made: Shop, tmp_path: Path) -> None:
    """Still broken, unknown, of another system, shortened by a spreadsheet: all at once, and no value is told."""

    def change(row: dict[str, str]) -> None:
        match row["order_id"]:
            case "2":
                row["total"] = "Johnson"
            case "3":
                row["_row"] = "0"
            case "4":
                row["source"] = "till"

    with pytest.raises(InputError) as refusal:
        read_back(made.run, correct(made, tmp_path / "x.csv", change), DAY, "ann")
    said = [problem.partition("x.csv:")[2] for problem in refusal.value.problems]
    assert said == [
        "3: no such row is in quarantine now; export anew",
        "4: source: says where the row is from and cannot be corrected",
        "2: total: missing",
        "2: total: not an amount",
    ]
    assert not (made.run.data / FILE).exists()


@pytest.mark.parametrize(
    ("before", "after", "is_shortened"),
    [
        ("0612", "612", True),
        ("+31612", "31612", True),
        ("31612345678", "3.16E+10", True),
        ("0612", "0613", False),
        ("12,5", "12.5", False),
        ("", "612", False),
    ],
)
def test_what_spreadsheets_do_to_numbers_is_seen(before: str, after: str, is_shortened: bool) -> None:
    """A lost leading zero or plus, or an exponent, is no correction."""
    assert quarantine_file._is_shortened(before, after) == is_shortened


def test_replays_of_another_day_file_or_table_do_nothing(made: Shop, tmp_path: Path) -> None:
    """A replay counts from its day on, and for the export it was made for."""
    good = read_back(made.run, correct(made, tmp_path / "x.csv", mended), DAY, "ann").replays
    late, other, elsewhere = (
        replace(good[0], decided_at="2026-07-01"),
        replace(good[0], fingerprint="f2"),
        replace(good[0], table="people"),
    )
    add_replays(made.run.data, [late, other, elsewhere])
    night(made)
    assert len(made.rows("staging.orders")) == 1
    assert made.rows("staging.reconciliation", "rows_quarantined, rows_replayed") == [(3, 0)]


def test_the_file_is_for_its_owner_and_for_spreadsheets(made: Shop, tmp_path: Path) -> None:
    """Mode 0600; a cell that a spreadsheet would run carries an apostrophe; origin first, then the table."""
    made.deliver("b.csv", [order("=1+1", "x")])
    night(made)
    assert export(leave(made), made.run, "orders", "", tmp_path / "x.csv") == 4
    text = (tmp_path / "x.csv").read_text("utf-8")
    assert "'=1+1" in text
    assert text.splitlines()[0].split(",")[: len(ORIGIN)] == list(ORIGIN)
    assert (tmp_path / "x.csv").stat().st_mode & 0o777 == 0o600
    assert export(leave(made), made.run, "orders", "nobody", tmp_path / "y.csv") == 0


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085"], ids=["line", "paragraph", "next line"])
def test_a_cell_with_another_kind_of_line_end_is_one_line(tmp_path: Path, mark: str) -> None:
    """What Unicode calls a line separator stays in its cell, escaped or as it is."""
    row = Replay("orders", "shop", "f1", 3, "a", "b", {"note": f"Dam 1{mark}Gouda"}, str(DAY), "ann")
    add_replays(tmp_path, [row])
    add_replays(tmp_path, [row])
    assert read_replays(tmp_path) == [row, row]
    path = tmp_path / FILE
    assert len(path.read_text("utf-8").splitlines()) == 2
    path.write_text(json.dumps(asdict(row), ensure_ascii=False) + "\n", "utf-8")
    assert read_replays(tmp_path) == [row]


def test_groups_are_counted_without_values(made: Shop) -> None:
    """Table, source and reason with their rows, the largest first."""
    put(
        made.run,
        "quarantine.lines",
        "from (values ('shop', 'a.csv', 9, 'too_few_fields')) as t(source, file, line, code)",
    )
    found = groups(made.run)
    assert sum(group.rows for group in found) == 4
    assert [g for g in found if g.table == "lines"] == groups(made.run, "lines")
    with pytest.raises(InputError, match="did you mean orders"):
        groups(made.run, "order")


def test_lines_of_the_readers_are_mended_in_the_export(made: Shop, tmp_path: Path) -> None:
    """They have no columns to correct; the message says what to do instead, and no file is written."""
    with pytest.raises(InputError, match="mend the export itself, and deliver it again under its name"):
        export(leave(made), made.run, "lines", "", tmp_path / "lines.csv")
    assert not (tmp_path / "lines.csv").exists()


def test_both_ways_of_a_digest_agree() -> None:
    """Python and SQL name a row by the same digest, and nothing is not an empty text."""
    ((made,),) = (
        con().execute(f"select {row_digest(['a', 'b', 'c'])} from (select 'é' as a, null as b, '' as c)").fetchall()
    )
    assert made == digest(["é", None, ""])
    assert digest([None]) != digest([""])
