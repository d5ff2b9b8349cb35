"""Name, street and town tables of the fictional population, from the locale tables of mimesis.

What belongs here: weighted tables of public names a country, as slots: a draw of a slot is a draw
by weight. What does not: people (`population.sql`). No table holds a real person.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from cdp_pipeline.demo.catalogue import slots

GIVEN, SURNAMES, STREETS, TOWNS = 1024, 8192, 4096, 512

# country -> share of people in percent, name, local name, language, dialling code, currency, VAT %,
# form of a company
COUNTRIES: dict[str, tuple[int, str, str, str, str, str, int, str]] = {
    "NL": (40, "Netherlands", "Nederland", "nl", "31", "EUR", 21, "B.V."),
    "DE": (25, "Germany", "Deutschland", "de", "49", "EUR", 19, "GmbH"),
    "ES": (12, "Spain", "España", "es", "34", "EUR", 21, "S.L."),
    "BE": (7, "Belgium", "België", "fr", "32", "EUR", 21, "SRL"),
    "FR": (6, "France", "France", "fr", "33", "EUR", 20, "SARL"),
    "GB": (10, "United Kingdom", "United Kingdom", "en", "44", "GBP", 20, "Ltd"),
}
# country -> locales of given names, surnames, addresses
_LOCALES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "NL": (("nl",), ("nl",), ("nl",)),
    "DE": (("de",), ("de", "de-at", "de-ch"), ("de",)),
    "ES": (("es",), ("es",), ("es",)),
    "BE": (("fr",), ("nl-be", "fr"), ("nl-be",)),
    "FR": (("fr",), ("fr",), ("fr",)),
    "GB": (("en-gb",), ("en-gb",), ("en-gb",)),
}
_MAIL: dict[str, tuple[str, ...]] = {  # reserved top-level domains only, most used first
    "NL": ("postvak.example", "mail.example", "netpost.test", "example.org"),
    "DE": ("briefkasten.example", "mail.example", "netzpost.test", "example.net"),
    "ES": ("correo.example", "mail.example", "buzon.test", "example.com"),
    "BE": ("courriel.example", "mail.example", "postvak.example", "example.org"),
    "FR": ("courriel.example", "mail.example", "boite.test", "example.net"),
    "GB": ("letterbox.example", "mail.example", "inbox.test", "example.com"),
}
# No names, though mimesis has them: what ends so is a heading, a search word or a bare particle.
_NO_NAMES = (" name", " names", " spain", " de", " van", " der", " von")
_PARTICLES = ("van", "de", "van de", "van den", "van der")
_NICKNAMES = {  # short forms that are no beginning of the name
    "Willem": "Wim",
    "Hendrik": "Henk",
    "Cornelis": "Kees",
    "Pieter": "Piet",
    "Elisabeth": "Betty",
    "Johann": "Hans",
    "Michael": "Mike",
    "William": "Bill",
    "Richard": "Dick",
    "James": "Jim",
    "Friedrich": "Fritz",
    "José": "Pepe",
    "Francisco": "Paco",
    "Ignacio": "Nacho",
    "Manuel": "Manolo",
    "Dolores": "Lola",
    "Andrew": "Andy",
    "Margaret": "Maggie",
    "Rebecca": "Becky",
}


def nicknames() -> Iterator[tuple[str, str]]:
    """(name, nickname): a given name that begins the longer one (Benjamin, Ben), and some that do not."""
    sexes = ("male", "female")
    names = {name for first_names, _, _ in _LOCALES.values() for sex in sexes for name in _given(first_names, sex)}
    for name in sorted(names):
        starts = [name[:length] for length in range(len(name) - 2, 2, -1) if name[:length] in names]
        if name in _NICKNAMES or starts:
            yield name, _NICKNAMES.get(name) or starts[0]


def name_slots() -> Iterator[tuple[str, str, int, str]]:
    """(country, kind, slot, value) with kind given_<sex>_<cohort>, surname, street or domain."""
    for country, (first_names, surnames, addresses) in _LOCALES.items():
        for sex, key in ((0, "male"), (1, "female")):
            for cohort in range(3):  # fashion: the same names, in another order of popularity a generation
                ranked = _shuffled(_given(first_names, key), f"{country}{sex}{cohort}")
                yield from _numbered(country, f"given_{sex}_{cohort}", slots(ranked, GIVEN, 0.7))
        names = _union(surnames, lambda locale: _person(locale)["surnames"])
        family = [_with_particle(country, name) for name in names]
        yield from _numbered(country, "surname", slots(_shuffled(family, country), SURNAMES, 0.75))
        names = _union(addresses, lambda locale: _address(locale)["street"]["name"])
        streets = [_street(country, name) for name in names]
        yield from _numbered(country, "street", slots(_shuffled(streets, country), STREETS, 0.3))
        yield from _numbered(country, "domain", slots(list(_MAIL[country]), 64, 0.5))


def towns() -> Iterator[tuple[str, int, str, str]]:
    """(country, slot, town, leading digits of its postcodes)."""
    for country, (_, _, addresses) in _LOCALES.items():
        names = _shuffled(_union(addresses, lambda locale: _address(locale)["city"]), country)[:300]
        area = {name: _area(country, place) for place, name in enumerate(names)}
        for slot, name in enumerate(slots(names, TOWNS, 0.6)):
            yield country, slot, name, area[name]


def _area(country: str, place: int) -> str:
    """The part of a postcode that names the town, in the country's own form."""
    if country == "NL":
        return str(1011 + place * 29 % 8900)[:4]
    if country == "DE":
        return f"{101 + place * 3 % 890:03d}"
    if country in ("ES", "FR"):
        return f"{1 + place % 52:02d}{place // 52}"
    if country == "BE":
        return f"{100 + place * 3 % 890:03d}"
    return f"{('AB', 'BS', 'CF', 'EH', 'LS', 'NE', 'OX', 'PL', 'SW', 'YO')[place % 10]}{1 + place // 10}"


