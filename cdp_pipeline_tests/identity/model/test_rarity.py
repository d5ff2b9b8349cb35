"""How rare a value is: counted once a person, and only across persons as chance."""

from __future__ import annotations

import duckdb
import pytest

from cdp_pipeline.identity.model import comparisons, rarity
from cdp_pipeline_tests.identity.people import MATCHING

PRESENT = frozenset({"name_full", "birth_date", "email_key", "phone_key", "place_key", "postcode_key"})
COLUMNS = "name_full, name_first, name_last, birth_date, email_key, phone_key, place_key, postcode_key"


def nodes(*rows: str) -> duckdb.DuckDBPyConnection:
    """Table nodes of rows of `name_first name_last birth_date email_key`, `-` for none; other columns are empty."""
    con = duckdb.connect()
    con.execute(
        f"create table nodes as select {', '.join(f'null::varchar as {c}' for c in COLUMNS.split(', '))} limit 0"
    )
    for row in rows:
        first, last, birth, email = (None if cell == "-" else cell for cell in row.split())
        whole = f"{first} {last}" if first and last else None
        con.execute(
            f"insert into nodes ({COLUMNS}) values (?, ?, ?, ?, ?, null, null, null)",
            [whole, first, last, birth, email],
        )
    return con


def groups(con: duckdb.DuckDBPyConnection) -> list[int]:
    """The group of each node, in order, numbered by its first node."""
    return [row[0] for row in con.execute("select sure_group from nodes order by rowid").fetchall()]


def test_sure_rules_make_groups() -> None:
    """One full name with one birth date or e-mail is one person, by a chain of them too; a name alone is not."""
    con = nodes(
        "anna vos 1980 a@x", "anna vos 1980 b@x", "anna vos - b@x", "anna vos - -", "koen vos 1980 a@x", "- - 1980 a@x"
    )
    rarity.add_groups(con, PRESENT)
    assert groups(con) == [0, 0, 0, 3, 4, 5]


def test_a_rule_whose_column_is_missing_is_left_out() -> None:
    """Without birth dates among what is present, they join nobody."""
    con = nodes("anna vos 1980 -", "anna vos 1980 -")
    rarity.add_groups(con, PRESENT - {"birth_date"})
    assert groups(con) == [0, 1]


def test_a_value_is_counted_once_a_person_and_smoothed() -> None:
    """Three records of one person and one of another: two of three groups, between the data and the shipped share."""
    con = nodes(
        "anna vos 1980 a@x", "anna vos 1980 a@x", "anna vos 1980 a@x", "koen bos 1970 a@x", "pien smit 1960 p@x"
    )
    rarity.add_groups(con, PRESENT)
    terms = rarity.term_frequencies(con, (comparisons.EMAIL,), MATCHING)
    found = {row["value"]: row["tf"] for row in terms.to_pylist() if row["column_name"] == "email_key"}
    shipped = comparisons.EMAIL.levels[0].u
    assert found == {"a@x": pytest.approx((2 + 500 * shipped) / 503), "p@x": pytest.approx((1 + 500 * shipped) / 503)}
    assert {row["value"] for row in terms.to_pylist() if row["column_name"] == "name_first"} == {"anna"}


def test_the_largest_shipped_share_smooths_a_shared_column() -> None:
    """Several levels ask for the last name; the least telling of them says how common an unseen one is."""
    con = nodes("anna vos - -")
    rarity.add_groups(con, PRESENT)
    terms = {
        r["column_name"]: r["tf"]
        for r in rarity.term_frequencies(con, (comparisons.ALL["name"],), MATCHING).to_pylist()
    }
    least = max(level.u for level in comparisons.ALL["name"].levels if level.tf == "name_last")
    assert terms["name_last"] == pytest.approx((1 + 500 * least) / 501)


def test_a_first_name_is_one_that_several_families_use() -> None:
    """Three groups with two last names make a name; two groups, or one family, may be a slip of the pen."""
    con = nodes(
        "zyx vos 1 -",
        "zyx vos 2 -",
        "zyx bos 3 -",
        "zyy vos 1 -",
        "zyy bos 2 -",
        "zyz vos 1 -",
        "zyz vos 2 -",
        "zyz vos 3 -",
        "z vos 1 -",
        "z bos 2 -",
        "z mos 3 -",
    )
    rarity.add_groups(con, PRESENT)
    terms = rarity.term_frequencies(con, (), MATCHING).to_pylist()
    assert terms == [{"column_name": "name_first", "value": "zyx", "tf": 1.0}]


def test_chance_is_agreement_between_persons() -> None:
    """Of the ten pairs of five nodes, three are of one person; two others agree by chance."""
    con = nodes(
        "anna vos 1 a@x", "anna vos 1 a@x", "anna vos 1 a@x", "koen bos 2 b@x", "pien bos 3 b@x", "roos bos 4 -"
    )
    rarity.add_groups(con, PRESENT)
    shares = rarity.collision_shares(con, (comparisons.EMAIL, comparisons.BIRTH_DATE))
    assert shares == {"same e-mail": pytest.approx(1 / 10)}
