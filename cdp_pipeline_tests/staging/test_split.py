"""Candidate rows become staged, superseded, quarantined or dropped: each exactly one of these."""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline.staging.split import split_table
from cdp_pipeline_tests.staging.deliveries import CONTRACT, SOURCE, Row, order, shop

ROW = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["order", "order", "order", "line"]),
        "number": st.sampled_from(["1", "2", "3", None]),
        "updated": st.sampled_from(["2026-06-01", "2026-06-02 10:00:00", "2026-02-30", None]),
        "total": st.sampled_from(["10", "20.50", "-1", "12-", "test", None]),
        "refund": st.sampled_from(["5", "99", "five", None]),
        "currency": st.sampled_from(["EUR", "eur", "XXY", None]),
    }
)


def fate(row: Row) -> str:
    """What must become of a row by itself, said without SQL; good rows then compete for their key."""
    if row["kind"] != "order":
        return "not mapped"
    if row["total"] == "test":
        return "dropped"
    refund, total = row["refund"], row["total"]
    is_bad = (
        row["number"] is None
        or row["updated"] == "2026-02-30"
        or total not in {"10", "20.50"}
        or refund == "five"
        or (refund == "99" and total in {"10", "20.50"})
        or (row["currency"] or "EUR").upper() != "EUR"
    )
    return "quarantined" if is_bad else "good"


@settings(max_examples=12, deadline=None)
@given(files=st.lists(st.lists(ROW, max_size=20), min_size=1, max_size=3))
def test_every_row_has_exactly_one_fate(files: list[list[Row]]) -> None:
    """Every mapped line is once staged, superseded, quarantined or dropped, as it must be."""
    with TemporaryDirectory() as folder:
        made = shop(Path(folder))
        expected: dict[tuple[str, int], str] = {}
        best: dict[str, tuple[str, int, str, int]] = {}
        for number, rows in enumerate(files):
            file = f"{number}.csv"
            made.deliver(file, rows, day=number + 1)
            for line, row in enumerate(rows, 2):
                expected[file, line] = fate(row)
                if fate(row) == "good":
                    rank = (row["updated"] or "", number, file, line)
                    best[str(row["number"])] = max(best.get(str(row["number"]), rank), rank)
        split_table(made.run, "orders")
        found: dict[tuple[str, int], list[str]] = {}
        for file, line in made.rows("staging.orders", "_file, _line"):
            found.setdefault((file, line), []).append("staged")
        for file, line, outcome in made.rows("quarantine.orders", "file, line, outcome"):
            found.setdefault((file, line), []).append(outcome)
    winners = {(file, line) for _, _, file, line in best.values()}
    assert found == {
        place: ["staged" if place in winners else "superseded" if said == "good" else said]
        for place, said in expected.items()
        if said != "not mapped"
    }


def test_the_newest_good_version_wins(tmp_path: Path) -> None:
    """By the contract's own clock first, whichever file came last."""
    made = shop(tmp_path)
    made.deliver("a.csv", [order(total="1", updated="2026-06-20")], day=1)
    made.deliver("b.csv", [order(total="2", updated="2026-06-10")], day=2)
    split_table(made.run, "orders")
    assert made.rows("staging.orders", "total, _file") == [(Decimal(1), "a.csv")]
    assert made.rows("quarantine.orders", "file, outcome, reasons") == [
        ("b.csv", "superseded", "a newer row of the same key")
    ]


def test_between_equals_the_later_delivery_wins(tmp_path: Path) -> None:
    """Without a clock of its own: the later delivery, then the later file, then the later line."""
    made = shop(tmp_path)
    made.deliver("z.csv", [order(total="1")], day=1)
    made.deliver("a.csv", [order(total="2"), order(total="3")], day=2)
    split_table(made.run, "orders")
    assert made.rows("staging.orders", "total") == [(Decimal(3),)]


