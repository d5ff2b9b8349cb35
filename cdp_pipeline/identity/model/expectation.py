"""How often each level is met: by chance (u), and by records of one person (m).

What belongs here: sampling pairs, counting them by pattern, and expectation maximisation over the
counts. What does not: bounds, shipped weights and the prior (model.py), and what a level asks for.

A pattern is the place of the level met in every comparison (-1: not comparable). Pairs are many,
patterns few, so all arithmetic goes over patterns. The steps are those of Fellegi and Sunter's model
with independent comparisons (Winkler, 1988), as Splink takes them with u fixed and without term
frequencies; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.clusters.cluster import Floats, Ints
from cdp_pipeline.identity.model.comparisons import is_equality
from cdp_pipeline.identity.model.levels import Comparison
from cdp_pipeline.identity.model.levels_met import add_levels

ROUNDS = 25
SETTLED = 1e-4  # no share moves by more: done
Levels = Mapping[str, Sequence[tuple[float, float]]]  # comparison -> (m, u) per level


@dataclass(frozen=True)
class Patterns:
    met: dict[str, Ints]  # comparison -> place of its level in every pattern, -1: not comparable
    pairs: Floats  # how many pairs show the pattern


def by_chance(con: DuckDBPyConnection, picked: Sequence[Comparison], pairs: int, seed: int) -> Patterns:
    """Patterns of about `pairs` pairs of table `nodes`, each with its neighbours a few keys on.

    Two nodes of one sure_group (rarity.py) are no chance. Keys are hashes, so neighbours are strangers drawn by chance.
    """
    nodes = int(con.execute("select count(*) from nodes").fetchall()[0][0])
    steps = max(1, min(nodes - 1, round(pairs / max(nodes, 1))))
    start = seed if nodes > pairs else 1
    return _counted(
        con,
        picked,
        f"""with placed as (
                select record_key, sure_group, row_number() over (order by record_key) - 1 as place from nodes),
            asked as (
                select record_key, sure_group, unnest(range(place + {start}, place + {start + steps})) as place from placed
                where place < {pairs})
            select a.record_key as join_key_l, b.record_key as join_key_r from asked a join placed b using (place)
            where a.sure_group <> b.sure_group""",
    )


def in_block(con: DuckDBPyConnection, picked: Sequence[Comparison], block: Sequence[str], share: float) -> Patterns:
    """Patterns of the pairs that agree on the columns `block`: those of a `share` of the nodes, by their key."""
    same = " and ".join(f"a.{column} = b.{column}" for column in block)
    kept = f"and a.record_key % 1000003 < {int(share * 1000003)}" if share < 1 else ""
    return _counted(
        con,
        picked,
        f"""select a.record_key as join_key_l, b.record_key as join_key_r
            from nodes a join nodes b on {same} and a.record_key < b.record_key {kept}""",
    )


def _counted(con: DuckDBPyConnection, picked: Sequence[Comparison], listed: str) -> Patterns:
    con.execute(f"create or replace temp table sampled_pairs as {listed}")
    add_levels(con, picked, "sampled_pairs", "nodes")
    columns = ", ".join(f"coalesce(level_{c.name}::int, -1) as level_{c.name}" for c in picked)
    rows = con.execute(f"""select {columns}, count(*)::double as pairs from levels_met
        group by all order by all""").fetchnumpy()
    con.execute("drop table sampled_pairs; drop table levels_met")
    met = {c.name: np.asarray(rows[f"level_{c.name}"], dtype=np.int64) for c in picked}
    return Patterns(met, np.asarray(rows["pairs"], dtype=np.float64))


def shares(patterns: Patterns, levels: Levels) -> dict[str, list[float | None]]:
    """Comparison -> share of the comparable pairs at each level; None where there is none at all."""
    found: dict[str, list[float | None]] = {}
    for name, met in patterns.met.items():
        counts = _per_level(met, patterns.pairs, len(levels[name]))
        found[name] = [float(count / counts.sum()) if count else None for count in counts]
    return found


def left_over(picked: Sequence[Comparison], block: Sequence[str]) -> tuple[Comparison, ...]:
    """The comparisons that a block does not decide: those that ask for none of its columns."""

    def asked(c: Comparison) -> str:
        return " ".join([c.null, *(level.sql for level in c.levels)])

    return tuple(c for c in picked if not any(f"{column}_l" in asked(c) for column in block))


def prior_in_block(picked: Sequence[Comparison], levels: Levels, block: Sequence[str], prior: float) -> float:
    """The share of matches among pairs that agree on `block`, by the weights as they are."""
    odds = prior / (1 - prior)
    for column in block:
        for c in picked:
            for at, level in enumerate(c.levels):
                if level.tf == column and is_equality(level):
                    m, u = levels[c.name][at]
                    odds *= m / u
    return odds / (1 + odds)


def maximised(patterns: Patterns, levels: Levels, prior: float) -> dict[str, list[float | None]]:
    """The m per level of the comparisons of `patterns`, from (m, u) and the prior to start with; u stays.

    None for a level that no pair shows.
    """
    m = {name: np.array([pair[0] for pair in levels[name]]) for name in patterns.met}
    u = {name: np.array([pair[1] for pair in levels[name]]) for name in patterns.met}
    shown = {name: np.bincount(met[met >= 0], minlength=len(m[name])) > 0 for name, met in patterns.met.items()}
    for _ in range(ROUNDS):
        odds = np.full(len(patterns.pairs), prior / max(1 - prior, 1e-12))
        for name, met in patterns.met.items():
            odds *= np.append(m[name] / u[name], 1.0)[met]  # -1 is the last place: says nothing
        expected = odds / (1 + odds) * patterns.pairs
        moved = [abs(prior - (prior := float(expected.sum() / patterns.pairs.sum())))]
        for name, met in patterns.met.items():
            counts = _per_level(met, expected, len(m[name]))
            if counts.sum() > 0:
                fresh = np.where(shown[name], counts / counts.sum(), m[name])
                moved.append(float(np.abs(fresh - m[name]).max()))
                m[name] = fresh
        if max(moved) < SETTLED:
            break
    return {name: [float(v) if seen else None for v, seen in zip(m[name], shown[name], strict=True)] for name in m}


def _per_level(met: Ints, pairs: Floats, levels: int) -> Floats:
    comparable = met >= 0
    counts: Floats = np.bincount(met[comparable], weights=pairs[comparable], minlength=levels).astype(np.float64)
    return counts
