"""Components and average linkage on arrays, against the textbook versions."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from cdp_pipeline.identity.clusters import cluster


def _edges(weights: dict[tuple[int, int], float]) -> cluster.Edges:
    pairs = sorted(weights)
    a, b = (np.array([p[i] for p in pairs], dtype=np.int64) for i in (0, 1))
    return cluster.Edges(a, b, np.array([weights[p] for p in pairs], dtype=np.float64))


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 9), st.integers(0, 10**6))
def test_average_linkage_agrees_with_scipy(size, seed):
    """Rounds of mutual best neighbours give the clusters of the one-at-a-time algorithm."""
    chance = random.Random(seed)  # distinct weights: with ties both answers would be right
    weights = {(i, j): round(chance.uniform(-4, 20), 6) for i in range(size) for j in range(i + 1, size)}
    found = cluster.average_linkage(np.zeros(size, dtype=np.int64), _edges(weights), 6.0)
    distances = np.zeros((size, size))
    for (i, j), weight in weights.items():
        distances[i, j] = distances[j, i] = 100 - weight
    expected = fcluster(linkage(squareform(distances), "average"), 94, "distance")
    assert {frozenset(np.flatnonzero(found == label)) for label in set(found)} == {
        frozenset(np.flatnonzero(expected == label)) for label in set(expected)
    }


def test_never_is_never():
    """Minus infinity is not outvoted by any number of good pairs; an ordinary veto may be."""
    good = {(i, j): 20.0 for i in range(8) for j in range(i + 1, 8)}
    whole = np.zeros(8, dtype=np.int64)
    assert len(set(cluster.average_linkage(whole, _edges({**good, (0, 7): -40.0}), 0.0))) == 1
    apart = cluster.average_linkage(whole, _edges({**good, (0, 7): -np.inf}), 0.0)
    assert apart[0] != apart[7]
    assert len(set(apart)) == 2


def test_components_carry_their_smallest_node():
    """Labels do not depend on the order of the edges."""
    a, b = np.array([4, 1, 5]), np.array([2, 3, 4])
    assert cluster.components(6, a, b).tolist() == [0, 1, 2, 1, 2, 2]


def test_big_components_are_cut_at_higher_weights():
    """A chain of ten with weak links falls apart until no piece is larger than asked."""
    chain = {(n, n + 1): 3.0 if n % 3 == 2 else 20.0 for n in range(9)}
    labels = cluster.limited_components(10, _edges(chain), 2.0, 4)
    assert max(np.bincount(labels)) <= 4
    assert labels[0] == labels[2]


def test_a_veto_binds_whole_groups():
    """A vetoed pair between two must-linked groups outweighs their good pairs."""
    group = np.array([0, 0, 2, 2])
    outer = cluster.contract(_edges({(0, 2): 30.0, (1, 3): -40.0, (0, 1): 5.0}), group, -40.0)
    assert (outer.a.tolist(), outer.b.tolist(), outer.weight.tolist()) == ([0], [2], [-40.0])


def test_missing_inner_pairs_are_listed_once():
    """Only pairs inside a component of three or more that nobody scored."""
    labels = np.array([0, 0, 0, 3, 3])
    a, b = cluster.missing_inner_pairs(labels, _edges({(0, 1): 1.0, (3, 4): 1.0}))
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == [(0, 2), (1, 2)]
