"""A seeded invented population of six countries, for the identity tests that need thousands of people.

What belongs here: people with their families, addresses and habits, and the records that systems hold
of them. What does not: attacks on them (attacks.py) and small hand-made people (people.py). Names,
streets and towns are those of the demo; every combination is drawn.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import duckdb
import jellyfish
import pyarrow as pa

from cdp_pipeline.demo import tables
from cdp_pipeline.identity.normalise.normalise import PEOPLE_COLUMNS
from cdp_pipeline_tests.identity.people import MATCHING, TYPES, Row

COUNTRIES = ("NL", "NL", "NL", "DE", "DE", "ES", "FR", "GB", "BE")
PHONES = {
    "NL": "06{:08d}", "DE": "01511{:07d}", "ES": "6{:08d}", "FR": "06{:08d}", "GB": "07400{:06d}", "BE": "0470{:06d}",
}  # fmt: skip
POSTCODES = {"NL": "{} {}{}", "DE": "{}{:02d}", "ES": "{}{:02d}", "FR": "{}{:02d}", "GB": "{} {}{}", "BE": "{}{}"}


@dataclass(frozen=True)
class Person:
    """One person; families share what families share. `records` are keys of rows in `Population.rows`."""

    number: int
    family: int
    country: str
    first: str
    last: str
    birth: str
    email: str
    phone: str
    address: Row
    login: str | None
    records: tuple[str, ...]


@dataclass(frozen=True)
class Population:
    people: tuple[Person, ...]
    rows: tuple[Row, ...]  # columns of staging.people; record_id is unique over sources

    def truth(self) -> dict[str, int]:
        """record_id -> number of the person."""
        return {record: person.number for person in self.people for record in person.records}


@cache
def _slots() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for country, kind, _, value in tables.name_slots():
        found.setdefault((country, kind), []).append(value)
    for country, _, town, area in tables.towns():
        found.setdefault((country, "town"), []).append(f"{town}|{area}")
    return found


@cache
def _nicknames() -> dict[str, str]:
    return dict(tables.nicknames())


def draw(rng: random.Random, country: str, kind: str) -> str:
    """A value of the demo's tables, the common ones more often: given_<sex>_<cohort>, surname, street, domain."""
    return rng.choice(_slots()[country, kind])


def given(rng: random.Random, country: str) -> str:
    return draw(rng, country, f"given_{rng.randrange(2)}_{rng.randrange(3)}")


def phone(rng: random.Random, country: str) -> str:
    digits = int(PHONES[country].split(":0")[1][0])
    return PHONES[country].format(rng.randrange(10 ** (digits - 1), 10**digits))


def address(rng: random.Random, country: str) -> Row:
    town, area = draw(rng, country, "town").split("|")
    letters = "".join(rng.choice("ABCDEGHJKLNPRSTVWXZ") for _ in range(2))
    digit = rng.randrange(10)
    last = {"NL": (area, letters, ""), "GB": (area, digit, letters), "BE": (area, digit)}
    postcode = POSTCODES[country].format(*last.get(country, (area, rng.randrange(100))))
    street = draw(rng, country, "street")
    return {"street": street, "house_number": str(rng.randrange(1, 180)), "postcode": postcode, "city": town}


def birth(rng: random.Random, first: int = 1940, last: int = 2004) -> str:
    return f"{rng.randint(first, last)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def email(rng: random.Random, country: str, first: str, last: str, number: int) -> str:
    """An address in one of the usual forms; `number` keeps it apart from everybody else's."""
    plain = [in_letters(name) for name in (first, last)]
    forms = ("{0}.{1}{2}", "{0}{1}{2}", "{3}.{1}{2}", "{0}{2}", "{1}.{0}{2}")
    local = rng.choice(forms).format(*plain, number, plain[0][:1])
    return f"{local}@{draw(rng, country, 'domain')}"


def in_letters(name: str) -> str:
    """Letters of a name as people write them in an address."""
    folded = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss").replace("ø", "o"))
    return "".join(letter for letter in folded if letter.isascii() and letter.isalpha()) or "x"


def are_other_names(one: str, other: str) -> bool:
    """True when nobody would take the two names for spellings of one: not alike, no nickname, no word shared."""
    a, b = one.lower(), other.lower()
    forms = [{name, *MATCHING.nicknames.get(name, ())} for name in (in_letters(one), in_letters(other))]
    is_alike = jellyfish.jaro_winkler_similarity(a, b) >= 0.65 or a[0] == b[0]
    return not is_alike and not forms[0] & forms[1] and not set(a.split()) & set(b.split())


def other_given(rng: random.Random, country: str, *names: str) -> str:
    """A given name that is none of `names` in any spelling."""
    while True:
        found = given(rng, country)
        if all(are_other_names(found, name) for name in names):
            return found


def other_surname(rng: random.Random, country: str, *names: str) -> str:
    while True:
        found = draw(rng, country, "surname")
        if all(are_other_names(found, name) for name in names):
            return found


def populate(people: int, seed: int, start: int = 0) -> Population:
    """`people` invented people, nearly half of them in families, with one to four records each.

    They are numbered from `start`: two populations share no account, e-mail or record when their numbers differ.
    """
    rng = random.Random(seed)
    found: list[Person] = []
    rows: list[Row] = []
    family = 0
    while len(found) < people:
        family += 1
        size = rng.choice((1, 1, 1, 1, 1, 2, 2, 3, 4))
        for person in _household(rng, family, start + len(found), min(size, people - len(found))):
            records = _records(rng, person)
            rows += records
            keys = tuple(str(row["record_id"]) for row in records)
            found.append(replace(person, records=keys))
    return Population(tuple(found), tuple(rows))


