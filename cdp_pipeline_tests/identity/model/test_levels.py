"""String tests in SQL, and the one SELECT that says which level a pair meets."""

from __future__ import annotations

import duckdb
import pytest

from cdp_pipeline.identity.model.levels import Comparison, Level, one_typo, similar
from cdp_pipeline.identity.model.levels_met import add_levels


def said(sql: str, left: str | None, right: str | None) -> object:
    """What a test over value_l and value_r answers."""
    row = duckdb.execute(f"select {sql} from (select $1::varchar as value_l, $2::varchar as value_r)", [left, right])
    return row.fetchall()[0][0]


@pytest.mark.parametrize(
    ("left", "right", "one", "two"),
    [
        ("kerkstraat", "kerkstraat", True, True),
        ("kerkstraat", "kerkstrat", True, True),
        ("kerkstraat", "kerkstarat", True, True),  # two letters that changed places are one edit
        ("kerkstraat", "kerkstra", False, True),
        ("kerkstraat", "kerkstr", False, False),
        ("kerkstraat", "dorpsstraat", False, False),
    ],
)
def test_typos_are_counted_in_edits(left: str, right: str, one: bool, two: bool) -> None:
    """One edit is one typo, two are two, in either order; equal texts have none."""
    for pair in ((left, right), (right, left)):
        assert (said(one_typo("value"), *pair), said(one_typo("value", 2), *pair)) == (one, two)


def test_similar_includes_its_bound() -> None:
    """Two texts of exactly the least similarity are similar."""
    assert said(similar("value_l", "value_r", 1.0), "anna", "anna") is True
    assert said(similar("value_l", "value_r", 0.9), "anna", "koen") is False
    assert said(similar("value_l", "value_r", 0.5), None, "koen") is None


def test_a_pair_meets_the_first_level_that_fits_and_tells_its_term() -> None:
    """The place of the level, null where nothing can be compared, and the left value that a term frequency is of."""
    colour = Comparison(
        "colour", ("colour",), "colour_l is null or colour_r is null",
        (
            Level("same colour and size", "colour_l = colour_r and size_l = size_r", 0.5, 0.1),
            Level("same colour", "colour_l = colour_r", 0.3, 0.1, "colour"),
            Level("same size", "size_l = size_r", 0.1, 0.1, "size"),
            Level("other colour", "else", 0.1, 0.9),
        ),
    )  # fmt: skip
    plain = Comparison("size", ("size",), "size_l is null or size_r is null", (Level("any size", "else", 0.5, 0.5),))
    con = duckdb.connect()
    con.execute("""create table nodes as select * from (values (1, 'red', 's', 'x'), (2, 'red', 's', 'y'),
        (3, 'red', 'm', 'z'), (4, 'blue', 's', 'x'), (5, 'blue', 'm', 'x'), (6, null, 's', 'x'))
        as n(record_key, colour, size, never_asked);
        create table listed as select 1 as join_key_l, unnest(range(2, 7)) as join_key_r""")
    add_levels(con, (colour, plain), "listed", "nodes")
    rows = con.sql("from levels_met order by r")
    assert rows.columns == ["l", "r", "level_colour", "level_size", "term_colour"]
    assert rows.fetchall() == [
        (1, 2, 0, 0, None), (1, 3, 1, 0, "red"), (1, 4, 2, 0, "s"), (1, 5, 3, 0, None), (1, 6, None, 0, None),
    ]  # fmt: skip
