"""Inputs at the edge: nothing, one column, one value for all, other scripts, very long text. No crash, no wrong join.

What belongs here: the whole engine on such records. What does not: attacks (test_identity_attacks.py)
and the spelling rules of one field (identity/test_normalise.py).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from cdp_pipeline_tests.identity import overnight, population
from cdp_pipeline_tests.identity.people import FIRST, LAST, PERSON, Row

MANY = 400  # enough for training
LONG = "x" * 100_000
TEXTS = "full_name first_name last_name email phone street house_number postcode city country company login_id".split()
SCRIPTS = (
    "Γιώργος Παπαδόπουλος", "Дмитрий Кузнецов", "محمد الأحمد", "山田 太郎", "王 小明", "김 민수", "יעקב כהן",
    "Nguyễn Thị Hằng", "Łukasz Żółć", "Þórdís Ægisdóttir", "Ann O’Brien",
)  # fmt: skip
NOBODIES = ("👩‍🚀 💥", "̀̀̀", "", " ", "-", "'", '"', "%", "\\", "{}", "null", "NaN", "'); drop table records;--", "1")  # fmt: skip
ONE_COLUMN: dict[str, Callable[[random.Random, int], Row]] = {
    "e-mail": lambda rng, n: {"email": f"somebody{n}@mail.example"},
    "phone": lambda rng, n: {"phone": f"06{10_000_000 + n * 7919}"},
    "full name": lambda rng, n: {"full_name": f"{rng.choice(FIRST)} {rng.choice(LAST)}"},
    "first name": lambda rng, n: {"first_name": population.given(rng, "NL")},
    "last name": lambda rng, n: {"last_name": population.draw(rng, "NL", "surname")},
    "birth date": lambda rng, n: {"birth_date": population.birth(rng, 1970, 1972)},
    "postcode": lambda rng, n: {"postcode": f"{rng.randrange(1000, 1400)} AB"},
    "address": lambda rng, n: population.address(rng, "NL"),
    "town": lambda rng, n: {"city": population.draw(rng, "NL", "town").split("|")[0]},
    "country": lambda rng, n: {"country": "NL"},
    "company": lambda rng, n: {"company": population.draw(rng, "NL", "surname")},
    "account": lambda rng, n: {"login_id": str(n)},
}


def solved(rows: Sequence[Row], before: overnight.Solved | None = None) -> overnight.Solved:
    """The rows as records of one system, numbered."""
    return overnight.night([{"record_id": str(at), **row} for at, row in enumerate(rows)], before)


def apart(night: overnight.Solved) -> bool:
    """True when every record is a person of its own."""
    persons = night.persons()
    return len(set(persons.values())) == len(persons)


def test_no_record_and_one_record_follow_one_another() -> None:
    """Nothing, one record, nothing, the same record: no crash, and the ended id does not return."""
    nothing = solved([])
    one = solved([PERSON], nothing)
    assert len(one.persons()) == 1
    gone = solved([], one)
    assert [event[0] for event in gone.events()] == ["retired"]
    back = solved([PERSON], gone)
    assert set(back.persons().values()).isdisjoint(one.persons().values())


@pytest.mark.parametrize("text", [None, "", "   ", "-", "\u200b"])
def test_records_that_say_nothing_are_nobody(text: str | None) -> None:
    """Records whose every field is missing, empty, blank or a dash are not one person."""
    assert apart(solved([dict.fromkeys(TEXTS, text)] * MANY))


@pytest.mark.parametrize("column", sorted(ONE_COLUMN))
def test_one_column_is_enough_to_run(column: str) -> None:
    """Hundreds of records with a single column, all different or all meaningless alone, join nobody."""
    rng = random.Random(1)
    persons = solved([ONE_COLUMN[column](rng, n) for n in range(MANY)]).persons()
    assert len(persons) == MANY
    assert len(set(persons.values())) == MANY


def test_one_record_five_thousand_times() -> None:
    """Exact copies are one person, at the price of one record."""
    night = solved([{**PERSON, "login_id": "7"}] * 5000)
    assert len(set(night.persons().values())) == 1
    assert night.numbers["pairs_scored"] == 0


def test_an_email_of_thousands_is_nobodys() -> None:
    """Five thousand names on one e-mail stay apart, and are not all compared with one another."""
    crowd = [
        {"first_name": f"{FIRST[n % 20]}{chr(97 + n // 20 % 26)}", "last_name": f"{LAST[n % 16]}{chr(97 + n // 400)}"}
        for n in range(5000)
    ]
    night = solved([*population.populate(300, 5).rows, *({**one, "email": "info@mail.example"} for one in crowd)])
    assert int(night.numbers["pairs_scored"]) < 10_000
    assert night.con.sql("select kind, records from blocked_identifiers").fetchall() == [("email", 5000)]


@pytest.mark.parametrize("columns", ["full_name", "full_name city", "birth_date postcode"])
def test_what_hundreds_share_joins_nobody(columns: str) -> None:
    """A name, a birth date or a town that eight hundred records with other e-mails have says nothing."""
    values = {"full_name": "Anna Bakker", "city": "Utrecht", "birth_date": "1970-01-01", "postcode": "1234 AB"}
    shared = {column: values[column] for column in columns.split()}
    rows: list[Row] = [{**shared, "email": f"q{n}@m.example"} for n in range(800)]
    base = population.populate(300, 5).rows
    persons = solved([*base, *rows]).persons()
    joined = len(rows) - len({persons[str(len(base) + n)] for n in range(len(rows))})
    assert joined <= 0.01 * len(rows)


@pytest.mark.parametrize("name", SCRIPTS)
def test_names_in_any_script_join_on_an_email(name: str) -> None:
    """The same name with the same e-mail, once in capitals, is one person; another name is another."""
    rows: list[Row] = [
        {"full_name": name, "email": "a@mail.example"},
        {"full_name": name.upper(), "email": "A@mail.example", "phone": "0612345678"},
        {"full_name": "Koen Smit", "email": "a@mail.example", "phone": "0687654321"},
    ]
    persons = solved(rows).persons()
    assert persons["0"] == persons["1"] != persons["2"]


def test_names_that_are_none_join_nobody() -> None:
    """Emoji, punctuation and code as a name, at one address, are not one person."""
    assert apart(solved([{"full_name": name, "postcode": "1234 AB", "city": name} for name in NOBODIES]))


def test_very_long_text_is_text() -> None:
    """A hundred thousand characters in every field are compared like any other."""
    rows: list[Row] = [dict.fromkeys(TEXTS, LONG), {**dict.fromkeys(TEXTS, LONG), "phone": "0" * 50_000}]
    rows += [{"full_name": "de " * 3000 + f"Jan {n}", "email": f"{'a+' * 5000}@mail.example"} for n in range(3)]
    assert len(solved(rows).persons()) == 5


def test_a_chain_of_hundreds_is_not_one_person_by_force() -> None:
    """Four hundred namesakes who share e-mail or phone with the next one: solved, and none too large."""
    chain = [
        {"full_name": "Koen Smit", "email": f"k{n // 2}@m.example", "phone": f"06{20_000_000 + (n + 1) // 2}"}
        for n in range(400)
    ]
    night = solved([*population.populate(300, 5).rows, *chain])
    assert int(night.numbers["largest_person"]) < 50
