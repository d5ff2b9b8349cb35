"""Attempts to end up in somebody else's person: what an attack is, and when it has succeeded.

What belongs here: victims, attacks and guests, whatever their kind. What does not: the kinds
(attack_kinds.py), the population (population.py), and how many may succeed (acceptance tests).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdp_pipeline_tests.identity import population
from cdp_pipeline_tests.identity.people import Row
from cdp_pipeline_tests.identity.population import Person, Population

Texts = dict[str, str | None]


@dataclass(frozen=True)
class Target:
    """A victim, and the one record of theirs that the attacker has seen: full name, e-mail and more."""

    person: Person
    seen: Row
    dated: frozenset[str]  # their records with a birth date

    def names(self) -> Texts:
        return {"first_name": self.person.first, "last_name": self.person.last}

    def home(self) -> Texts:
        return {**self.person.address, "country": self.person.country}

    def records(self) -> frozenset[str]:
        return frozenset(self.person.records)


@dataclass(frozen=True)
class Attack:
    """No record of `rows` may share a person with one of `victims` (but `may_join`), and no two victims may.

    `bait` are further records that the attack needs; `identifiers` as in staging.identifiers.
    """

    rows: tuple[Row, ...]
    victims: tuple[frozenset[str], ...]
    bait: tuple[Row, ...] = ()
    may_join: frozenset[str] = frozenset()
    identifiers: tuple[tuple[str, str, str, str], ...] = ()
    kind: str = ""


def row(target: Target, values: Row, at: int = 0) -> Row:
    """A record of a web form with an id of its own, in the country of the victim unless `values` say another."""
    return {"source": "web", "record_id": f"x{target.person.number}-{at}", "country": target.person.country, **values}


def stranger(rng: random.Random, target: Target) -> Texts:
    """Another person of the same country: nothing in common with the victim but chance."""
    person, country = target.person, target.person.country
    first = population.other_given(rng, country, person.first, person.last)
    last = population.other_surname(rng, country, person.last, person.first)
    return {
        "first_name": first,
        "last_name": last,
        "email": population.email(rng, country, first, last, 500_000 + person.number),
        "phone": population.phone(rng, country),
        "birth_date": other_birth(rng, person.birth),
        "country": country,
        **population.address(rng, country),
    }


def other_birth(rng: random.Random, born: str, years: tuple[int, int] = (15, 30)) -> str:
    """A birth date that is no slip of the pen: years away, another month and day."""
    year, month, day = map(int, born.split("-"))
    return f"{year + rng.choice((-1, 1)) * rng.randint(*years)}-{month % 12 + 1:02d}-{(day + 9) % 28 + 1:02d}"


def targets(base: Population) -> list[Target]:
    """People who share their e-mail and phone with nobody, each with the fullest of their records."""
    rows = {str(one["record_id"]): one for one in base.rows}
    users: dict[str, set[int]] = {}
    for person in base.people:
        for value in _reached_by([rows[key] for key in person.records]):
            users.setdefault(value, set()).add(person.number)
    found = []
    for person in base.people:
        mine = [rows[key] for key in person.records]
        named = [one for one in mine if one.get("full_name") or (one.get("first_name") and one.get("last_name"))]
        if named and all(users[value] == {person.number} for value in _reached_by(mine)):
            seen = max(named, key=lambda one: (sum(v is not None for v in one.values()), str(one["record_id"])))
            dated = frozenset(str(one["record_id"]) for one in mine if one.get("birth_date"))
            found.append(Target(person, {**seen, "email": str(seen["email"]).strip().lower()}, dated))
    return found


def _reached_by(rows: Sequence[Row]) -> set[str]:
    return {str(value).strip().lower() for one in rows for value in (one.get("email"), one.get("phone")) if value}


def guests(known: Sequence[Target], count: int, seed: int) -> list[tuple[Row, frozenset[str]]]:
    """Guests known only by e-mail, their name missing or agreeing; and the records of the person they are."""
    rng = random.Random(seed)
    made: list[tuple[Row, frozenset[str]]] = []
    for target in known[:count]:
        address = str(target.seen["email"])
        name, domain = address.split("@")
        typed = rng.choice((address, address, address.upper(), f"{name}+news@{domain}", f" {address} "))
        first, last = target.person.first, target.person.last
        called: Row = rng.choice(
            ({}, {}, {}, {"first_name": first}, {"full_name": f"{first} {last}"},
             {"first_name": f"{first[0]}.", "last_name": last})
        )  # fmt: skip
        made.append(
            (row(target, {"record_id": f"g{target.person.number}", "email": typed, **called}), target.records())
        )
    return made


def succeeded(attack: Attack, found: Mapping[str, str]) -> bool:
    """True when a record of the attack is in a victim's person, or two victims are one; `found`: record -> person."""
    persons = [{found[record] for record in victim} for victim in attack.victims]
    joined = any(one & other for at, one in enumerate(persons) for other in persons[:at])
    forbidden = {found[record] for victim in attack.victims for record in victim - attack.may_join}
    return joined or any(found[str(one["record_id"])] in forbidden for one in attack.rows)
