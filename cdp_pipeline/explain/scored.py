"""The published pairs of one person, and those between two.

What belongs here: reading identity.pairs. What does not: what a pair means (reasons.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from cdp_pipeline.explain.published import Asked, columns_of
from cdp_pipeline.explain.records import Detail, of_person
from cdp_pipeline.explain.tree import Link
from cdp_pipeline.explain.words import day
from cdp_pipeline.privacy.door import Leave


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


def nearest_records(con: DuckDBPyConnection, leave: Leave, a: Asked, b: Asked) -> tuple[Detail, Detail]:
    """One record for each side: the one that was named, or the one nearest to the other side."""
    ours, theirs = ({d.record: d for d in of_person(con, leave, asked.person)} for asked in (a, b))
    wanted = [
        pair
        for pair in (between(con, a.person, b.person) if a.person != b.person else ())
        if is_meant(pair, ours.get(a.record or 0), theirs.get(b.record or 0))
    ]
    best = wanted[0] if wanted else None
    return shown(ours, a, best.left if best else None), shown(theirs, b, best.right if best else None)


def is_meant(pair: Pair, ours: Detail | None, theirs: Detail | None) -> bool:
    """True for a pair of the records that were named, if any were."""
    return (ours is None or pair.left == ours.node) and (theirs is None or pair.right == theirs.node)


def shown(records: dict[int, Detail], asked: Asked, node: int | None) -> Detail:
    """The record that was named, else the first of a node, else the first."""
    if asked.record is not None:
        return records[asked.record]
    return next(detail for detail in records.values() if node is None or detail.node == node)