def _with_particle(country: str, name: str) -> str:
    """Every ninth Dutch name gets a particle when it has none."""
    number = int(hashlib.sha256(name.encode()).hexdigest(), 16)
    plain = country == "NL" and " " not in name and number % 9 == 0
    return f"{_PARTICLES[number // 9 % len(_PARTICLES)]} {name}" if plain else name


def _street(country: str, name: str) -> str:
    """A street as written on an envelope of the country."""
    number = int(hashlib.sha256(name.encode()).hexdigest(), 16)
    if country == "ES":
        return name if name.startswith(("Av", "Calle", "Plaza", "Paseo")) else f"Calle {name}"
    if country == "FR":
        return f"{('rue', 'avenue', 'allée', 'place')[number % 4]} {name}"
    if country == "GB" and " " not in name:
        return f"{name} {('Road', 'Street', 'Lane', 'Close', 'Avenue')[number % 5]}"
    return name


def _numbered(country: str, kind: str, filled: list[str]) -> Iterator[tuple[str, str, int, str]]:
    return ((country, kind, slot, value) for slot, value in enumerate(filled))


def _union(locales: tuple[str, ...], names: Callable[[str], list[str]]) -> list[str]:
    """Distinct, trimmed names of several locales without characters that no export would hold."""
    towns = {name.strip() for locale in locales for name in names(locale)}
    towns = {name for name in towns if not f" {name}".casefold().endswith(_NO_NAMES)}
    return sorted(name for name in towns if 1 < len(name) < 40 and not set(name) & set('",;()/0123456789'))


def _shuffled(names: list[str], salt: str) -> list[str]:
    """Names in a fixed order that has nothing to do with the alphabet: rank is popularity."""
    return sorted(set(names), key=lambda name: hashlib.sha256(f"{salt}{name}".encode()).hexdigest())


def _given(locales: tuple[str, ...], sex: str) -> list[str]:
    return _union(locales, lambda locale: _person(locale)["names"][sex])


def _person(locale: str) -> dict[str, Any]:
    return _table(locale, "person")


def _address(locale: str) -> dict[str, Any]:
    return _table(locale, "address")


@cache
def _table(locale: str, topic: str) -> dict[str, Any]:
    """One locale table of mimesis."""
    path = files("mimesis") / "datasets" / locale / f"{topic}.json"
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content