def _household(rng: random.Random, family: int, start: int, size: int) -> list[Person]:
    """One address; often one surname; sometimes one mailbox, one phone, twins, a son named after his father."""
    country = rng.choice(COUNTRIES)
    home, surname = address(rng, country), draw(rng, country, "surname")
    shared_email, shared_phone = rng.random() < 0.08, rng.random() < 0.10
    members: list[Person] = []
    for at in range(size):
        child = at >= 2
        first = given(rng, country)
        last = surname if at == 0 or child or rng.random() < 0.55 else draw(rng, country, "surname")
        born = birth(rng, 1985, 2006) if child else birth(rng, 1940, 1984)
        if at == 3 and rng.random() < 0.2:
            born, first = members[2].birth, other_given(rng, country, members[2].first)
        elif child and rng.random() < 0.1:
            first = members[0].first
        elif members:
            first = other_given(rng, country, *(member.first for member in members))
        number = start + at
        own = email(rng, country, first, last, number)
        members.append(
            Person(
                number, family, country, first, last, born,
                members[0].email if members and shared_email else own,
                members[0].phone if members and shared_phone else phone(rng, country),
                home, f"{10_000 + number * 7}" if rng.random() < 0.35 else None, (),
            )
        )  # fmt: skip
    return members


def _records(rng: random.Random, person: Person) -> list[Row]:
    """What one to four of the systems hold: some old, some new, now and then a slip of the pen."""
    now = person
    if rng.random() < 0.12:
        now = replace(now, address=address(rng, person.country))
    if rng.random() < 0.12:
        now = replace(now, phone=phone(rng, person.country))
    if rng.random() < 0.2:
        now = replace(now, email=email(rng, person.country, person.first, person.last, person.number + 90_000))
    full = f"{person.first} {person.last}"
    before, kinds = _kept(rng, person, full), _kept(rng, now, full)
    wished = rng.sample(sorted(kinds), rng.choice((1, 2, 2, 3, 3, 4)))
    if not {"crm", "shop", "order"} & set(wished):
        wished[0] = "crm"
    chosen = [(kind, (before if rng.random() < 0.6 else kinds)[kind]) for kind in sorted(wished)]
    return [{"source": kind, "record_id": f"{kind}-{person.number}", **_slip(rng, row)} for kind, row in chosen]


def _kept(rng: random.Random, person: Person, full: str) -> dict[str, Row]:
    """System -> the columns it asks for."""
    name = {"first_name": person.first, "last_name": person.last}
    reach = {"email": person.email, "phone": person.phone}
    place: Row = {**person.address, "country": person.country}
    return {
        "crm": {**name, **reach, "birth_date": person.birth if rng.random() < 0.7 else None,
                **(place if rng.random() < 0.6 else {})},
        "shop": {**name, **place, "email": person.email, "phone": person.phone if rng.random() < 0.5 else None,
                 "login_id": person.login},
        "order": {"full_name": full, **place, "email": person.email, "phone": person.phone if rng.random() < 0.3 else None},
        "news": {"email": person.email, "country": person.country, "first_name": person.first,
                 "last_name": person.last if rng.random() < 0.7 else None},
        "desk": {"full_name": full, "email": person.email, "country": person.country,
                 "phone": person.phone if rng.random() < 0.4 else None},
    }  # fmt: skip


def _slip(rng: random.Random, row: Row) -> Row:
    """The row as somebody typed it: a nickname, two letters swapped, capitals in the address."""
    changed = dict(row)
    first, last, address_typed = row.get("first_name"), row.get("last_name"), row.get("email")
    if first and rng.random() < 0.02:
        changed["first_name"] = _nicknames().get(first, first)
    if last and len(last) > 4 and rng.random() < 0.015:
        at = rng.randrange(1, len(last) - 2)
        changed["last_name"] = last[:at] + last[at + 1] + last[at] + last[at + 2 :]
    if address_typed and rng.random() < 0.05:
        changed["email"] = address_typed.upper() if rng.random() < 0.5 else f" {address_typed.title()}"
    return changed


def loaded(
    people: Sequence[Row], identifiers: Sequence[Sequence[str]] = (), links: Sequence[Sequence[str]] = ()
) -> duckdb.DuckDBPyConnection:
    """As people.con_with, for thousands of rows."""
    con = duckdb.connect(config={"threads": 2})
    con.execute("create schema staging")
    values = {c: [row.get(c, "crm" if c == "source" else None) for row in people] for c in PEOPLE_COLUMNS}
    wide = {
        "people": pa.table({c: pa.array(values[c], pa.string()) for c in PEOPLE_COLUMNS}),
        "identifiers": _texts("source record_id namespace value", identifiers),
        "links": _texts("source record_id other_source other_record_id kind", links),
    }
    for name, table in wide.items():
        con.register("texts", table)
        typed = ", ".join(f'"{c}"::{TYPES.get(c, "varchar")} as "{c}"' for c in table.column_names)
        con.execute(f"create table staging.{name} as select {typed} from texts")
        con.unregister("texts")
    return con


def _texts(columns: str, rows: Sequence[Sequence[str]]) -> pa.Table:
    names = columns.split()
    return pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)})
