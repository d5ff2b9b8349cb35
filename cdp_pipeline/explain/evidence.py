"""What one pair of records weighs, field by field: the saved model asked again, by Splink itself.

What belongs here: the prior, each field with the rarity of its value, what rules made of the sum, and all that as
the bars of a waterfall. What does not: words for numbers (words.py), drawing (pair_layout.py), and any decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain.words import CERTAIN, before, chance, one_person, rarity, times
from cdp_pipeline.identity.model.levels import Comparison
from cdp_pipeline.identity.model.model import Model
from cdp_pipeline.pages.charts import Bar
from cdp_pipeline.pages.figures import bits

UNKNOWN = "not known on both sides"
FIELD_WORDS = {"birth_date": "birth date", "email": "e-mail"}


@dataclass(frozen=True)
class Part:
    """One piece of evidence. `share`: how many records have the agreeing value, 0 to 1."""

    field: str  # "before", a comparison, "together" or "rule"
    text: str
    weight: float
    share: float | None = None

    @property
    def title(self) -> str:
        known_as = {"before": "to begin with", "together": "taken together"} | FIELD_WORDS
        return known_as.get(self.field, self.field.replace("_", " "))


def published_model(snapshot: Path) -> Model:
    """The model the snapshot was made with; InputError when it was not kept."""
    from cdp_pipeline.identity.model.saved_model import load

    model = load(snapshot / "identity")
    if model is None:
        raise InputError("the match model of what is published is missing: run cdp run, then ask again")
    return model


def waterfalls(
    con: DuckDBPyConnection, model: Model, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], tuple[Part, ...]]:
    """(node, node) -> prior and fields, in the order of the model. Their sum is the model's weight."""
    from cdp_pipeline.identity.model import saved_model
    from cdp_pipeline.identity.model.model import splink_linker
    from cdp_pipeline.run.lake import open_duckdb

    picked = saved_model.picked(model, ())
    nodes = sorted({node for pair in pairs for node in pair})
    if not pairs or not picked:
        return {pair: (_prior(model),) for pair in pairs}
    own = open_duckdb()
    own.register("nodes_arrow", _nodes(con, nodes))
    own.execute("create table nodes as select * from nodes_arrow")
    linker = splink_linker(own, model, picked, retain=True)
    parts: dict[tuple[int, int], tuple[Part, ...]] = {}
    for left, right in pairs:
        rows = [_row(own, node) for node in sorted((left, right))]
        scored = linker.inference.score_pair(rows[0], rows[1]).physical_name
        result = own.sql(f"select * from {scored}").to_arrow_table().to_pylist()[0]
        parts[left, right] = (_prior(model), *(_part(comparison, result) for comparison in picked))
    return parts


def _nodes(con: DuckDBPyConnection, nodes: Sequence[int]) -> pa.Table:
    return con.sql(
        """select * exclude (source, record_id, updated_at, node_key) replace (node_key as record_key)
           from identity.records where node_key in (select unnest($nodes::bigint[]))
           qualify row_number() over (partition by node_key order by record_key) = 1 order by record_key""",
        params={"nodes": list(nodes)},
    ).to_arrow_table()


def _row(con: DuckDBPyConnection, node: int) -> Any:
    from splink import DuckDBAPI

    con.execute(f"create or replace table node_{node} as select * from nodes where record_key = {node}")
    return DuckDBAPI(connection=con).register(f"node_{node}", dataset_display_name=f"node_{node}")


def _prior(model: Model) -> Part:
    return Part("before", "", log2(model.prior / (1 - model.prior)), model.prior)


def _part(comparison: Comparison, scored: dict[str, Any]) -> Part:
    met = scored[f"gamma_{comparison.name}"]
    if met is None or met < 0:
        return Part(comparison.name, UNKNOWN, 0.0)
    level = comparison.levels[len(comparison.levels) - 1 - met]
    weight = scored[f"mw_{comparison.name}"] + (scored.get(f"mw_tf_adj_{comparison.name}") or 0.0)
    shares = [scored.get(f"tf_{level.tf}_{side}") or 0.0 for side in "lr"] if level.tf else []
    return Part(comparison.name, level.label, float(weight), max(shares, default=0.0) or None)


def completed(parts: Sequence[Part], model_weight: float | None, match_weight: float, rule: str) -> tuple[Part, ...]:
    """The bars up to the published weight: what the model adds beyond single fields, then the rule."""
    total = sum(part.weight for part in parts)
    reached = total if model_weight is None else model_weight
    bars = list(parts)
    if abs(reached - total) > 0.01:
        bars.append(Part("together", "some of this goes together anyway, so it counts less twice", reached - total))
    if abs(match_weight - reached) > 0.01:
        bars.append(Part("rule", rule, match_weight - reached))
    return tuple(replace(part, weight=round(part.weight, 6)) for part in bars)


# ---- the waterfall -------------------------------------------------------------------------------


def bars(parts: Sequence[Part], weight: float) -> list[Bar]:
    """The waterfall: the fields that were compared, the rule, and the `weight` that they come to.

    A rule that decides by itself (weight 40 either way) has a mark and no length: its number is only a flag.
    """
    rows, at = [], 0.0
    is_final = abs(weight) == CERTAIN
    mark = "✓" if weight > 0 else "✕"
    for part in (part for part in parts if part.text != UNKNOWN):
        is_mark = is_final and part.field == "rule"
        length, text = (0.0, mark) if is_mark else (part.weight, bits(part.weight))
        rows.append(Bar(part.title, length, text, _words(part), "c2" if part.weight > 0 else "c5", start=at))
        at += part.weight
    length, text = (0.0, mark) if is_final else (weight, bits(weight))
    return [*rows, Bar("together", length, text, _total_words(weight))]


def unknown(parts: Sequence[Part]) -> str:
    """The fields that could not be compared, on one line."""
    names = [part.title for part in parts if part.text == UNKNOWN]
    return f"{', '.join(names)}: {UNKNOWN}, so they say nothing" if names else ""


def _words(part: Part) -> str:
    """What one bar says."""
    if part.field == "before":
        return before(part.share or 0.0)
    if part.field in {"together", "rule"}:
        return part.text
    return f"{part.text}: {times(part.weight)}{f'; {rarity(part.share)}' if part.share else ''}"


def _total_words(weight: float) -> str:
    """What the sum says."""
    return one_person(weight) if -CERTAIN < weight < -0.5 else chance(weight).partition(" (")[0]
