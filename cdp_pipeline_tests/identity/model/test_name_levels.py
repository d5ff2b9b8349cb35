"""Which level two names meet: the best one that fits, whatever the order of the records."""

from __future__ import annotations

import pytest

from cdp_pipeline.identity.model.name_levels import NAME
from cdp_pipeline_tests.identity.record_pairs import Pair, labels


def named(first: str | None, last: str | None) -> dict[str, str | None]:
    """A record with that name and nothing else."""
    return {"first_name": first, "last_name": last}


CASES: dict[str, Pair] = {
    "same full name": (named("Anna", "Bakker"), named("ANNA", "Bäkker")),
    "same last name, first name in another form": (named("Bob", "Smit"), named("Robert", "Smit")),
    "first and last name swapped": (named("Anna", "Bakker"), named("Bakker", "Anna")),
    "same last name, first name as an initial": (named("Anna", "Bakker"), named("A.", "Bakker")),
    "same last name, first name alike": (named("Koen", "Bakker"), named("Koene", "Bakker")),
    "same first name, last name alike": (named("Anna", "Bakker"), named("Anna", "Bakkers")),
    "both names alike": (named("Martin", "Bakker"), named("Martyn", "Bakkers")),
    "both names alike, but swapped": (named("Jansen", "Bakker"), named("Bakkers", "Janssen")),
    "two words of the name shared": ({"full_name": "Piet Jan Klaas Vos"}, {"full_name": "Klaas Vos Prins"}),
    "same last name, one first name missing": (named(None, "Bakker"), named("Anna", "Bakker")),
    "one name missing, the other alike": (named("Anna", None), named("Anna", "Bakker")),
    "same last name, other first name": (named("Anna", "Bakker"), named("Koen", "Bakker")),
    "last name alike, first name a little": (named("Karel", "Bakker"), named("Karin", "Bakkers")),
    "same first name, last name a little alike": (named("Anna", "Bakker"), named("Anna", "Bakema")),
    "same first name, other last name": (named("Anna", "Bakker"), named("Anna", "Vos")),
    "one word of the name shared": (named("Anna", "Bakker"), named("Koen", "Anna")),
    "other name": (named("Anna", "Bakker"), named("Koen", "Vos")),
}
"""Label of a level -> two records that meet it and none above it."""


@pytest.mark.parametrize("is_turned", [False, True])
def test_every_level_of_a_name_is_met(is_turned: bool) -> None:
    """Each kind of agreement has its level, and it does not matter which record comes first."""
    found = labels([(right, left) if is_turned else (left, right) for left, right in CASES.values()])
    assert [case["name"] for case in found] == list(CASES)
    assert list(CASES) == [level.label for level in NAME.levels]


def test_a_record_without_a_name_is_not_comparable() -> None:
    """No name on one side, or on both, is neither for nor against."""
    assert labels([(named(None, None), named("Anna", "Bakker")), ({"city": "Utrecht"}, {"city": "Utrecht"})]) == [
        {},
        {"address": "same town"},
    ]


def test_an_initial_is_only_one_when_the_last_names_agree() -> None:
    """A. Bakker may be Anna Bakker; K. Bakker is not, nor is A. Vos."""
    cases = [(named("Anna", "Bakker"), named(first, last)) for first, last in (("K.", "Bakker"), ("A.", "Vos"))]
    assert [case["name"] for case in labels(cases)] == ["same last name, other first name", "other name"]
