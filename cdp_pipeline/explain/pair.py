"""Two records or persons held against each other: what joins them, or why they were kept apart.

What belongs here: finding the links and the reasons in the published tables, as one frozen `Comparison`, and its
leading sentences. What does not: laying it out (pair_layout.py), and any decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import published, reasons
from cdp_pipeline.explain.evidence import Part, completed, published_model, waterfalls
from cdp_pipeline.explain.links import between, is_meant, judged, kept_pairs, path, shown, strongest_tree
from cdp_pipeline.explain.published import Somebody
from cdp_pipeline.explain.records import Detail, of_person, silenced
from cdp_pipeline.explain.words import chance
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.pages.figures import things
from cdp_pipeline.privacy.door import Door, Leave
from cdp_pipeline.privacy.subject import Subject


@dataclass(frozen=True)
class Match:
    """Two records beside each other, and how the evidence adds up; no parts for exact copies."""

    left: Detail
    right: Detail
    weight: float
    reason: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Comparison:
    """The answer to `cdp explain A B`.

    One person: `matches` is the path of links from A to B. Two people: `matches` is the pair that comes
    nearest to joining them, `why` what kept them apart, `cures` what would change that.
    """

    a: Somebody
    b: Somebody
    names: tuple[str, str]  # who the two are, as a reader would call them
    is_one: bool
    matches: tuple[Match, ...]
    others: tuple[str, ...] = ()  # further pairs between two people, or the direct pair of one
    are_against: bool = False  # `others` are the pairs that speak against a join
    why: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    cures: tuple[str, ...] = ()


def headline(answer: Comparison) -> str:
    """One sentence: one person or two."""
    first, second = answer.names
    if answer.is_one:
        return f"{first} and {second} are one person: {answer.a.person}"
    return f"{first} and {second} are two people" + (
        "" if answer.a.record is None and answer.b.record is None else f": {answer.a.person} and {answer.b.person}"
    )


def further(answer: Comparison) -> str:
    """What the further pairs of two people are."""
    return "What speaks against it elsewhere" if answer.are_against else "Further pairs between them"


def surest(answer: Comparison) -> str:
    """How good the path of evidence is as a whole."""
    weakest = min(match.weight for match in answer.matches)
    if len(answer.matches) == 1:
        return f"They hang together directly: {chance(weakest)}"
    return f"They hang together by {things(len(answer.matches), 'link')}; the weakest: {chance(weakest)}"


def compare(snapshot: Path, typed: tuple[str, str], matching: Matching, country: str, door: Door) -> Comparison:
    """Hold A and B against each other; the key of `door` opens what the guards did, without one that is left out.

    Raises InputError for an unknown person or record, and when A and B are the same.
    """
    con = published.open_tables(snapshot)
    a, b = (published.find(con, text) for text in typed)
    if a.person == b.person and a.record == b.record:
        raise InputError(f"{typed[0]} and {typed[1]} are the same: cdp explain {a.person} tells about it")
    leave = door.enter([Subject(person) for person in sorted({a.person, b.person})])
    if a.person == b.person:
        return _one(con, leave, snapshot, a, b)
    return _two(con, leave, snapshot, a, b, matching, country, door.key)


# ---- one person ----------------------------------------------------------------------------------


def _one(con: DuckDBPyConnection, leave: Leave, snapshot: Path, a: Somebody, b: Somebody) -> Comparison:
    records = {detail.record: detail for detail in of_person(con, leave, a.person)}
    start = records[a.record] if a.record is not None else _first(records.values(), b)
    end = records[b.record] if b.record is not None else _first(records.values(), a)
    names = (_called(a, start), _called(b, end))
    if start.node == end.node:
        return Comparison(a, b, names, True, (Match(start, end, 40.0, "exact copies of each other", ()),))
    rows = kept_pairs(con, a.person)
    steps = path(strongest_tree(link for link, _ in rows.values()), start.node, end.node) or []
    model = published_model(snapshot)
    bars = waterfalls(con, model, [(link.a, link.b) for link in steps])
    here = {detail.node: detail for detail in reversed(records.values())} | {start.node: start, end.node: end}
    matches, at = [], start.node
    for link in steps:
        model_weight = rows[link.a, link.b][1]
        parts = completed(bars[link.a, link.b], model_weight, link.weight, reasons.rule(link.provenance, None))
        matches.append(Match(here[at], here[link.other(at)], link.weight, link.reason, parts))
        at = link.other(at)
    direct = rows.get((min(start.node, end.node), max(start.node, end.node)))
    others = (reasons.direct(direct[0].weight, direct[0].reason),) if len(matches) > 1 and direct else ()
    decided = tuple(sentence for link in steps for sentence in judged(con, link.a, link.b))
    return Comparison(a, b, names, True, tuple(matches), (*others, *decided))


def _first(details: Iterable[Detail], other: Somebody) -> Detail:
    return next(detail for detail in details if detail.record != other.record)


# ---- two people ----------------------------------------------------------------------------------


def _two(
    con: DuckDBPyConnection,
    leave: Leave,
    snapshot: Path,
    a: Somebody,
    b: Somebody,
    matching: Matching,
    country: str,
    key: bytes | None,
) -> Comparison:
    ours, theirs = ({d.record: d for d in of_person(con, leave, who.person)} for who in (a, b))
    pairs = between(con, a.person, b.person)
    meant_pairs = [p for p in pairs if is_meant(p, ours.get(a.record or 0), theirs.get(b.record or 0))]
    left = shown(ours, a, meant_pairs[0].left if meant_pairs else None)
    right = shown(theirs, b, meant_pairs[0].right if meant_pairs else None)
    best = meant_pairs[0] if meant_pairs else None
    bars = waterfalls(con, published_model(snapshot), [(left.node, right.node)])[left.node, right.node]
    total = sum(part.weight for part in bars)
    weight = best.match_weight if best and best.match_weight is not None else total
    veto = best.veto if best else None
    rule = reasons.rule(best.provenance if best else "model", veto)
    parts = completed(bars, best.model_weight if best else None, weight, rule)
    reason = best.reason if best else "; ".join(part.text for part in bars[1:] if part.weight)
    unused = silenced(con, [left, right], matching, country, key)
    nodes = [len({d.node for d in side.values()}) for side in (ours, theirs)]
    facts = reasons.Facts(
        weight, veto, best is not None, nodes[0] * nodes[1], tuple(p.match_weight or 0.0 for p in pairs),
        tuple(p.veto for p in pairs if p.veto), best.strength if best else total, bool(unused),
    )  # fmt: skip
    are_against = best is not None and not veto and weight >= matching.joining.cut
    further = pairs[::-1] if are_against else meant_pairs[1:]
    return Comparison(
        a, b, (_called(a, left), _called(b, right)), False,
        (Match(left, right, weight, reason, parts),),
        tuple(dict.fromkeys(reasons.further(p.strength, p.veto, p.reason) for p in further if p is not best))[:3],
        are_against, (*reasons.why(facts, matching), *judged(con, left.node, right.node)), unused,
        reasons.cures(facts, matching, a.typed, b.typed),
    )  # fmt: skip


def _called(who: Somebody, detail: Detail) -> str:
    name = detail.values["name"] or detail.values["email"]
    return f"{who.typed if who.record is not None else who.person}{f' ({name})' if name else ''}"
