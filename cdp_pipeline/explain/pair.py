"""Two records or persons held against each other: what joins them, or why they were kept apart.

What belongs here: finding the links and the reasons in the published tables, as one frozen
`Comparison` (answer.py). What does not: laying it out (pair_text.py, page.py), and any decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from duckdb import DuckDBPyConnection

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import guards, published, reasons, tree
from cdp_pipeline.explain.answer import Comparison, Seen
from cdp_pipeline.explain.evidence import completed, published_model, waterfalls
from cdp_pipeline.explain.published import Asked
from cdp_pipeline.explain.records import Detail, of_person
from cdp_pipeline.explain.scored import between, is_meant, judged, kept_pairs, shown
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.privacy.door import Door, Leave
from cdp_pipeline.privacy.subject import Subject


def compare(snapshot: Path, written: tuple[str, str], matching: Matching, country: str, door: Door) -> Comparison:
    """Hold A and B against each other; the key of `door` opens what the guards did, without one that is left out.

    Raises InputError for an unknown person or record, and when A and B are the same.
    """
    con = published.open_tables(snapshot)
    a, b = (published.find(con, text) for text in written)
    if a.person == b.person and a.record == b.record:
        raise InputError(f"{written[0]} and {written[1]} are the same: cdp explain {a.person} tells about it")
    leave = door.enter([Subject(person) for person in sorted({a.person, b.person})])
    if a.person == b.person:
        return _one(con, leave, snapshot, a, b)
    return _two(con, leave, snapshot, a, b, matching, country, door.key)


# ---- one person ----------------------------------------------------------------------------------


def _one(con: DuckDBPyConnection, leave: Leave, snapshot: Path, a: Asked, b: Asked) -> Comparison:
    records = {detail.record: detail for detail in of_person(con, leave, a.person)}
    start = records[a.record] if a.record is not None else _first(records.values(), b)
    end = records[b.record] if b.record is not None else _first(records.values(), a)
    names = (_called(a, start), _called(b, end))
    if start.node == end.node:
        return Comparison(a, b, names, True, (Seen(start, end, 40.0, "exact copies of each other", ()),))
    rows = kept_pairs(con, a.person)
    steps = tree.path(tree.strongest_tree(link for link, _ in rows.values()), start.node, end.node) or []
    model = published_model(snapshot)
    bars = waterfalls(con, model, [(link.a, link.b) for link in steps])
    here = {detail.node: detail for detail in reversed(records.values())} | {start.node: start, end.node: end}
    seen, at = [], start.node
    for link in steps:
        model_weight = rows[link.a, link.b][1]
        parts = completed(bars[link.a, link.b], model_weight, link.weight, reasons.rule(link.provenance, None))
        seen.append(Seen(here[at], here[link.other(at)], link.weight, link.reason, parts))
        at = link.other(at)
    direct = rows.get((min(start.node, end.node), max(start.node, end.node)))
    others = (reasons.direct(direct[0].weight, direct[0].reason),) if len(seen) > 1 and direct else ()
    decided = tuple(said for link in steps for said in judged(con, link.a, link.b))
    return Comparison(a, b, names, True, tuple(seen), (*others, *decided))


def _first(details: Iterable[Detail], other: Asked) -> Detail:
    return next(detail for detail in details if detail.record != other.record)


# ---- two people ----------------------------------------------------------------------------------


def _two(
    con: DuckDBPyConnection,
    leave: Leave,
    snapshot: Path,
    a: Asked,
    b: Asked,
    matching: Matching,
    country: str,
    key: bytes | None,
) -> Comparison:
    ours, theirs = ({d.record: d for d in of_person(con, leave, asked.person)} for asked in (a, b))
    pairs = between(con, a.person, b.person)
    wanted = [p for p in pairs if is_meant(p, ours.get(a.record or 0), theirs.get(b.record or 0))]
    left = shown(ours, a, wanted[0].left if wanted else None)
    right = shown(theirs, b, wanted[0].right if wanted else None)
    best = wanted[0] if wanted else None
    bars = waterfalls(con, published_model(snapshot), [(left.node, right.node)])[left.node, right.node]
    total = sum(part.weight for part in bars)
    weight = best.match_weight if best and best.match_weight is not None else total
    veto = best.veto if best else None
    rule = reasons.rule(best.provenance if best else "model", veto)
    parts = completed(bars, best.model_weight if best else None, weight, rule)
    reason = best.reason if best else "; ".join(part.said for part in bars[1:] if part.weight)
    unused = guards.silenced(con, [left, right], matching, country, key)
    nodes = [len({d.node for d in side.values()}) for side in (ours, theirs)]
    facts = reasons.Facts(
        weight, veto, best is not None, nodes[0] * nodes[1], tuple(p.match_weight or 0.0 for p in pairs),
        tuple(p.veto for p in pairs if p.veto), best.strength if best else total, bool(unused),
    )  # fmt: skip
    are_against = best is not None and not veto and weight >= matching.joining.cut
    further = pairs[::-1] if are_against else wanted[1:]
    return Comparison(
        a, b, (_called(a, left), _called(b, right)), False,
        (Seen(left, right, weight, reason, parts),),
        tuple(dict.fromkeys(reasons.further(p.strength, p.veto, p.reason) for p in further if p is not best))[:3],
        are_against, (*reasons.why(facts, matching), *judged(con, left.node, right.node)), unused,
        reasons.cures(facts, matching, a.written, b.written),
    )  # fmt: skip


def _called(asked: Asked, detail: Detail) -> str:
    name = detail.values["name"] or detail.values["email"]
    return f"{asked.written if asked.record is not None else asked.person}{f' ({name})' if name else ''}"