def test_a_bad_newer_version_hides_no_good_older_one(tmp_path: Path) -> None:
    """A row that breaks the contract goes to quarantine; what was good stays in use."""
    made = shop(tmp_path)
    made.deliver("a.csv", [order(total="10")], day=1)
    made.deliver("b.csv", [order(total="not money", updated="2026-06-20")], day=2)
    numbers = split_table(made.run, "orders")
    assert made.rows("staging.orders", "total, _file") == [(Decimal(10), "a.csv")]
    assert made.rows("quarantine.orders", "file, outcome") == [("b.csv", "quarantined")]
    assert numbers["quarantine.orders"] == {"rows_kept_out": 1, "quarantined": 1, "quarantined_share": 0.5}


def test_a_quarantined_row_keeps_its_text_and_all_its_reasons(tmp_path: Path) -> None:
    """Every broken rule is named with its column, beside the text as it was delivered."""
    made = shop(tmp_path)
    made.deliver("a.csv", [order(number=None, total="-5", updated="2027-01-01", note="kept out")])
    split_table(made.run, "orders")
    ((total, reasons),) = made.rows("quarantine.orders", "total, reasons")
    assert total == "-5"
    assert [reason.split(":")[0] for reason in reasons.split("; ")] == ["order_id", "total", "updated_at"]


def test_a_superseded_or_dropped_row_keeps_no_text(tmp_path: Path) -> None:
    """Only what must be mended is kept in quarantine: the rest would be a second copy of people's data."""
    made = shop(tmp_path)
    made.deliver("a.csv", [order(), order(), order(total="test")])
    split_table(made.run, "orders")
    rows = made.rows("quarantine.orders", "outcome, reasons, order_id, total")
    assert sorted(rows) == [
        ("dropped", "test_order", None, None),
        ("superseded", "a newer row of the same key", None, None),
    ]


def test_the_same_rows_in_any_number_of_threads_are_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that `prepare` makes of one line and that differ in one column only still have one order."""
    unnested = SOURCE | {"prepare": "select * exclude (total), unnest(range(1, 40))::varchar as total from file"}
    digests = set()
    for number, threads in enumerate((1, 2, 4, 4)):
        made = shop(tmp_path / str(number), shop=unnested)
        made.deliver("a.csv", [order(str(n % 7)) for n in range(300)])
        connect = made.run.connect
        with monkeypatch.context() as patched:
            patched.setattr(
                type(made.run),
                "connect",
                lambda _, *tables, connect=connect, threads=threads: limited(connect(*tables), threads),
            )
            split_table(made.run, "orders")
        digests.add((made.run.digest("staging.orders"), made.run.digest("quarantine.orders")))
    assert len(digests) == 1


@contextmanager
def limited(connected, threads: int):
    with connected as con:
        con.execute(f"set threads = {threads}")
        yield con


def test_two_sources_meet_in_one_table(tmp_path: Path) -> None:
    """Two exports of one system compete for a key; another system has keys of its own."""
    other = SOURCE | {"system": "till"}
    made = shop(tmp_path, web_one=SOURCE, web_two=SOURCE, till=other)
    made.deliver("a.csv", [order(total="1")], day=1, source="web_one")
    made.deliver("b.csv", [order(total="2")], day=2, source="web_two")
    made.deliver("c.csv", [order(total="3")], day=3, source="till")
    split_table(made.run, "orders")
    assert made.rows("staging.orders", "source, total") == [("till", Decimal(3)), ("web", Decimal(2))]


def test_nothing_delivered_is_an_empty_table_with_all_columns(tmp_path: Path) -> None:
    """A core table that nothing feeds is there, typed, and empty; so is one of an empty file."""
    made = shop(tmp_path)
    for _ in range(2):
        split_table(made.run, "orders")
        assert made.rows("staging.orders") == []
        assert made.run.schema("staging.orders").names == [*CONTRACT["columns"], "_file", "_line"]
        made.deliver("empty.csv", [])
    assert "attributes" not in made.run.schema("quarantine.orders").names
