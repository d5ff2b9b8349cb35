"""Which level two e-mails, phones, birth dates, addresses and companies meet, and what Splink is told of them."""

from __future__ import annotations

import duckdb
import pytest

from cdp_pipeline.identity.model import comparisons
from cdp_pipeline.identity.model.levels_met import add_levels
from cdp_pipeline_tests.identity.record_pairs import Pair, labels

HOME = {"street": "Kerkstraat 7", "postcode": "3511 AB", "city": "Utrecht"}


def of(column: str, left: str | None, right: str | None) -> Pair:
    """Two records that differ in one column and hold nothing else."""
    return {column: left}, {column: right}


CASES: list[tuple[str, Pair]] = [
    ("same e-mail", of("email", "jan.smit@mail.example", "JAN.SMIT@mail.example")),
    ("e-mail with a typo", of("email", "jan.smit@mail.example", "jan.smti@mail.example")),
    ("other e-mail", of("email", "jan.smit1@mail.example", "jan.smit2@mail.example")),
    ("same e-mail name at another domain", of("email", "jansmitje@mail.example", "jansmitje@other.example")),
    ("other e-mail", of("email", "jan.smit@mail.example", "kees@other.example")),
    ("same phone", of("phone", "0612345678", "+31612345678")),
    ("phone with a typo", of("phone", "0612345678", "0612345687")),
    ("same last eight digits of the phone", of("phone", "+31612345678", "+4912345678")),
    ("other phone", of("phone", "0612345678", "0698765432")),
    ("same birth date", of("birth_date", "1980-02-03", "1980-02-03")),
    ("birth date with a typo or day and month swapped", of("birth_date", "1980-02-03", "1980-03-02")),
    ("birth date with a typo or day and month swapped", of("birth_date", "1980-02-03", "1980-02-04")),
    ("birth date with a typo or day and month swapped", of("birth_date", "1980-02-03", "1908-02-03")),
    ("same birth year, one without a day", of("birth_date", "1980-01-01", "1980-07-19")),
    ("birth date with one other part", of("birth_date", "1980-02-03", "1980-02-25")),
    ("birth date with one other part", of("birth_date", "1980-02-03", "1971-02-03")),
    ("same birth year", of("birth_date", "1980-02-03", "1980-11-25")),
    ("birth date with two typos", of("birth_date", "1980-12-03", "1981-11-03")),
    ("other birth date", of("birth_date", "1980-02-03", "1955-11-25")),
    ("other birth date", of("birth_date", "1980-01-01", "1981-07-19")),
    ("same postcode and house number", (HOME, {**HOME, "city": "Zeist", "street": "Dorpsstraat 7"})),
    ("same street and house number", (HOME, {**HOME, "postcode": "9711 AA", "city": "Groningen"})),
    ("street alike in the same place", (HOME, {**HOME, "street": "Kerkstrat 7", "postcode": "3511 CD"})),
    ("same postcode", (HOME, {**HOME, "street": "Dorpsstraat 9"})),
    ("street alike", (HOME, {"street": "Kerkstrat 7", "postcode": "9711 AA", "city": "Groningen"})),
    ("postcode with a typo in the same town", (HOME, {**HOME, "street": "Dorpsstraat 9", "postcode": "3511 AC"})),
    ("same town and postcode area", (HOME, {**HOME, "street": "Dorpsstraat 9", "postcode": "3511 XZ"})),
    ("same town", (HOME, {**HOME, "street": "Dorpsstraat 9", "postcode": "9711 CD"})),
    ("same postcode area", (HOME, {"postcode": "3511 CD"})),
    ("town alike or postcode with a typo", (HOME, {"city": "Utrect", "postcode": "9711 CD"})),
    ("other address", (HOME, {"street": "Singel 3", "city": "Groningen", "postcode": "9711 CD"})),
    ("same company", of("company", "Bakkerij Jansen", "bakkerij jansen")),
    ("company alike", of("company", "Bakkerij Jansen", "Bakkerij Janssen")),
    ("other company", of("company", "Bakkerij Jansen", "Drukkerij")),
]  # fmt: skip
"""Label of a level, and two records that meet it and none above it."""


