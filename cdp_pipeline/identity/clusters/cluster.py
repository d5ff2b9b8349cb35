"""From scored pairs to persons: components, then average linkage inside them.

What belongs here: graph work on integer arrays, for all components at once. What does not: weights
and vetoes; they come in as numbers.

Average linkage is reducible: merging every pair of clusters that are each other's best neighbour,
in rounds, gives the same result as merging the best pair one at a time, without a loop over
components. Ties go to the smallest neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
VETO = -39.0  # a weight below is a veto
LEAST = -4.0  # no pair speaks louder against than this in an average, short of a veto
UNSCORED = -8.0  # weight of an inner pair nobody could score (a group that was cut by force)


@dataclass(frozen=True)
class Edges:
    """Pairs of dense node numbers a < b (one row a pair) with their weight."""

    a: Ints
    b: Ints
    weight: Floats


def components(nodes: int, a: Ints, b: Ints) -> Ints:
    """Component label per node: the smallest node number of its component."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph: Any = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(nodes, nodes))
    _, labels = connected_components(graph, directed=False)
    smallest = np.full(labels.max(initial=-1) + 1, nodes, dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(nodes, dtype=np.int64))
    found: Ints = smallest[labels]
    return found


def contract(edges: Edges, group: Ints, veto: float) -> Edges:
    """Edges between groups: the best weight of their pairs, or the worst when any pair is vetoed.

    Minus infinity (never to be joined) stays what it is, and in any average too.
    """
    a, b = group[edges.a], group[edges.b]
    low, high = np.minimum(a, b), np.maximum(a, b)
    outer = low != high
    low, high, weight = low[outer], high[outer], edges.weight[outer]
    order = np.lexsort((weight, high, low))
    low, high, weight = low[order], high[order], weight[order]
    if not len(low):
        return Edges(low, high, weight)
    first = np.flatnonzero(np.r_[True, (np.diff(low) != 0) | (np.diff(high) != 0)])
    last = np.r_[first[1:], len(low)] - 1
    lowest, highest = weight[first], weight[last]
    return Edges(low[first], high[first], np.where(lowest <= veto, lowest, highest))


def limited_components(nodes: int, edges: Edges, least: float, largest: int) -> Ints:
    """Components over edges of at least `least`; too big ones are cut at ever higher weights."""
    keep = edges.weight >= least
    labels = components(nodes, edges.a[keep], edges.b[keep])
    bar = least
    while True:
        sizes = np.bincount(labels, minlength=nodes)
        big = sizes[labels] > largest
        if not big.any() or bar > 60:
            return labels
        bar = max(bar + 2, bar * 1.25)
        keep = (edges.weight >= np.where(big[edges.a], bar, least)) & (labels[edges.a] == labels[edges.b])
        labels = components(nodes, edges.a[keep], edges.b[keep])


def missing_inner_pairs(labels: Ints, edges: Edges) -> tuple[Ints, Ints]:
    """Pairs (a < b) inside one component of 3 or more that `edges` does not hold."""
    order = np.lexsort((np.arange(len(labels)), labels))
    sizes = np.bincount(labels, minlength=len(labels))
    members = order[sizes[labels[order]] > 2]
    if not len(members):
        return members, members
    starts = np.flatnonzero(np.r_[True, np.diff(labels[members]) != 0])
    counts = np.diff(np.r_[starts, len(members)])
    ends = np.repeat(np.r_[starts[1:], len(members)].astype(np.int64), counts)
    places = np.arange(len(members), dtype=np.int64)
    after = ends - places - 1
    left = np.repeat(places, after)
    offset = np.arange(len(left), dtype=np.int64) - np.repeat(np.cumsum(after) - after, after) + 1
    a, b = members[left], members[left + offset]
    inner = labels[edges.a] == labels[edges.b]
    known = edges.a[inner].astype(np.int64) * len(labels) + edges.b[inner]
    asked = np.minimum(a, b) * len(labels) + np.maximum(a, b)
    fresh = np.sort(asked[~np.isin(asked, known)])
    return fresh // max(len(labels), 1), fresh % max(len(labels), 1)


def average_linkage(labels: Ints, edges: Edges, cut: float) -> Ints:
    """Cluster label per node: inside each component, merge while the average weight is >= `cut`.

    Every inner pair of a component counts; one that is not in `edges` counts as UNSCORED.
    A component of two, or one whose weakest inner pair reaches the cut, stays whole.
    """
    count = len(labels)
    inner = labels[edges.a] == labels[edges.b]
    a, b, weight = edges.a[inner], edges.b[inner], edges.weight[inner]
    weight = np.where(weight > VETO, np.maximum(weight, LEAST), weight)
    sizes = np.bincount(labels, minlength=count)
    pairs = np.bincount(labels[a], minlength=count)
    weakest = np.full(count, np.inf)
    np.minimum.at(weakest, labels[a], weight)
    full = pairs == sizes * (sizes - 1) // 2
    whole = (sizes == 1) | (full & (weakest >= cut))
    cluster = np.where(whole[labels], labels, np.arange(count, dtype=np.int64))
    active = ~whole[labels[a]]
    a, b, total, number = a[active], b[active], weight[active], np.ones(int(active.sum()))
    size = np.ones(count)
    while len(a):
        every = size[a] * size[b]
        average = np.round((total + UNSCORED * (every - number)) / every, 9)
        best_a = _best(count, a, b, average)
        mutual = (average >= cut) & (best_a[a] == b) & (best_a[b] == a)
        if not mutual.any():
            break
        target = np.arange(count, dtype=np.int64)
        target[b[mutual]] = a[mutual]
        size[a[mutual]] += size[b[mutual]]
        cluster = target[cluster]
        a, b = target[a], target[b]
        low, high = np.minimum(a, b), np.maximum(a, b)
        outer = low != high
        a, b, total, number = _summed(low[outer], high[outer], total[outer], number[outer])
    return components(count, np.arange(count, dtype=np.int64), cluster)


def _best(count: int, a: Ints, b: Ints, average: Floats) -> Ints:
    """Best neighbour of every node (highest average, then smallest number), -1 without one."""
    ends, others, values = np.r_[a, b], np.r_[b, a], np.r_[average, average]
    order = np.lexsort((others, -values, ends))
    ends, others = ends[order], others[order]
    first = np.r_[True, np.diff(ends) != 0]
    best = np.full(count, -1, dtype=np.int64)
    best[ends[first]] = others[first]
    return best


def _summed(a: Ints, b: Ints, total: Floats, number: Floats) -> tuple[Ints, Ints, Floats, Floats]:
    order = np.lexsort((total, b, a))
    a, b, total, number = a[order], b[order], total[order], number[order]
    if not len(a):
        return a, b, total, number
    first = np.flatnonzero(np.r_[True, (np.diff(a) != 0) | (np.diff(b) != 0)])
    return a[first], b[first], np.add.reduceat(total, first), np.add.reduceat(number, first)
