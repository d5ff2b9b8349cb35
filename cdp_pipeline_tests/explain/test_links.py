"""The tree that holds a person together: strongest links, and the path whose weakest link is strongest."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as some

from cdp_pipeline.explain.links import Link, hanging, path, strongest_tree

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
