"""The match model: trained on the data, kept as plain data, saved as two files.

What belongs here: m, u, prior and term frequencies. What does not: which pairs are scored
(blocking.py) and what is done with a score (pairs.py).

Training takes the steps of Splink (expectation.py): u from pairs drawn by chance, m by expectation
maximisation on several blocks. Added to it: u of plain equality is computed exactly, m and u are kept away from
0 and 1 (one contradiction must not veto for ever), term frequencies are smoothed with the shipped
weights (in a small file a value is not common because it was seen once), and the prior is the
share of matches the model itself expects among all pairs.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import log2
from statistics import median
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import Matching, fingerprint
from cdp_pipeline.identity.model import comparisons, expectation, rarity
from cdp_pipeline.identity.model.levels import Comparison

M_BOUNDS = (1e-3, 1 - 1e-4)
U_BOUNDS = (1e-9, 1 - 1e-4)
SESSIONS = (  # blocks for expectation maximisation; the first usable choice of each line
    (("email_key",),),
    (("phone_key",),),
    (("name_full",),),
    (("birth_date", "postcode_key"), ("birth_date", "city_key"), ("birth_date",)),
)
FEWEST_PAIRS = 30  # a session with fewer pairs teaches nothing
SESSION = 0.25  # of training.pairs: what a session looks at, since nearly all of its pairs are telling


@dataclass(frozen=True)
class Model:
    """`levels`: comparison -> (m, u) per level; `terms`: column, value, tf; `stamp`: what it fits."""

    stamp: str
    compared: tuple[str, ...]
    levels: dict[str, tuple[tuple[float, float], ...]]
    base: float  # prior the weights were computed with
    prior: float  # prior that holds
    terms: pa.Table
    records: int
    is_trained: bool
    sessions: int
    limits: dict[str, int] = field(default_factory=dict)  # blocking line -> largest block that counts
    trainings: int = 0  # how often `cdp identity train` had been asked for
    vetoes: tuple[str, ...] = ()  # which vetoes of matching.yml the data bear out
    version: str = ""  # hash of all of the above as it was trained

    def fitted(self, matching: Matching) -> Matching:
        """The settings as they hold in these data: only the vetoes that the data bear out."""
        return matching.model_copy(update={"veto": self.vetoes})


def shift(model: Model) -> float:
    """What the prior adds to every weight that was computed with `base` (log2 odds)."""
    return float(round(log2(model.prior / (1 - model.prior)) - log2(model.base / (1 - model.base)), 6))


def stamp(matching: Matching, present: frozenset[str], extra: Sequence[str]) -> str:
    """What a saved model must agree on to be used again."""
    return "-".join([fingerprint(matching), *(c.name for c in chosen(matching, present, extra))])


def chosen(matching: Matching, present: frozenset[str], extra: Sequence[str]) -> tuple[Comparison, ...]:
    """The comparisons whose columns the data has."""
    known = [comparisons.ALL[name] for name in matching.compare]
    known += [comparisons.extra_comparison(name) for name in extra]
    return tuple(c for c in known if present.intersection(c.needs))


def train(con: DuckDBPyConnection, matching: Matching, present: frozenset[str], extra: Sequence[str]) -> Model:
    """A model for table `nodes` (one row a distinct record); the prior is a first guess, see `with_prior`."""
    picked = chosen(matching, present, extra)
    shipped = {c.name: _normalised([(level.m, level.u) for level in c.levels]) for c in picked}
    records = int(con.execute("select count(*) from nodes").fetchall()[0][0])
    rarity.add_groups(con, present)
    prior = _first_prior(con, matching, present)
    model = Model(
        stamp=stamp(matching, present, extra),
        compared=tuple(c.name for c in picked),
        levels=shipped,
        base=prior,
        prior=prior,
        terms=rarity.term_frequencies(con, picked, matching),
        records=records,
        is_trained=False,
        sessions=0,
    )
    if records >= matching.training.smallest and picked:
        model = _with_m(con, _with_u(con, model, picked, matching), picked, matching, present)
    con.execute("alter table nodes drop column sure_group")
    return model


def _with_u(con: DuckDBPyConnection, model: Model, picked: Sequence[Comparison], matching: Matching) -> Model:
    patterns = expectation.by_chance(con, picked, matching.training.pairs, matching.training.seed)
    sampled = expectation.shares(patterns, model.levels)
    pairs = min(matching.training.pairs, model.records * (model.records - 1) / 2)
    exact = rarity.collision_shares(con, picked)
    levels = {}
    for comparison in picked:
        kept = []
        for at, level in enumerate(comparison.levels):
            m, shipped_u = model.levels[comparison.name][at]
            seen = sampled[comparison.name][at]
            by_chance = max(seen - model.prior * m, 0.02 * seen) if seen else min(shipped_u, 0.5 / pairs)
            u = exact.get(level.label) or by_chance
            blended = (u * model.records + shipped_u * rarity.BACKGROUND / 10) / (
                model.records + rarity.BACKGROUND / 10
            )
            kept.append((m, _bounded(blended, U_BOUNDS)))
        levels[comparison.name] = tuple(kept)
    return replace(model, levels=levels)


def _with_m(
    con: DuckDBPyConnection, model: Model, picked: Sequence[Comparison], matching: Matching, present: frozenset[str]
) -> Model:
    """With the m of every level: the median over the sessions that showed it."""
    seen: dict[tuple[str, int], list[float]] = {}
    held = 0
    for choices in SESSIONS:
        block = next((columns for columns in choices if present.issuperset(columns)), None)
        pairs = _pairs_in(con, block) if block else 0
        left = expectation.left_over(picked, block) if block else ()
        if not block or not left or pairs < FEWEST_PAIRS:
            continue
        patterns = expectation.in_block(con, left, block, SESSION * matching.training.pairs / pairs)
        start = expectation.prior_in_block(picked, model.levels, block, model.prior)
        for name, values in expectation.maximised(patterns, model.levels, start).items():
            for at, value in enumerate(values):
                if value is not None:
                    seen.setdefault((name, at), []).append(value)
        held += 1
    levels = {
        name: tuple((_bounded(median(seen.get((name, at), [m])), M_BOUNDS), u) for at, (m, u) in enumerate(pairs))
        for name, pairs in model.levels.items()
    }
    return replace(model, levels=levels, is_trained=held > 0, sessions=held)


def splink_linker(con: DuckDBPyConnection, model: Model, picked: Sequence[Comparison], retain: bool = False) -> Any:
    """A Splink linker over table `nodes` of `con` with the model's weights and term frequencies."""
    from splink import DuckDBAPI, Linker, SettingsCreator
    from splink.blocking_rule_library import CustomRule

    api = DuckDBAPI(connection=con)
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_key",
        probability_two_random_records_match=model.base,
        comparisons=[comparisons.splink_comparison(c, model.levels[c.name]) for c in picked],
        blocking_rules_to_generate_predictions=[CustomRule("l.record_key = r.record_key")],
        retain_matching_columns=retain,
        retain_intermediate_calculation_columns=False,
        max_iterations=25,
    )
    table = api.register("nodes", dataset_display_name="nodes")
    linker = Linker(table, settings, log_level=logging.ERROR)
    con.register("terms_arrow", model.terms)
    for column in sorted({level.tf for c in picked for level in c.levels if level.tf}):
        con.execute(f"""create or replace table terms_{column} as
            with saved as (select value, tf from terms_arrow where column_name = '{column}'),
            fresh as (select distinct "{column}" as value from nodes where "{column}" is not null
                      except select value from saved)
            select value as "{column}", tf as "tf_{column}" from saved
            union all select value, coalesce((select min(tf) from saved), 1e-6) from fresh""")
        registered = api.register(f"terms_{column}", dataset_display_name=f"terms_{column}")
        linker.table_management.register_term_frequency_lookup(registered, column)
    return linker


def _first_prior(con: DuckDBPyConnection, matching: Matching, present: frozenset[str]) -> float:
    sure = [("name_full", "birth_date"), ("email_key", "name_last"), ("phone_key", "name_full"),
            ("name_full", "place_key"), ("name_full", "postcode_key")]  # fmt: skip
    found = [_pairs_in(con, rule) for rule in sure if present.issuperset(rule)]
    records = max(int(con.execute("select count(*) from nodes").fetchall()[0][0]), 2)
    matches = max([*found, 0.02 * records]) / matching.sure_rules_find
    return float(min(max(matches / (records * (records - 1) / 2), 1e-12), 0.3))


def _pairs_in(con: DuckDBPyConnection, block: Sequence[str]) -> int:
    filled = " and ".join(f"{column} is not null" for column in block)
    sql = f"""select coalesce(sum(n * (n - 1) // 2), 0)::bigint
              from (select count(*) as n from nodes where {filled} group by {", ".join(block)})"""
    return int(con.execute(sql).fetchall()[0][0])


def _normalised(pairs: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    m, u = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return tuple((_bounded(a / m, M_BOUNDS), _bounded(b / u, U_BOUNDS)) for a, b in pairs)


def _bounded(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])
