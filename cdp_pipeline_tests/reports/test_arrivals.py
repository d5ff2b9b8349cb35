"""The section on what came in: files, rows, and why some were not used."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_pipeline.reports.arrivals import arrivals, rule_in_words
from cdp_pipeline_tests.reports.few_facts import block, facts, rows, titles

DELIVERIES = rows(
    "source status files rows_loaded rows_rejected rows_withheld",
    ("shop", "loaded", 2, 900, 4, 0), ("crm", "loaded", 1, 1100, 0, 30), ("crm", "refused", 1, 5, 0, 0),
    ("crm", "duplicate", 2, 7, 0, 0),
)  # fmt: skip
OUTCOMES = rows(
    "source_name table_name rows_read rows_erased rows_not_mapped rows_empty rows_dropped rows_superseded "
    "rows_quarantined rows_used rows_mended bad_share",
    ("shop", "orders", 900, 1, 2, 3, 6, 40, 150, 704, 7, 0.15), ("crm", "people", 1100, 0, 0, 0, 0, 0, 0, 1100, 8, 0.0),
)  # fmt: skip
REASON = "source_name table_name outcome reason rows_kept_out"
LEFT_OUT = "file status reason"


def section(**tables: Any) -> Any:
    return arrivals(facts(deliveries=DELIVERIES, **tables))


def test_the_finding_counts_files_and_rows() -> None:
    """Files in, files left out, copies, and rows set aside in reading and by rules."""
    assert section(row_outcomes=OUTCOMES).finding == (
        "3 files with 2,000 rows went in, and 1 file was left out. 2 more are copies or older snapshots. 154 rows were "
        "set aside, each with its reason."
    )
    clean = arrivals(facts(deliveries=DELIVERIES[1:2]))
    assert clean
    assert clean.finding == "1 file with 1,100 rows went in, and no file was refused. Every row keeps to the rules."
    assert titles(clean) == ["Rows from each source"]
    assert arrivals(facts()) is None


def test_sources_are_drawn_by_their_rows() -> None:
    """Largest first, with files and what was not kept; withheld rows are explained."""
    assert block(section(), "Rows from each source") == [
        "CRM 1 file | | 1,100 30 withheld", "Shop 2 files | | 900 4 unreadable",
    ]  # fmt: skip
    assert section().blocks[0].text == "Withheld rows carry a flag that forbids to keep them."
    plain = arrivals(facts(deliveries=DELIVERIES[:1]))
    assert plain
    assert plain.blocks[0].text == ""


def test_rows_are_divided_by_what_became_of_them() -> None:
    """Every outcome with its share; a table whose rows were all used is told in a sentence."""
    made = section(row_outcomes=OUTCOMES)
    assert block(made, "What became of the rows")[-1] == (
        "Orders 900 rows | used 704 (78%); older version of a row 40 (4.4%); dropped by a rule 6 (0.7%); "
        "breaks a rule 150 (17%) | 78% used"
    )
    assert made.blocks[1].text == "Every row was used for people."
    more = tuple(
        {**OUTCOMES[0], "table_name": name, "rows_used": size} for name, size in (("b", 9), ("c", 9), ("a", 99))
    )
    assert [line[:1] for line in block(section(row_outcomes=more), "What became of the rows")[4:]] == ["A", "B", "C"]
    assert section(row_outcomes=OUTCOMES[:1]).blocks[1].text == ""


def test_every_row_is_accounted_for() -> None:
    """One line a source and table, folded, every column a figure of its own."""
    made = section(row_outcomes=OUTCOMES)
    assert block(made, "Every row accounted for, by source and table")[1:] == [
        "Shop | Orders | 900 | 1 | 2 | 3 | 6 | 40 | 150 | 704 | 7 | 15%",
        "CRM | People | 1,100 | 0 | 0 | 0 | 0 | 0 | 0 | 1,100 | 8 | 0%",
    ]
    assert made.blocks[2].folded
    assert str(made.blocks[2].body).count('<td class="figure">') == 20


def test_the_most_frequent_reasons_are_told_with_their_sources() -> None:
    """Five at most, of quarantined rows only; the same reason of two sources is one."""
    reasons = [("shop", "orders", "quarantined", f"c{at}: missing", at) for at in range(1, 7)]
    made = section(kept_out_reasons=rows(REASON, *reasons, ("crm", "orders", "quarantined", "c1: missing", 50),
                                         ("crm", "orders", "superseded", "newer: there", 90)))  # fmt: skip
    lines = block(made, "Why rows were set aside")
    assert lines[0] == "Orders: c1 is missing CRM and Shop | | 51"
    assert lines[1:] == [f"Orders: c{at} is missing Shop | | {at}" for at in (6, 5, 4, 3)]
    assert made.blocks[1].text == "The 5 most frequent of 6."
    ties = section(
        kept_out_reasons=rows(REASON, *(("shop", "orders", "quarantined", f"{c}: missing", 7) for c in "ba"))
    )
    assert [line[:11] for line in block(ties, "Why rows were set aside")] == ["Orders: a i", "Orders: b i"]
    five = section(kept_out_reasons=rows(REASON, *reasons[:5]))
    assert five.blocks[1].text == ""
    assert titles(section(kept_out_reasons=rows(REASON, ("crm", "orders", "superseded", "a: b", 9)))) == titles(
        section()
    )


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("ordered_at: missing", "orders: ordered at is missing"),
        ("total: does not add up", "orders: total does not add up"),
        ("adds_up", "orders: breaks adds up"),
        ("adds_up: adds_up", "orders: breaks adds up"),
    ],
)
def test_a_rule_is_told_as_people_say_it(reason: str, text: str) -> None:
    """Column and rule make half a sentence; a named rule is broken."""
    assert rule_in_words("orders", reason) == text


def test_files_left_out_are_listed_and_folded_when_many() -> None:
    """Name, what is wrong and why, never as markup; from nine on folded, from forty on narrow."""
    made = section(refused_files=rows(LEFT_OUT, ("a/<b>.csv", "refused", "no column"), ("x.jpg", "odd", "no source")))
    assert block(made, "Files left out (2)")[1:] == [
        "a/<b>.csv | not what it should be | no column",
        "x.jpg | odd | no source",
    ]
    for many, wide, folded in ((8, True, False), (9, True, True), (39, True, True), (40, False, True)):
        files = rows(LEFT_OUT, *((f"{at}.csv", "unready", "") for at in range(many)))
        last = section(refused_files=files).blocks[-1]
        assert (last.title, last.wide, last.folded) == (f"Files left out ({many})", wide, folded)


def test_columns_nobody_mapped_are_listed_by_source() -> None:
    """All of them, counted, folded."""
    made = section(unmapped_columns=rows("source column_name", ("shop", "Notes"), ("shop", "Tags"), ("crm", "Fax")))
    assert block(made, "Columns nobody mapped (3)")[1:] == ["CRM | Fax", "Shop | Notes, Tags"]
    assert made.blocks[-1].folded
