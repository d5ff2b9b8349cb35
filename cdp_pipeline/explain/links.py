"""The published pairs of people, and the links that hold a person together: the strongest tree, and paths in it.

What belongs here: reading identity.pairs, trees and paths over their nodes. What does not: what a pair means
(reasons.py).

The tree is the maximum spanning tree: between any two nodes it holds the path whose weakest link
is as strong as it can be. Ties go to the smaller numbers, so one set of links has one tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from cdp_pipeline.explain.published import Somebody, columns_of
from cdp_pipeline.explain.records import Detail, of_person
from cdp_pipeline.pages.figures import day
from cdp_pipeline.privacy.door import Leave


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

    tree = []
    for link in sorted(links, key=lambda link: (-link.weight, link.a, link.b)):
        a, b = top(link.a), top(link.b)
        if a != b:
            head[b] = a
            tree.append(link)
    return tuple(tree)


def neighbours(tree: Iterable[Link]) -> dict[int, list[Link]]:
    """Node -> its links, strongest first."""
    beside: dict[int, list[Link]] = {}
    for link in tree:
        beside.setdefault(link.a, []).append(link)
        beside.setdefault(link.b, []).append(link)
    return {node: sorted(links, key=lambda link: (-link.weight, link.a, link.b)) for node, links in beside.items()}


def hanging(tree: Iterable[Link], nodes: Iterable[int]) -> list[Hanging]:
    """The tree from its root down, each branch in full before the next.

    The root is the node with most links (ties: the first of `nodes`). Nodes that no link reaches
    follow as roots of their own.
    """
    beside = neighbours(tree)
    order = sorted(nodes, key=lambda node: -len(beside.get(node, ())))
    reached: set[int] = set()
    places = []
    for root in order:
        stack = [Hanging(root, 0, None)] if root not in reached else []
        reached.add(root)
        while stack:
            at = stack.pop()
            places.append(at)
            below = [link for link in beside.get(at.node, ()) if link.other(at.node) not in reached]
            reached.update(link.other(at.node) for link in below)
            stack += [Hanging(link.other(at.node), at.depth + 1, link) for link in reversed(below)]
    return places


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
    way = []
    step = came[end]
    while step is not None:
        way.append(step[1])
        step = came[step[0]]
    return way[::-1]


# ---- published pairs --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """A row of identity.pairs; `left` and `right` are nodes of the two that were asked about."""

    left: int
    right: int
    match_weight: float | None
    model_weight: float | None
    provenance: str
    veto: str | None
    reason: str

    @property
    def strength(self) -> float:
        """What the model thinks of it, whatever a rule made of that."""
        return self.model_weight if self.model_weight is not None else self.match_weight or 0.0


def kept_pairs(con: DuckDBPyConnection, person: str) -> dict[tuple[int, int], tuple[Link, float | None]]:
    """(node, node) -> link and model weight, of every kept pair inside a person."""
    rows = con.execute(
        """with mine as (select distinct r.node_key from identity.records r
                         join identity.person_records q using (source, record_id) where q.person_id = ?)
           select node_key_l, node_key_r, match_weight, provenance, reason, model_weight from identity.pairs
           where is_kept and node_key_l in (from mine) and node_key_r in (from mine) order by 1, 2""",
        [person],
    ).fetchall()
    return {(row[0], row[1]): (Link(*row[:5]), row[5]) for row in rows}


def between(con: DuckDBPyConnection, ours: str, theirs: str) -> list[Pair]:
    """Every scored pair between two people, ours on the left, those nearest to a join first."""
    rows = con.execute(
        """with people as (select distinct r.node_key, q.person_id from identity.records r
                join identity.person_records q using (source, record_id) where q.person_id in ($ours, $theirs)),
           ours as (select node_key from people where person_id = $ours),
           theirs as (select node_key from people where person_id = $theirs)
           select node_key_l, node_key_r, match_weight, model_weight, provenance, veto, reason from identity.pairs
           where node_key_l in (from ours) and node_key_r in (from theirs)
           union all
           select node_key_r, node_key_l, match_weight, model_weight, provenance, veto, reason from identity.pairs
           where node_key_l in (from theirs) and node_key_r in (from ours) order by 1, 2""",
        {"ours": ours, "theirs": theirs},
    ).fetchall()
    return sorted((Pair(*row) for row in rows), key=lambda p: -p.strength)


def judged(con: DuckDBPyConnection, left: int, right: int) -> tuple[str, ...]:
    """Who decided on two nodes, when and why, as a sentence each; the newest first."""
    if "is_in_force" not in columns_of(con, "identity.verdicts"):
        return ()
    rows = con.execute(
        """select v.verdict, v.reviewer, v.decided_at, v.note from identity.verdicts v
           join identity.records a on a.record_key = v.record_key_l
           join identity.records b on b.record_key = v.record_key_r
           where v.is_in_force and least(a.node_key, b.node_key) = least($1, $2)
             and greatest(a.node_key, b.node_key) = greatest($1, $2) order by v.decided_at desc, v.line desc""",
        [left, right],
    ).fetchall()
    words = {"same": "one person", "different": "two people"}
    return tuple(
        f"Judged {words.get(verdict, verdict)} by {reviewer or 'a steward'} on {day(when)}{f': {note}' if note else ''}."
        for verdict, reviewer, when, note in rows
    )


def nearest_records(con: DuckDBPyConnection, leave: Leave, a: Somebody, b: Somebody) -> tuple[Detail, Detail]:
    """One record for each side: the one that was named, or the one nearest to the other side."""
    ours, theirs = ({d.record: d for d in of_person(con, leave, who.person)} for who in (a, b))
    pairs = [
        pair
        for pair in (between(con, a.person, b.person) if a.person != b.person else ())
        if is_meant(pair, ours.get(a.record or 0), theirs.get(b.record or 0))
    ]
    best = pairs[0] if pairs else None
    return shown(ours, a, best.left if best else None), shown(theirs, b, best.right if best else None)


def is_meant(pair: Pair, ours: Detail | None, theirs: Detail | None) -> bool:
    """True for a pair of the records that were named, if any were."""
    return (ours is None or pair.left == ours.node) and (theirs is None or pair.right == theirs.node)


def shown(records: dict[int, Detail], who: Somebody, node: int | None) -> Detail:
    """The record that was named, else the first of a node, else the first."""
    if who.record is not None:
        return records[who.record]
    return next(detail for detail in records.values() if node is None or detail.node == node)
