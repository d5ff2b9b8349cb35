"""A trained model between runs: two files beside the tables.

What belongs here: saving, loading, whether a saved model still fits, and asking for a new one. What
does not: training.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from cdp_pipeline.errors import InputError
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import comparisons, model
from cdp_pipeline.identity.model.levels import Comparison
from cdp_pipeline.identity.model.model import Model
from cdp_pipeline.run.whole_file import replaced, write_whole

MARKER = "identity_trainings"  # file of the data folder: how many trainings were asked for


def pruned(con: DuckDBPyConnection, used: Model, nodes: str) -> Model:
    """The model without the term frequencies of values no node has any more: erased stays erased."""
    here = _values(used, nodes)
    if not here:
        return used
    con.register("terms_arrow", used.terms)
    kept = con.sql(f"select * from terms_arrow semi join ({here}) h using (column_name, value) order by 1, 2")
    table = kept.to_arrow_table()
    con.unregister("terms_arrow")
    return replace(used, terms=table) if table.num_rows < used.terms.num_rows else used


def forgetting(con: DuckDBPyConnection, used: Model, records: str, nodes: str) -> Model:
    """`pruned`, looking only at the values of nodes that are gone (table `gone`, rows in `records`)."""
    left = _values(used, f"(from {records} where node_key in (from gone))")
    if not left:
        return used
    con.execute(f"create or replace temp table left_values as {left}")
    for column in _columns(used):
        con.execute(f"""delete from left_values where column_name = '{column}'
            and value in (select "{column}" from {nodes})""")
    con.register("terms_arrow", used.terms)
    kept = con.sql("select * from terms_arrow anti join left_values using (column_name, value) order by 1, 2")
    table = kept.to_arrow_table()
    con.unregister("terms_arrow")
    return replace(used, terms=table) if table.num_rows < used.terms.num_rows else used


def _columns(used: Model) -> list[str]:
    return sorted(set(used.terms["column_name"].unique().to_pylist()))


def _values(used: Model, of: str) -> str:
    return " union ".join(f"select '{c}' as column_name, \"{c}\" as value from {of}" for c in _columns(used))


def versioned(used: Model, wanted: str, limits: dict[str, int], trainings: int) -> Model:
    """A newly trained model with its stamp, block limits and version (hash of all it says)."""
    used = replace(used, stamp=wanted, limits=limits, trainings=trainings, version="")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, used.terms.schema) as stream:
        stream.write_table(used.terms.combine_chunks())
    said = json.dumps(_said(used), sort_keys=True).encode()
    return replace(used, version=hashlib.sha256(said + sink.getvalue().to_pybytes()).hexdigest()[:16])


def _said(used: Model) -> dict[str, object]:
    return {name: getattr(used, name) for name in Model.__dataclass_fields__ if name != "terms"}


def save(used: Model, folder: Path) -> None:
    """model.json and term_frequencies.parquet in `folder`."""
    said = json.dumps(_said(used), indent=1, sort_keys=True) + "\n"
    with replaced(folder / "term_frequencies.parquet", "model_terms") as temporary:
        pq.write_table(used.terms, temporary, compression="zstd")
    with replaced(folder / "model.json", "model") as temporary:
        temporary.write_text(said, "utf-8")


def load(folder: Path) -> Model | None:
    """The saved model of `folder`, or None when there is none, or one that is damaged or of another release."""
    if not (folder / "model.json").exists() or not (folder / "term_frequencies.parquet").exists():
        return None
    try:
        said = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        terms = pq.read_table(folder / "term_frequencies.parquet")
    except (ValueError, OSError):  # Arrow's errors are both
        return None
    if set(said) != set(Model.__dataclass_fields__) - {"terms"}:
        return None
    said["levels"] = {name: tuple((m, u) for m, u in pairs) for name, pairs in said["levels"].items()}
    said["compared"], said["vetoes"] = tuple(said["compared"]), tuple(said["vetoes"])
    return Model(**said, terms=terms)


def stamp_of(matching: Matching, present: frozenset[str], extra: Sequence[str]) -> str:
    """What a saved model must agree on to be used again: settings, fields, and how they are compared."""
    picked = model.chosen(matching, present, extra)
    said = repr([(c.name, c.null, [(level.label, level.sql, level.tf) for level in c.levels]) for c in picked])
    return f"{model.stamp(matching, present, extra)}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def covers(used: Model, matching: Matching, seen: frozenset[str], extra: Sequence[str]) -> bool:
    """True when the model compares every field of which the columns `seen` hold something."""
    return {c.name for c in model.chosen(matching, seen, extra)} <= set(used.compared)


def picked(used: Model, extra: Sequence[str]) -> tuple[Comparison, ...]:
    """The comparisons of a model."""
    known = {**comparisons.ALL, **{name: comparisons.extra_comparison(name) for name in extra}}
    return tuple(known[name] for name in used.compared)


def is_usable(used: Model | None, wanted: str, nodes: int, matching: Matching, asked: int = 0) -> bool:
    """True when the saved model was trained for these settings, about this many nodes, and nobody asks for another."""
    return used is not None and used.stamp == wanted and asked <= used.trainings and fits_size(used, nodes, matching)


def fits_size(used: Model, nodes: int, matching: Matching) -> bool:
    """True until the nodes are `retrain_when_grown` times as many, or as few, as at training."""
    grown = matching.training.retrain_when_grown
    return used.records / grown <= nodes <= used.records * grown


def trainings_asked(data: Path) -> int:
    """How many trainings were ever asked for in a data folder; InputError when its marker is no number."""
    path = data / MARKER
    text = path.read_text(encoding="utf-8").strip() if path.exists() else "0"
    if not text.isascii() or not text.isdigit():
        raise InputError(f"{path.name}:1: must be one number; delete the file, or run cdp identity train")
    return int(text)


def ask_for_training(data: Path) -> int:
    """Let the next run train a new model; returns how many trainings were asked for, this one included."""
    saved = load(data / "current" / "identity")
    count = max(saved.trainings if saved else 0, 0) + 1
    write_whole(data / MARKER, f"{count}\n", "training")
    return count
