"""A trained model between runs: two files beside the tables.

What belongs here: saving, loading, and whether a saved model still fits. What does not: training.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import Model


def pruned(model: Model, nodes: pa.Table) -> Model:
    """The model without the term frequencies of values no record has any more: erased stays erased."""
    con = duckdb.connect()
    con.register("nodes", nodes)
    con.register("terms", model.terms)
    columns = sorted(set(model.terms["column_name"].to_pylist()))
    here = " union ".join(f"select '{column}' as column_name, \"{column}\" as value from nodes" for column in columns)
    if not here:
        return model
    kept = con.sql(f"select * from terms semi join ({here}) h using (column_name, value) order by 1, 2")
    return replace(model, terms=kept.to_arrow_table())


def save(model: Model, folder: Path) -> None:
    """model.json and term_frequencies.parquet in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {name: getattr(model, name) for name in Model.__dataclass_fields__ if name != "terms"}
    terms, settings = folder / "term_frequencies.parquet", folder / "model.json"
    pq.write_table(model.terms, terms.with_name(f".{terms.name}"), compression="zstd")
    settings.with_name(f".{settings.name}").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", "utf-8")
    for path in (terms, settings):  # replaced, never overwritten: a snapshot may share the old file
        path.with_name(f".{path.name}").replace(path)


def load(folder: Path) -> Model | None:
    """The saved model of `folder`, or None when there is none."""
    if not (folder / "model.json").exists() or not (folder / "term_frequencies.parquet").exists():
        return None
    said = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    said["levels"] = {name: tuple((m, u) for m, u in pairs) for name, pairs in said["levels"].items()}
    said["compared"] = tuple(said["compared"])
    return Model(**said, terms=pq.read_table(folder / "term_frequencies.parquet"))


def is_usable(model: Model | None, wanted: str, records: int, matching: Matching) -> bool:
    """True when the saved model was trained for these settings and about this many records."""
    if model is None or model.stamp != wanted:
        return False
    grown = matching.training.retrain_when_grown
    return model.records / grown <= records <= model.records * grown
