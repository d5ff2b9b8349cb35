"""The links that hold a person together: the strongest tree over its records, and paths in it.

What belongs here: trees and paths over numbered nodes. What does not: tables and words.

The tree is the maximum spanning tree: between any two nodes it holds the path whose weakest link
is as strong as it can be. Ties go to the smaller numbers, so one set of links has one tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """Two nodes that belong together, and why."""

    a: int
    b: int
    weight: float
    provenance: str = "model"
    reason: str = ""

    def other(self, node: int) -> int:
        return self.b if node == self.a else self.a


@dataclass(frozen=True)
class Hanging:
    """One node of a tree that is written from its root down: at which depth, and on which link."""

    node: int
    depth: int
    link: Link | None


def strongest_tree(links: Iterable[Link]) -> tuple[Link, ...]:
    """The links of the maximum spanning tree (of every component), strongest first (Kruskal)."""
    head: dict[int, int] = {}

    def top(node: int) -> int:
        while head.setdefault(node, node) != node:
            head[node] = head[head[node]]
            node = head[node]
        return node

    kept = []
    for link in sorted(links, key=lambda link: (-link.weight, link.a, link.b)):
        a, b = top(link.a), top(link.b)
        if a != b:
            head[b] = a
            kept.append(link)
    return tuple(kept)


def neighbours(tree: Iterable[Link]) -> dict[int, list[Link]]:
    """Node -> its links, strongest first."""
    found: dict[int, list[Link]] = {}
    for link in tree:
        found.setdefault(link.a, []).append(link)
        found.setdefault(link.b, []).append(link)
    return {node: sorted(links, key=lambda link: (-link.weight, link.a, link.b)) for node, links in found.items()}


def hanging(tree: Iterable[Link], nodes: Iterable[int]) -> list[Hanging]:
    """The tree from its root down, each branch in full before the next.

    The root is the node with most links (ties: the first of `nodes`). Nodes that no link reaches
    follow as roots of their own.
    """
    beside, listed = neighbours(tree), list(nodes)
    order = sorted(listed, key=lambda node: -len(beside.get(node, ())))
    seen: set[int] = set()
    found = []
    for root in order:
        stack = [Hanging(root, 0, None)] if root not in seen else []
        seen.add(root)
        while stack:
            at = stack.pop()
            found.append(at)
            below = [link for link in beside.get(at.node, ()) if link.other(at.node) not in seen]
            seen.update(link.other(at.node) for link in below)
            stack += [Hanging(link.other(at.node), at.depth + 1, link) for link in reversed(below)]
    return found


def path(tree: Iterable[Link], start: int, end: int) -> list[Link] | None:
    """The links from `start` to `end`, in order; None when no path leads there."""
    beside = neighbours(tree)
    came: dict[int, tuple[int, Link] | None] = {start: None}
    queue = [start]
    while queue and end not in came:
        at = queue.pop(0)
        for link in beside.get(at, ()):
            if link.other(at) not in came:
                came[link.other(at)] = (at, link)
                queue.append(link.other(at))
    if end not in came:
        return None
    found = []
    step = came[end]
    while step is not None:
        found.append(step[1])
        step = came[step[0]]
    return found[::-1]
