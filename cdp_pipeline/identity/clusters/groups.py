"""Nodes that hard evidence makes one, before any score is looked at.

What belongs here: contracting must-links, and what gives way when they contradict cannot-links.
What does not: where the links come from (hard_links.py) and scores (cluster.py).

Links are followed from the strongest kind to the weakest (hard_links.STRENGTH), and one that would
put two nodes of a cannot-link together is left out. A clean source's own merges, and verdicts, are
followed before its cleanness is looked at; accounts and other links only after.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.clusters.cluster import Ints, components
from cdp_pipeline.identity.clusters.hard_links import STRENGTH

ABOVE_CLEAN = ("verdict", "merge")  # evidence that two records of a clean source are one person all the same


@dataclass(frozen=True)
class Links:
    """Hard evidence in dense node numbers (places in the sorted node keys)."""

    a: Ints
    b: Ints
    strength: Ints  # place in STRENGTH
    cannot_a: Ints
    cannot_b: Ints
    clean: Ints  # node of a clean source
    source: Ints  # its source, numbered


def contract(con: DuckDBPyConnection, keys: Ints) -> Ints:
    """Lead node (smallest place) of every node of `keys`; makes `broken_links` (l, r, provenance).

    Verdicts that other hard evidence contradicts hold all the same, and are marked in `verdicts`.
    """
    links = _read(con, keys)
    group = components(len(keys), links.a, links.b)
    _mark(con, keys, links, group)
    broken: list[int] = []
    contradicted = _contradicted(group, links)
    if len(contradicted):
        group, broken = _again(group, links, set(contradicted.tolist()))
    at = np.asarray(broken, dtype=np.int64)
    con.register(
        "broken_arrow",
        pa.table(
            {
                "l": keys[links.a[at]],
                "r": keys[links.b[at]],
                "provenance": pa.array([STRENGTH[n] for n in links.strength[at]], pa.string()),
            }
        ),
    )
    con.execute("create or replace temp table broken_links as from broken_arrow order by 1, 2")
    con.unregister("broken_arrow")
    return group


def _read(con: DuckDBPyConnection, keys: Ints) -> Links:
    rank = " ".join(f"when '{name}' then {at}" for at, name in enumerate(STRENGTH))
    con.register("keys_arrow", pa.table({"key": keys, "place": np.arange(len(keys), dtype=np.int64)}))

    def read(sql: str) -> list[Ints]:
        found = con.execute(sql).fetchnumpy()
        return [np.asarray(found[name], dtype=np.int64) for name in found]

    ends = "join keys_arrow a on a.key = m.l join keys_arrow b on b.key = m.r order by 1, 2"
    must = read(
        f"select a.place as a, b.place as b, (case provenance {rank} end)::bigint as s from must_links m {ends}"
    )
    cannot = read(f"select a.place as a, b.place as b from cannot_links m {ends}")
    clean = read("""select k.place, dense_rank() over (order by c.source)::bigint as source
        from clean_nodes c join keys_arrow k on k.key = c.record_key order by 1, 2""")
    con.unregister("keys_arrow")
    return Links(*must, *cannot, *clean)


def _mark(con: DuckDBPyConnection, keys: Ints, links: Links, group: Ints) -> None:
    inside = group[links.cannot_a] == group[links.cannot_b]
    if not inside.any():
        return
    con.register("inside_arrow", pa.table({"l": keys[links.cannot_a[inside]], "r": keys[links.cannot_b[inside]]}))
    con.execute("""update verdicts set status = 'conflicting', conflict = 'accounts or links say the same; it holds'
        where is_in_force and verdict = 'different'
          and (least(node_key_l, node_key_r), greatest(node_key_l, node_key_r)) in (select (l, r) from inside_arrow)""")
    con.unregister("inside_arrow")


def _contradicted(group: Ints, links: Links) -> Ints:
    """Leads of the groups that hold a cannot-link or two nodes of one clean source."""
    inside = group[links.cannot_a] == group[links.cannot_b]
    number = group[links.clean] * (links.source.max(initial=0) + 1) + links.source
    values, counts = np.unique(number, return_counts=True)
    twice = values[counts > 1] // (links.source.max(initial=0) + 1)
    found: Ints = np.unique(np.r_[group[links.cannot_a[inside]], twice])
    return found


def _again(group: Ints, links: Links, contradicted: set[int]) -> tuple[Ints, list[int]]:
    """The contradicted groups once more, link by link; (leads, places of the links left out)."""
    lead = {int(node): int(node) for node in np.flatnonzero(np.isin(group, list(contradicted)))}

    def find(node: int) -> int:
        while lead[node] != node:
            node = lead[node]
        return node

    apart: dict[int, set[int]] = {}
    for a, b in zip(links.cannot_a.tolist(), links.cannot_b.tolist(), strict=True):
        if a in lead and b in lead:
            apart.setdefault(a, set()).add(b)
            apart.setdefault(b, set()).add(a)
    owned: dict[int, set[int]] = {}
    for node, source in zip(links.clean.tolist(), links.source.tolist(), strict=True):
        if node in lead:
            owned.setdefault(node, set()).add(source)
    inner = np.flatnonzero(np.isin(group[links.a], list(contradicted)))
    broken = []
    for at in inner[np.lexsort((links.b[inner], links.a[inner], links.strength[inner]))].tolist():
        a, b = sorted((find(int(links.a[at])), find(int(links.b[at]))))
        if a == b:
            continue
        is_above = STRENGTH[links.strength[at]] in ABOVE_CLEAN
        if b in apart.get(a, ()) or (not is_above and owned.get(a, set()) & owned.get(b, set())):
            broken.append(at)
            continue
        lead[b] = a
        owned.setdefault(a, set()).update(owned.pop(b, set()))
        for other in apart.pop(b, set()):
            apart[other].discard(b)
            apart[other].add(a)
            apart.setdefault(a, set()).add(other)
    leads = group.copy()
    for node in lead:
        leads[node] = find(node)
    return leads, sorted(broken)
