"""A model between runs: what is saved comes back, what is erased is forgotten, and when a new one is due."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.identity.model import saved_model
from cdp_pipeline.identity.model.model import Model
from cdp_pipeline_tests.identity.people import MATCHING

TERMS = pa.table(
    {"column_name": ["email_key", "email_key", "name_last"], "value": ["a@x", "b@x", "vos"], "tf": [0.5, 0.25, 0.1]}
)
SAVED = Model(
    stamp="s", compared=("name", "email"), levels={"name": ((0.5, 0.25), (0.5, 0.75)), "email": ((0.9, 0.1),)},
    base=0.01, prior=0.02, terms=TERMS, records=100, is_trained=True, sessions=2, limits={"email_key": 400},
    trainings=1, vetoes=("birth_date",), version="v",
)  # fmt: skip


def con_with(*rows: tuple[int, str | None, str | None]) -> duckdb.DuckDBPyConnection:
    """Table nodes (node_key, email_key, name_last)."""
    con = duckdb.connect()
    con.execute("create table nodes (node_key bigint, email_key varchar, name_last varchar)")
    for row in rows:
        con.execute("insert into nodes values (?, ?, ?)", list(row))
    return con


def values(model: Model) -> list[str]:
    """The values whose frequency a model knows."""
    return [str(value) for value in model.terms["value"].to_pylist()]


def test_a_saved_model_comes_back_whole(tmp_path: Path) -> None:
    """Every field, with tuples where they were, and the terms."""
    saved_model.save(SAVED, tmp_path)
    loaded = saved_model.load(tmp_path)
    assert loaded is not None
    assert loaded.terms.equals(TERMS)
    assert replace(loaded, terms=TERMS) == SAVED


def test_no_model_is_loaded_where_none_is_whole(tmp_path: Path) -> None:
    """A missing file, a damaged one, and the fields of another release are no model."""
    assert saved_model.load(tmp_path) is None
    saved_model.save(SAVED, tmp_path)
    terms, text = tmp_path / "term_frequencies.parquet", tmp_path / "model.json"
    whole = text.read_text("utf-8")
    text.write_text(whole.replace('"stamp"', '"stampp"'), "utf-8")
    assert saved_model.load(tmp_path) is None
    text.write_text(whole[:40], "utf-8")
    assert saved_model.load(tmp_path) is None
    text.write_text(whole, "utf-8")
    terms.write_bytes(b"no parquet")
    assert saved_model.load(tmp_path) is None
    terms.unlink()
    assert saved_model.load(tmp_path) is None


def test_what_no_node_has_is_forgotten() -> None:
    """Only terms of values that are still there stay; the model itself when all are."""
    assert values(saved_model.pruned(con_with((1, "a@x", None)), SAVED, "nodes")) == ["a@x"]
    assert values(saved_model.pruned(con_with((1, "vos", "a@x")), SAVED, "nodes")) == []
    assert saved_model.pruned(con_with((1, "a@x", "vos"), (2, "b@x", None)), SAVED, "nodes") is SAVED
    bare = replace(SAVED, terms=TERMS.slice(0, 0))
    assert saved_model.pruned(con_with(), bare, "nodes") is bare


def test_only_values_of_nodes_that_went_are_looked_at() -> None:
    """A value of a node that is gone goes with it, unless another node has it; what nobody had stays."""
    con = con_with((2, "b@x", "vos"))
    con.execute("""create table before as select * from (values (1, 'a@x', 'vos'), (2, 'b@x', 'vos'))
        as b(node_key, email_key, name_last); create table gone as select 1::bigint as record_key""")
    assert values(saved_model.forgetting(con, SAVED, "before", "nodes")) == ["b@x", "vos"]
    con.execute("delete from gone")
    assert saved_model.forgetting(con, SAVED, "before", "nodes") is SAVED
    bare = replace(SAVED, terms=TERMS.slice(0, 0))
    assert saved_model.forgetting(con, bare, "before", "nodes") is bare


def test_a_version_is_what_a_model_says() -> None:
    """The same model has the same version, whatever it was called before; other weights or terms have another."""
    first = saved_model.versioned(SAVED, "stamp", {"email_key": 3}, 5)
    assert (first.stamp, first.limits, first.trainings, len(first.version)) == ("stamp", {"email_key": 3}, 5, 16)
    assert saved_model.versioned(first, "stamp", {"email_key": 3}, 5).version == first.version
    others = [replace(SAVED, prior=0.03), replace(SAVED, terms=TERMS.slice(0, 2))]
    assert all(saved_model.versioned(other, "stamp", {"email_key": 3}, 5).version != first.version for other in others)
    assert saved_model.versioned(SAVED, "stamp", {"email_key": 3}, 6).version != first.version


def test_a_stamp_tells_settings_fields_and_levels() -> None:
    """Another setting of training, or another field in the data, is another stamp; who owns the file is not."""
    stamp = saved_model.stamp_of(MATCHING, frozenset({"email_key"}), ())
    assert stamp == saved_model.stamp_of(MATCHING.model_copy(update={"owner": "nobody"}), frozenset({"email_key"}), ())
    assert stamp != saved_model.stamp_of(MATCHING, frozenset({"email_key", "phone_key"}), ())
    assert stamp != saved_model.stamp_of(
        MATCHING.model_copy(update={"sure_rules_find": 0.7}), frozenset({"email_key"}), ()
    )


@pytest.mark.parametrize(("nodes", "is_fit"), [(49, False), (50, True), (100, True), (200, True), (201, False)])
def test_a_model_fits_until_the_nodes_have_doubled_or_halved(nodes: int, is_fit: bool) -> None:
    """Both bounds still fit."""
    assert saved_model.fits_size(SAVED, nodes, MATCHING) is is_fit
    assert saved_model.is_usable(SAVED, "s", nodes, MATCHING) is is_fit


def test_a_model_is_used_unless_settings_differ_or_another_is_asked_for() -> None:
    """Its own stamp and no newer request; without a model there is none to use."""
    assert saved_model.is_usable(SAVED, "s", 100, MATCHING, asked=1)
    assert not saved_model.is_usable(SAVED, "s", 100, MATCHING, asked=2)
    assert not saved_model.is_usable(SAVED, "other", 100, MATCHING)
    assert not saved_model.is_usable(None, "s", 100, MATCHING)


def test_a_model_covers_the_fields_it_compares() -> None:
    """A field that it never compared is not covered; one that is gone does no harm."""
    assert saved_model.covers(SAVED, MATCHING, frozenset({"email_key"}), ())
    assert saved_model.covers(SAVED, MATCHING, frozenset({"email_key", "name_last"}), ())
    assert not saved_model.covers(SAVED, MATCHING, frozenset({"email_key", "phone_key"}), ())
    assert not saved_model.covers(SAVED, MATCHING, frozenset({"extra_club"}), ("club",))


def test_the_comparisons_of_a_model_are_found_by_name() -> None:
    """In the model's order, further evidence among them."""
    names = [c.name for c in saved_model.picked(replace(SAVED, compared=("phone", "club", "name")), ("club",))]
    assert names == ["phone", "club", "name"]


def test_trainings_are_counted_up(tmp_path: Path) -> None:
    """None at first; asking writes one more than the published model had, and asking again no more."""
    assert saved_model.trainings_asked(tmp_path) == 0
    saved_model.save(SAVED, tmp_path / "current" / "identity")
    assert saved_model.ask_for_training(tmp_path) == saved_model.trainings_asked(tmp_path) == 2
    assert saved_model.ask_for_training(tmp_path) == 2


@pytest.mark.parametrize("text", ["two", "", "-1", "²"])
def test_a_marker_that_is_no_number_is_one_clear_error(tmp_path: Path, text: str) -> None:
    """The file is named, with its cure."""
    (tmp_path / saved_model.MARKER).write_text(text, "utf-8")
    with pytest.raises(InputError, match="identity_trainings:1: must be one number"):
        saved_model.trainings_asked(tmp_path)
