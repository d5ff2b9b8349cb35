"""Published pairs, the tree that holds a person together, and the path whose weakest link is strongest."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import duckdb
from hypothesis import given
from hypothesis import strategies as some

from cdp_pipeline.explain.links import (
    Link,
    Pair,
    between,
    hanging,
    is_meant,
    judged,
    kept_pairs,
    nearest_records,
    path,
    shown,
    strongest_tree,
)
from cdp_pipeline.explain.published import find, open_tables
from cdp_pipeline.explain.records import of_person
from cdp_pipeline.privacy.door import Door
from cdp_pipeline.privacy.subject import Subject

CHAIN = (Link(1, 2, 9.0), Link(2, 3, 5.0), Link(1, 3, 1.0), Link(3, 4, 7.0))


@some.composite
def graphs(draw: some.DrawFn) -> list[Link]:
    """Up to seven nodes, each pair linked or not, with weights that often tie."""
    nodes = draw(some.integers(2, 7))
    weight = some.none() | some.integers(-5, 5).map(float)
    drawn = [(a, b, draw(weight)) for a, b in combinations(range(nodes), 2)]
    return [Link(a, b, found) for a, b, found in drawn if found is not None]


def widest(links: list[Link], start: int, end: int) -> float | None:
    """The weakest link of the best path, found by taking links in from the strongest."""
    group = {start}
    for bar in sorted({link.weight for link in links}, reverse=True):
        group = {start}
        for _ in links:
            for link in links:
                if link.weight >= bar and group & {link.a, link.b}:
                    group |= {link.a, link.b}
        if end in group:
            return bar
    return None


def test_the_weak_shortcut_is_left_out() -> None:
    """Of a triangle the tree keeps the two strong sides."""
    assert strongest_tree(CHAIN) == (CHAIN[0], CHAIN[3], CHAIN[1])


def test_a_path_runs_in_order() -> None:
    """From end to end, each link starts where the one before it ended."""
    found = path(strongest_tree(CHAIN), 4, 1)
    assert found == [CHAIN[3], CHAIN[1], CHAIN[0]]
    assert path(strongest_tree(CHAIN), 1, 1) == []
    assert path(strongest_tree(CHAIN), 1, 9) is None


@given(graphs())
def test_no_other_path_has_a_stronger_weakest_link(links: list[Link]) -> None:
    """Between any two nodes the tree's path is as strong as a path can be."""
    tree = strongest_tree(links)
    for start, end in combinations(range(7), 2):
        found = path(tree, start, end)
        best = widest(links, start, end)
        assert (min(link.weight for link in found) if found else None) == best


@given(graphs(), some.randoms())
def test_the_order_of_the_links_does_not_matter(links: list[Link], chance: object) -> None:
    """One set of links has one tree."""
    shuffled = list(links)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert strongest_tree(shuffled) == strongest_tree(links)


@given(graphs())
def test_every_node_hangs_somewhere(links: list[Link]) -> None:
    """Written from the root down, each node comes once, below one that came before it."""
    found = hanging(strongest_tree(links), range(7))
    assert sorted(at.node for at in found) == list(range(7))
    for before, at in pairwise(found):
        assert at.depth <= before.depth + 1
    seen: set[int] = set()
    for at in found:
        assert (at.link is None) == (at.depth == 0)
        assert at.link is None or at.link.other(at.node) in seen
        seen.add(at.node)


def test_published_pairs_of_a_person_and_between_two(data: Path) -> None:
    """Kept ones are links; between two people ours stand on the left, the nearest to a join first."""
    (snapshot,) = (data / "snapshots").iterdir()
    con = open_tables(snapshot)
    anna, koen = (find(con, text).person for text in ("crm:1", "crm:4"))
    ((nodes, (link, weight)),) = kept_pairs(con, anna).items()
    assert nodes == (link.a, link.b)
    assert weight == link.weight > 20
    assert kept_pairs(con, koen) == {}
    ours = between(con, anna, koen)
    assert [(pair.left, pair.right) for pair in ours] == sorted((pair.left, pair.right) for pair in ours)
    assert {pair.left for pair in ours} == {link.a, link.b}
    assert {(pair.right, pair.left, pair.strength) for pair in between(con, koen, anna)} == {
        (pair.left, pair.right, pair.strength) for pair in ours
    }
    assert {pair.veto for pair in ours} == {"first_name"}


def test_strength_is_what_the_model_thinks() -> None:
    """Whatever a rule made of it; without the model's weight the published one, without both nothing."""
    pair = Pair(1, 2, -40.0, 3.5, "model", "first_name", "")
    assert pair.strength == 3.5
    assert replace(pair, model_weight=None).strength == -40.0
    assert replace(pair, model_weight=None, match_weight=None).strength == 0.0
    assert replace(pair, model_weight=0.0).strength == 0.0


def test_the_record_that_was_named_is_the_one_that_is_meant(snapshot: Path, tmp_path: Path) -> None:
    """A named record limits the pairs and is shown; a person stands for a record of the node, else its first."""
    con = open_tables(snapshot)
    leave = Door(tmp_path, "explain").enter([Subject("P")])
    who = find(con, "shop:3")
    records = {detail.record: detail for detail in of_person(con, leave, who.person)}
    first, copy, third = records.values()
    pair = Pair(first.node, 5, 1.0, 1.0, "model", None, "")
    assert is_meant(pair, None, None)
    assert is_meant(pair, first, None)
    assert not is_meant(pair, third, None)
    assert not is_meant(pair, first, replace(third, node=6))
    assert is_meant(pair, copy, replace(third, node=5))
    assert shown(records, who, first.node) == third
    person = find(con, who.person)
    assert shown(records, person, third.node) == third
    assert shown(records, person, None) == first


def test_nearest_records_stand_for_two_people(snapshot: Path, tmp_path: Path) -> None:
    """The named record or the nearest to the other side, and within one person those that were named."""
    con = open_tables(snapshot)
    leave = Door(tmp_path, "explain").enter([Subject("P")])
    anna, third, koen = (find(con, text) for text in ("crm:1", "shop:3", "crm:4"))
    left, right = nearest_records(con, leave, koen, find(con, anna.person))
    assert (left.label, right.person) == ("crm:4", anna.person)
    left, right = nearest_records(con, leave, anna, third)
    assert (left.label, right.label) == ("crm:1", "shop:3")


def test_verdicts_in_force_are_told_the_newest_first(data: Path) -> None:
    """Who decided when and why, in either order of the two; one that is overruled is not told."""
    (snapshot,) = (data / "snapshots").iterdir()
    records = f"'{snapshot}/identity/records.parquet'"
    duckdb.sql(f"""copy (select a.record_key as record_key_l, b.record_key as record_key_r, v.* from {records} a, {records} b,
        (values ('same', timestamp '2026-02-01', 'ines', true, '', 2),
                ('different', timestamp '2026-02-03', null, true, 'rang', 3),
                ('same', timestamp '2026-02-09', 'old', false, '', 4))
            as v(verdict, decided_at, reviewer, is_in_force, note, line)
        where a.record_id = '4' and b.record_id = '1') to '{snapshot}/identity/verdicts.parquet'""")
    con = open_tables(snapshot)
    nodes = dict(con.execute("select record_id, node_key from identity.records").fetchall())
    sentences = (
        "Judged two people by a steward on 3 February 2026: rang.",
        "Judged one person by ines on 1 February 2026.",
    )
    assert judged(con, nodes["1"], nodes["4"]) == judged(con, nodes["4"], nodes["1"]) == sentences
    assert judged(con, nodes["1"], nodes["7"]) == ()