@pytest.mark.parametrize("is_turned", [False, True])
def test_every_level_is_met(is_turned: bool) -> None:
    """Each kind of agreement has its level, and it does not matter which record comes first."""
    found = labels([(right, left) if is_turned else (left, right) for _, (left, right) in CASES])
    assert [list(case.values()) for case in found] == [[label] for label, _ in CASES]
    every = {level.label for c in comparisons.ALL.values() if c.name != "name" for level in c.levels}
    assert {label for label, _ in CASES} == every


def test_what_one_side_lacks_is_not_comparable() -> None:
    """A missing cell is neither for nor against; the parts of an address stand in for one another."""
    lonely = [
        of(column, "x@mail.example" if column == "email" else "0612345678", None) for column in ("email", "phone")
    ]
    lonely += [of("birth_date", None, "1980-02-03"), of("company", "Bakkerij", None)]
    lonely += [({"street": "Kerkstraat 7"}, {"city": "Utrecht"}), ({"postcode": "3511 AB"}, {"street": "Kerkstraat 7"})]
    assert labels([case for left, right in lonely for case in ((left, right), (right, left))]) == [{}] * 12


def test_an_address_made_of_ones_name_says_nothing_at_another_domain() -> None:
    """jan.smit@ at two domains is a namesake as likely as not, unless the domain is a slip of the pen."""
    jan = {"first_name": "Jan", "last_name": "Smit", "email": "jan.smit@mail.example"}
    found = labels([(jan, {"email": "jan.smit@other.example"}), (jan, {"email": "jan.smit@mial.example"})])
    assert [case.get("email") for case in found] == [None, "e-mail with a typo"]


def test_further_evidence_is_equal_alike_or_other() -> None:
    """A column of one's own choice: one typo, or nearly equal, is alike; a missing value is not comparable."""
    con = duckdb.connect()
    con.execute("""create table nodes as select row_number() over () as record_key, value as extra_badge from
        (values ('zeevogel'), ('zeevogel'), ('zeevogl'), ('zandkorrel'), (null)) as v(value)""")
    con.execute("create table listed as select 1 as join_key_l, unnest([2, 3, 4, 5]) as join_key_r")
    badge = comparisons.extra_comparison("badge")
    add_levels(con, (badge,), "listed", "nodes")
    found = dict(con.execute("select r, level_badge from levels_met").fetchall())
    assert {r: None if at is None else badge.levels[at].label for r, at in found.items()} == {
        2: "same badge", 3: "badge alike", 4: "other badge", 5: None,
    }  # fmt: skip
    assert badge.needs == ("extra_badge",)


def test_a_term_replaces_the_u_of_plain_equality() -> None:
    """A level that asks for more than equality of its term takes the u of the level that asks for nothing else."""
    for comparison in comparisons.ALL.values():
        for at, level in enumerate(comparison.levels):
            if level.tf:
                base = comparison.levels[comparisons.term_base(comparison, at)]
                assert base.tf == level.tf
    address = [level.label for level in comparisons.ADDRESS.levels]
    assert comparisons.term_base(comparisons.ADDRESS, address.index("same town and postcode area")) == address.index(
        "same town"
    )
    assert comparisons.term_base(comparisons.ADDRESS, address.index("same postcode")) == address.index("same postcode")
    plain = [level.label for level in comparisons.ADDRESS.levels if comparisons.is_equality(level)]
    assert plain == [
        "same postcode and house number", "same street and house number", "same postcode", "same town",
        "same postcode area",
    ]  # fmt: skip


def test_splink_is_told_the_levels_in_order_with_their_weights() -> None:
    """A level for what is not comparable comes first; only equality of a term is looked up exactly."""
    weights = [(0.6, 0.1), (0.2, 0.2), (0.1, 0.3), (0.05, 0.4)]
    settings = comparisons.splink_comparison(comparisons.PHONE, weights)
    first, same, typo, _, other = settings["comparison_levels"]
    assert settings["output_column_name"] == "phone"
    assert (first["is_null_level"], first["sql_condition"]) == (True, comparisons.PHONE.null)
    assert (same["m_probability"], same["u_probability"], same["label_for_charts"]) == (0.6, 0.1, "same phone")
    assert (same["tf_adjustment_column"], same["disable_tf_exact_match_detection"]) == ("phone_key", True)
    assert "tf_adjustment_column" not in typo
    assert (other["sql_condition"], other["u_probability"]) == ("ELSE", 0.4)
    with pytest.raises(ValueError, match="zip"):
        comparisons.splink_comparison(comparisons.PHONE, weights[:3])
