"""What may not change who is who: the order of rows, copies, strangers, an erased person, the names of records.

What belongs here: laws of the whole engine under a pinned model, for a first pass, a full one and an
incremental one. What does not: real runs over files (test_identity_nights.py).

The population has families with one mailbox or phone, sons named after their fathers, twins, and
attackers who share what their victims have. One seed by default; CDP_SEEDS=20 tries twenty.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from cdp_pipeline_tests.identity import attack_kinds, overnight, population
from cdp_pipeline_tests.identity.overnight import Solved
from cdp_pipeline_tests.identity.people import Row

PEOPLE = 620
SEEDS = range(1, 1 + int(os.environ.get("CDP_SEEDS", "1")))
ERASED = 30
MODES = ("first", "full", "incremental")  # with the model alone; with the published state; only what is new
Identifiers = Sequence[tuple[str, str, str, str]]


@dataclass(frozen=True)
class World:
    """Records, and the night that solved them; `persons` is what it said."""

    seed: int
    rows: tuple[Row, ...]
    identifiers: Identifiers
    solved: Solved
    persons: Mapping[str, str]

    def again(self, rows: Sequence[Row], mode: str, identifiers: Identifiers | None = None) -> Solved:
        """The next night over `rows`, with the same model."""
        told = self.identifiers if identifiers is None else identifiers
        return overnight.night(rows, self.solved, told, is_full=mode == "full", knows_ids=mode != "first")


@pytest.fixture(scope="module", params=SEEDS)
def world(request: pytest.FixtureRequest) -> World:
    """About two thousand records of ordinary people, families and attackers, solved once."""
    base = population.populate(PEOPLE, request.param)
    made, _ = attack_kinds.attacks(base, 3, request.param)
    rows = [*base.rows, *(row for attack in made for row in (*attack.bait, *attack.rows))]
    identifiers = [one for attack in made for one in attack.identifiers]
    solved = overnight.night(rows, None, identifiers)
    assert solved.numbers["model"] == "trained"
    return World(request.param, tuple(rows), identifiers, solved, solved.persons())


def partition(persons: Mapping[str, str]) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for record, person in persons.items():
        found.setdefault(person, set()).add(record)
    return {frozenset(group) for group in found.values()}


def only(persons: Mapping[str, str], records: Iterable[str]) -> dict[str, str]:
    return {record: persons[record] for record in records}


@pytest.mark.parametrize("mode", MODES)
def test_the_order_of_rows_does_not_matter(world: World, mode: str) -> None:
    """Permuted rows give the same persons and the same ids, and nothing happened to any id."""
    rows = list(world.rows)
    random.Random(world.seed).shuffle(rows)
    solved = world.again(rows, mode)
    assert solved.persons() == world.persons
    assert mode == "first" or not solved.events()


@pytest.mark.parametrize("mode", MODES)
def test_exact_copies_change_nobody(world: World, mode: str) -> None:
    """Copies of a quarter of the records leave every other record with whom it was, under the same id."""
    copied = random.Random(world.seed).sample(world.rows, len(world.rows) // 4)
    copies = [{**row, "record_id": f"copy-{row['record_id']}"} for row in copied]
    found = world.again([*world.rows, *copies], mode).persons()
    old = only(found, world.persons)
    assert partition(old) == partition(world.persons)
    assert mode == "first" or old == world.persons  # a first id is minted from the smallest record, maybe a copy
    named = [row for row in copied if row.get("email")]
    assert [row for row in named if found[f"copy-{row['record_id']}"] != found[str(row["record_id"])]] == []


@pytest.mark.parametrize("mode", MODES)
def test_strangers_change_nobody(world: World, mode: str) -> None:
    """Two hundred further people of the same countries, towns and names join none of the old ones."""
    strangers = population.populate(200, world.seed + 1000, start=1_000_000).rows
    found = world.again([*world.rows, *strangers], mode).persons()
    assert only(found, world.persons) == world.persons
    joined = {found[str(row["record_id"])] for row in strangers} & set(world.persons.values())
    assert not joined


@pytest.mark.parametrize("mode", MODES)
def test_an_erased_person_changes_nobody(world: World, mode: str) -> None:
    """Without thirty persons every other record is with whom it was, under the same id.

    Nobody is erased whose mailbox a nameless record uses: when one of two users goes, that record is the other's.
    """
    nameless = [
        row for row in world.rows if not any(row.get(name) for name in ("first_name", "last_name", "full_name"))
    ]
    guests = {str(row["email"]).strip().lower() for row in nameless if row.get("email")}
    kept = {
        world.persons[str(row["record_id"])]
        for row in world.rows
        if str(row.get("email") or "").strip().lower() in guests
    }
    erased = random.Random(world.seed).sample(sorted(set(world.persons.values()) - kept), ERASED)
    rows = [row for row in world.rows if world.persons[str(row["record_id"])] not in erased]
    left = {str(row["record_id"]) for row in rows}
    solved = world.again(rows, mode, [one for one in world.identifiers if one[1] in left])
    assert solved.persons() == only(world.persons, left)
    if mode != "first":
        assert {(event[0], event[1]) for event in solved.events()} == {("retired", person) for person in erased}


def test_renamed_records_are_the_same_people(world: World) -> None:
    """With other record ids, in another order, the same records are together."""
    rng = random.Random(world.seed)
    names = {record: f"{rng.randrange(10**9)}-{at}" for at, record in enumerate(sorted(world.persons))}
    rows = [{**row, "record_id": names[str(row["record_id"])]} for row in world.rows]
    rng.shuffle(rows)
    told = [(source, names[record], name, value) for source, record, name, value in world.identifiers]
    found = world.again(rows, "first", told).persons()
    assert partition(found) == {frozenset(names[record] for record in group) for group in partition(world.persons)}


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_the_same_night_again_changes_nothing(world: World, mode: str) -> None:
    """Same records, next day: no id has an event, and no pair is scored when only what is new is solved."""
    solved = world.again(world.rows, mode)
    assert solved.persons() == world.persons
    assert not solved.events()
    assert solved.numbers["pass"] == mode
    assert mode == "full" or solved.numbers["pairs_scored"] == 0
