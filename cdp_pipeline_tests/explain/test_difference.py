"""What differs between two states: who merges and splits, sizes, and that in words."""

from __future__ import annotations

from pathlib import Path

import duckdb

from cdp_pipeline.explain import difference
from cdp_pipeline.explain.difference import Change, Difference, Size


def state(folder: Path, people: dict[str, str], segments: list[tuple[str, str, str, str]]) -> Path:
    """Tables of one state: record -> person, and (person, segmentation, segment, kind)."""
    for layer in ("identity", "segments"):
        (folder / layer).mkdir(parents=True)
    con = duckdb.connect()
    con.execute("create table records (source varchar, record_id varchar, person_id varchar)")
    con.executemany("insert into records values ('crm', ?, ?)", [list(item) for item in people.items()])
    con.execute(f"copy records to '{folder}/identity/person_records.parquet'")
    con.execute("create table members (person_id varchar, segmentation varchar, segment varchar, kind varchar)")
    con.executemany("insert into members values (?, ?, ?, ?)", [list(row) for row in segments])
    con.execute(f"copy members to '{folder}/segments/memberships.parquet'")
    return folder


def test_merges_splits_and_sizes_are_told(tmp_path: Path) -> None:
    """Who joins whom, who falls apart, and segments that nobody is in any more."""
    before = state(
        tmp_path / "before",
        {"1": "Pa", "2": "Pa", "3": "Pb", "4": "Pc", "5": "Pc", "6": "Pd"},
        [("Pa", "life", "active", "exclusive"), ("Pb", "life", "new", "exclusive"), ("Pa", "vip", "vip", "audience")],
    )
    after = state(
        tmp_path / "after",
        {"1": "Pa", "2": "Pa", "3": "Pa", "4": "Pc", "5": "Pe", "6": "Pd"},
        [("Pa", "life", "active", "exclusive"), ("Pc", "vip", "vip", "audience"), ("Pa", "vip", "vip", "audience")],
    )
    assert difference.compare(before, after) == Difference(
        persons=(4, 4),
        merges=(Change(3, (("Pa", 2), ("Pb", 1)), (("Pa", 3),)),),
        splits=(Change(2, (("Pc", 2),), (("Pc", 1), ("Pe", 1))),),
        counts=(1, 1),
        sizes=(
            Size("life", "active", "exclusive", 1, 1),
            Size("life", "new", "exclusive", 1, 0),
            Size("vip", "vip", "audience", 1, 2),
        ),
    )


def test_only_the_ten_largest_are_listed(tmp_path: Path) -> None:
    """All are counted, the ten with most records are named, largest first."""
    people = {f"{at}.{n}": f"P{at:02}" for at in range(12) for n in range(at + 2)}
    before = state(tmp_path / "before", people, [("P00", "a", "a", "audience")])
    torn = {record: f"{person}x" if record.endswith(".0") else person for record, person in people.items()}
    found = difference.compare(before, state(tmp_path / "after", torn, [("P00", "a", "a", "audience")]))
    assert found.counts == (0, 12)
    assert [change.records for change in found.splits] == list(range(13, 3, -1))


def test_the_words_hold_ids_and_differences() -> None:
    """Persons, groups, segments and audiences with their change; what stays is only counted."""
    found = Difference(
        (1346, 1345),
        (Change(3, (("Pa", 2), ("Pb", 1)), (("Pa", 3),)),),
        (Change(2, (("Pc", 2),), (("Pc", 1), ("Pe", 1))),),
        (1, 1),
        (
            Size("life", "new", "exclusive", 51, 50),
            Size("life", "old", "exclusive", 5, 5),
            Size("vip", "vip", "audience", 1, 1),
        ),
        is_clean=False,
    )
    said = difference.text(found)
    assert "1,346 people would be 1,345 (-1)" in said
    assert "2 + 1 records: Pa + Pb" in said
    assert "2 records into 1 + 1: Pc → Pc + Pe" in said
    assert "Segments: 1 of 2 change in size" in said
    assert "Audiences: none of 1 changes in size" in said
    assert "run cdp run first" in said
    assert "Nothing was published" in said


def test_nothing_to_tell_is_told() -> None:
    """Nobody merges, nobody splits, nothing changes in size; one person is no people."""
    text = difference.text(Difference((1, 1), (), (), (0, 0), (Size("life", "new", "exclusive", 5, 5),)))
    assert text.splitlines() == [
        "1 person would be 1 (+0)",
        "Nobody would merge and nobody would split.",
        "",
        "Segments: none of 1 changes in size",
        "",
        "Audiences: none of 0 changes in size",
        "",
        "Nothing was published. To keep a setting, write it into 3_identity/matching.yml",
    ]


def test_groups_are_counted_beyond_those_that_are_listed() -> None:
    """One group is a group; of more than are listed the largest are said to be; six ids are enough."""
    crowd = tuple((f"P{at}", 1000 + at) for at in range(8))
    merge, split = Change(8028, crowd, (("P0", 8028),)), Change(3, (("Pa", 3),), (("Pa", 2), ("Pb", 1)))
    lines = difference.text(Difference((9, 3), (merge,), (split,), (1, 2), ())).splitlines()
    assert lines[:2] == ["9 people would be 3 (-6)", ""]
    assert lines[2] == "1 group of people would merge:"
    assert lines[3] == (
        "  1,000 + 1,001 + 1,002 + 1,003 + 1,004 + 1,005 + 2 more records: P0 + P1 + P2 + P3 + P4 + P5 + 2 more"
    )
    assert lines[5:7] == ["2 people would split; the 1 largest:", "  3 records into 2 + 1: Pa → Pa + Pb"]
    both = difference.text(Difference((9, 3), (merge, merge), (split,), (2, 1), ()))
    assert "2 groups of people would merge:" in both
    assert "1 person would split:" in both


def test_a_size_that_changes_is_told_with_its_name() -> None:
    """A segment by its segmentation, unless both have one name; an audience by its own."""
    sizes = (
        Size("life", "new", "exclusive", 1000, 990), Size("vip", "vip", "exclusive", 1, 3),
        Size("audience", "sale", "audience", 5, 6),
    )  # fmt: skip
    lines = difference.text(Difference((9, 9), (), (), (0, 0), sizes)).splitlines()
    assert lines[3:6] == [
        "Segments: 2 of 2 change in size",
        "  life: new      1,000 → 990        -10",
        "  vip                1 → 3          +2",
    ]
    assert lines[7:9] == ["Audiences: 1 of 1 change in size", "  sale          5 → 6          +1"]
