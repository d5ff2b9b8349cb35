"""What forbids a join whatever else agrees, what is doubted, and when the data are too full of slips for vetoes."""

from __future__ import annotations

import duckdb
import pytest

from cdp_pipeline.identity.model import vetoes
from cdp_pipeline_tests.identity.people import MATCHING, PERSON
from cdp_pipeline_tests.identity.record_pairs import Pair, judged

ANNA = {**PERSON, "birth_date": "1980-02-03"}
IN_USE = [
    {"first_name": first, "last_name": last, "email": f"{first}.{last}@mail.example"}
    for first in ("Marit", "Martijn", "Anna", "Koen")
    for last in ("Vos", "Bos", "Prins", "Smit")
]
"""Records that make four first names known as names."""
APART = {"email": None, "phone": None}
CASES: list[tuple[str | None, Pair]] = [
    (None, (ANNA, ANNA)),
    (None, (ANNA, {**ANNA, "birth_date": "1990-02-25"})),
    ("birth_date", (ANNA, {**ANNA, "birth_date": "1991-02-25"})),  # a parent and a child of one name
    ("birth_date", (ANNA, {**ANNA, "last_name": "Vos", "birth_date": "1985-11-25"})),
    (None, (ANNA, {**ANNA, "birth_date": "1980-02-04"})),
    ("first_name", (ANNA, {**ANNA, "first_name": "Koen"})),  # twins
    (None, (ANNA, {**ANNA, "first_name": "A."})),
    ("first_name", (ANNA, {**ANNA, "first_name": "K."})),
    (None, (ANNA, {**ANNA, "first_name": "Bakker", "last_name": "Anna"})),
    ("first_name", ({**ANNA, "first_name": "Marit"}, {**PERSON, **APART, "first_name": "Martijn"})),
    (None, ({**ANNA, "first_name": "Marit"}, {**PERSON, "phone": None, "first_name": "Martijn"})),
    (None, ({**ANNA, "first_name": "Marit"}, {**PERSON, "email": None, "first_name": "Martijn"})),
    ("first_name", (ANNA, {**PERSON, "first_name": None, "last_name": "Vos"})),
    (None, (ANNA, {**ANNA, "first_name": None, "last_name": "Vos"})),
    (None, (ANNA, {**PERSON, "first_name": None, "last_name": None})),
]


@pytest.mark.parametrize("is_turned", [False, True])
def test_who_is_never_joined(is_turned: bool) -> None:
    """Another birth date or first name forbids, slips of the pen and initials do not, from either side."""
    cases = [(right, left) if is_turned else (left, right) for _, (left, right) in CASES]
    assert [row["veto"] for row in judged(cases, IN_USE)] == [veto for veto, _ in CASES]


def test_what_a_family_shares_is_doubted() -> None:
    """One home and name with another e-mail and phone, or with nothing else that agrees, may be a relative."""
    other = {**PERSON, "email": "koen@mail.example", "phone": "0698765432"}
    cases = [
        (PERSON, other),
        ({**PERSON, "birth_date": "1980-02-03"}, {**other, "birth_date": "1980-02-03"}),
        (PERSON, {**PERSON, "email": "koen@mail.example"}),
        (PERSON, {**other, "phone": None, "street": "Singel 3", "postcode": "9711 CD", "city": "Groningen"}),
        (PERSON, {**other, "phone": None, "first_name": "A."}),
        (PERSON, {**other, "phone": None, "street": "Singel 3", "postcode": "3511 CD"}),
    ]
    assert [row["is_doubted"] for row in judged(cases)] == [True, False, False, True, True, True]


@pytest.mark.parametrize(
    ("veto", "sql"),
    [
        ((), "null::varchar"),
        (("birth_date",), f"case when {vetoes.RULES['birth_date']} then 'birth_date' end"),
        (
            ("first_name among contacts",),
            f"case when {vetoes.IS_AMONG_CONTACTS} and ({vetoes.RULES['first_name']}) then 'first_name' end",
        ),
    ],
)
def test_only_the_vetoes_asked_for_are_in_the_sql(veto: tuple[str, ...], sql: str) -> None:
    """None at all, one, or the one that holds among contacts only."""
    assert vetoes.veto(MATCHING.model_copy(update={"veto": veto})) == sql


SAME_NAME, SAME_HOME, SAME_DAY = "same full name", "same postcode and house number", "same birth date"


def crowd(same: int, other: int, word: str = "other birth date") -> duckdb.DuckDBPyConnection:
    """Table judged: pairs of one full name and home, `same` with one birth date and `other` with `word` instead."""
    con = duckdb.connect()
    con.execute(
        """create table reasons as select * from (values (1, $1), (2, $2)) as r(reason, words)""",
        [f"{SAME_NAME}; {SAME_DAY}; {SAME_HOME}", f"{SAME_NAME}; {word}; {SAME_HOME}"],
    )
    con.execute(
        """create table judged as
            select if(n < $1, 1, 2) as reason, if(n % 2 = 0, 'birth_date', 'first_name') as veto, n % 4 < 2 as is_among_contacts
            from range($1 + $2) as r(n)""",
        [same, other],
    )
    return con


def vetoed(con: duckdb.DuckDBPyConnection) -> dict[str | None, int]:
    """Veto -> pairs."""
    return dict(con.execute("select veto, count(*) from judged group by 1").fetchall())


def test_vetoes_hold_while_the_data_are_clean() -> None:
    """A few differences among agreeing records are chance; nothing is lifted, and both vetoes stay."""
    con = crowd(190, 10)
    assert vetoes.needed(con, MATCHING, 200) == ("birth_date", "first_name")
    assert vetoed(con) == {"birth_date": 100, "first_name": 100}


def test_too_many_slips_of_the_pen_lift_the_vetoes() -> None:
    """Beyond doubt above 4 %: birth dates forbid nothing any more, first names only among contacts."""
    con = crowd(160, 40)
    assert vetoes.needed(con, MATCHING, 200) == ("first_name among contacts",)
    assert vetoed(con) == {None: 150, "first_name": 50}
    con = crowd(160, 40)
    assert vetoes.needed(con, MATCHING.model_copy(update={"veto": ("birth_date",)}), 200) == ()
    assert vetoed(con) == {None: 200}


@pytest.mark.parametrize(
    ("pairs", "nodes", "is_lifted"), [(30, 100, True), (29, 100, False), (60, 2000, True), (59, 2000, False)]
)
def test_few_pairs_say_nothing_about_the_data(pairs: int, nodes: int, is_lifted: bool) -> None:
    """Under 30 pairs, or under 3 of a hundred nodes, nobody can lift a veto, however much they differ."""
    con = crowd(pairs // 2, pairs - pairs // 2)
    assert (vetoes.needed(con, MATCHING, nodes) != ("birth_date", "first_name")) is is_lifted


def test_the_share_of_slips_is_taken_with_its_doubt() -> None:
    """Two standard errors below what was seen: 8 of 100 may be 4 in truth, 80 of 1000 may not."""
    assert vetoes.needed(crowd(92, 8), MATCHING, 100) == ("birth_date", "first_name")
    assert vetoes.needed(crowd(920, 80), MATCHING, 1000) == ("first_name among contacts",)


def test_labels_become_a_list_of_sql() -> None:
    """Quoted, comma between."""
    assert vetoes.listed(["same phone", "other phone"]) == "['same phone', 'other phone']"
