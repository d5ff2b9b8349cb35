"""What one pair of records weighs, field by field: the saved model asked again, by Splink itself.

What belongs here: the prior, each field with the rarity of its value, what rules made of the sum.
What does not: words for numbers (words.py), and any decision.
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
from cdp_pipeline.identity.model.levels import Comparison
from cdp_pipeline.identity.model.model import Model

UNKNOWN = "not known on both sides"
FIELD_WORDS = {"birth_date": "birth date", "email": "e-mail"}


@dataclass(frozen=True)
class Part:
    """One bar of the waterfall. `share`: how many records have the agreeing value, 0 to 1."""

    field: str  # "before", a comparison, "together" or "rule"
    said: str
    weight: float
    share: float | None = None

    @property
    def title(self) -> str:
        return FIELD_WORDS.get(self.field, self.field.replace("_", " "))


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
    wanted = sorted({node for pair in pairs for node in pair})
    if not pairs or not picked:
        return {pair: (_prior(model),) for pair in pairs}
    own = open_duckdb()
    own.register("nodes_arrow", _nodes(con, wanted))
    own.execute("create table nodes as select * from nodes_arrow")
    linker = splink_linker(own, model, picked, retain=True)
    found: dict[tuple[int, int], tuple[Part, ...]] = {}
    for left, right in pairs:
        rows = [_row(own, node) for node in sorted((left, right))]
        scored = linker.inference.score_pair(rows[0], rows[1]).physical_name
        result = own.sql(f"select * from {scored}").to_arrow_table().to_pylist()[0]
        found[left, right] = (_prior(model), *(_part(comparison, result) for comparison in picked))
    return found


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
    shares = [scored.get(f"tf_{level.tf}_{side}") for side in "lr"] if level.tf else []
    known = [share for share in shares if share]
    return Part(comparison.name, level.label, float(weight), max(known) if known else None)


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
