"""More than three thousand attempts to end up in somebody else's person: none succeeds, and guests are still known.

What belongs here: how many attacks may succeed, however the records arrive. What does not: the kinds
of attack (identity/attack_kinds.py) and when one has succeeded (identity/attacks.py).

CDP_ATTACKS=200 tries two hundred of each kind instead of seventy.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from cdp_pipeline_tests.identity import attack_kinds, attacks, overnight, population
from cdp_pipeline_tests.identity.attacks import Attack
from cdp_pipeline_tests.identity.people import MATCHING, Row

EACH = int(os.environ.get("CDP_ATTACKS", "70"))
GUESTS = 1000
LEAST_GUESTS = 0.95


@dataclass(frozen=True)
class Scene:
    """Ordinary people, guests of theirs, and attackers of others; every victim is attacked once."""

    people: tuple[Row, ...]
    guests: tuple[tuple[Row, frozenset[str]], ...]
    attacks: tuple[Attack, ...]

    @property
    def peaceful(self) -> list[Row]:
        return [*self.people, *(row for row, _ in self.guests)]

    @property
    def hostile(self) -> list[Row]:
        return [row for attack in self.attacks for row in (*attack.bait, *attack.rows)]

    @property
    def identifiers(self) -> list[tuple[str, str, str, str]]:
        return [one for attack in self.attacks for one in attack.identifiers]


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Six thousand people of six countries, more when more attacks are asked for."""
    base = population.populate(max(6000, EACH * 86), seed=1)
    made, left = attack_kinds.attacks(base, EACH, seed=2)
    return Scene(base.rows, tuple(attacks.guests(left, GUESTS, seed=3)), tuple(made))


@pytest.fixture(scope="module")
def published(scene: Scene) -> overnight.Solved:
    """The people and their guests, before any attack."""
    return overnight.night(scene.peaceful)


def assert_safe(scene: Scene, persons: Mapping[str, str]) -> None:
    """No attack has succeeded, and nearly every guest is in the person they are; else how many, by kind."""
    tried = Counter(attack.kind for attack in scene.attacks)
    merged = Counter(attack.kind for attack in scene.attacks if attacks.succeeded(attack, persons))
    known = guests_known(scene, persons)
    told = "; ".join(f"{kind}: {merged[kind]} of {tried[kind]}" for kind in sorted(merged))
    assert not merged, f"{merged.total()} of {tried.total()} attacks merged ({told}); guests known: {known:.1%}"
    assert known >= LEAST_GUESTS, f"guests known: {known:.1%}"


def guests_known(scene: Scene, persons: Mapping[str, str]) -> float:
    """Share of the guests who are in the person they are."""
    known = [persons[str(row["record_id"])] in {persons[record] for record in owner} for row, owner in scene.guests]
    return sum(known) / len(known)


def test_enough_is_tried(scene: Scene) -> None:
    """At least three thousand attacks of more than forty kinds, and a thousand guests."""
    assert len(scene.attacks) >= 3000
    assert len({attack.kind for attack in scene.attacks}) > 40
    assert len(scene.guests) >= 1000


def test_no_attack_merges_when_all_come_at_once(scene: Scene) -> None:
    """A model trained with the attackers among the people lets none of them in, and knows the guests."""
    persons = overnight.night([*scene.peaceful, *scene.hostile], None, scene.identifiers).persons()
    assert_safe(scene, persons)


def test_no_attack_merges_overnight(scene: Scene, published: overnight.Solved) -> None:
    """Attackers who come the night after, when only what is new is scored, get no further; guests stay."""
    assert guests_known(scene, published.persons()) >= LEAST_GUESTS
    solved = overnight.night([*scene.peaceful, *scene.hostile], published, scene.identifiers)
    assert solved.numbers["pass"] == "incremental"
    persons = solved.persons()
    assert_safe(scene, persons)


def test_no_attack_merges_without_training(scene: Scene) -> None:
    """The weights that files too small for training get are as careful, and know the guests as well."""
    never = MATCHING.training.model_copy(update={"smallest": 10**6})
    shipped = MATCHING.model_copy(update={"training": never})
    rows = [*scene.peaceful, *scene.hostile]
    solved = overnight.night(rows, None, scene.identifiers, matching=shipped)
    assert str(solved.numbers["model"]).startswith("shipped")
    persons = solved.persons()
    assert_safe(scene, persons)


def test_invented_twins_open_no_door() -> None:
    """A hundred pairs of made-up twins do not teach the engine to trust other first names less than before."""
    base = population.populate(2000, seed=4)
    made, left = attack_kinds.attacks(base, 20, seed=5)
    family = [attack for attack in made if attack.kind.startswith(("spouse", "flatmate", "own name"))]
    twins = [
        {**row, "record_id": f"twin-{number}-{at}"}
        for number in range(100)
        for at, row in enumerate(attack_kinds.unknown_twins(number))
    ]
    scene = Scene(base.rows, tuple(attacks.guests(left, 200, seed=6)), tuple(family))
    rows = [*scene.peaceful, *scene.hostile, *twins]
    assert_safe(scene, overnight.night(rows, None, scene.identifiers).persons())
