"""Expectation: what counted patterns teach is what Splink's own training finds."""

from __future__ import annotations

import duckdb
import pytest

from cdp_pipeline.identity import engine
from cdp_pipeline.identity.candidates import blocking
from cdp_pipeline.identity.model import expectation, model, saved_model
from cdp_pipeline.identity.model.levels import Comparison
from cdp_pipeline.identity.normalise.normalise import Inputs
from cdp_pipeline_tests.identity import population
from cdp_pipeline_tests.identity.people import KEY, MATCHING, con_with


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """Table `nodes` of some hundred people and their households."""
    con = con_with(population.populate(150, seed=3).rows)
    engine.prepare(con, Inputs(), MATCHING, KEY, "NL")
    con.execute("""create temp table nodes as
        select node_key as record_key, * exclude (record_key, source, record_id, updated_at, node_key)
        from records qualify row_number() over (partition by node_key order by record_key) = 1""")
    return con


def test_shares_of_true_pairs_are_those_of_splink(con: duckdb.DuckDBPyConnection) -> None:
    """For every level that a session on e-mail addresses shows."""
    used = model.train(con, MATCHING, blocking.present_columns(con, (), MATCHING.training.smallest), ())
    picked = saved_model.picked(used, ())
    left = expectation.left_over(picked, ("email_key",))
    start = expectation.prior_in_block(picked, used.levels, ("email_key",), used.base)
    ours = expectation.maximised(expectation.in_block(con, left, ("email_key",), 1), used.levels, start)
    theirs = _trained(con.sql("from nodes").to_arrow_table(), used, picked)
    compared = [
        abs(value - theirs[name][at])
        for name, values in ours.items()
        for at, value in enumerate(values)
        if value is not None
    ]
    assert len(compared) > 10
    assert max(compared) < 1e-6


def test_chance_pairs_are_of_two_groups_and_each_listed_once(con: duckdb.DuckDBPyConnection) -> None:
    """With fewer pairs than asked for, all of them are looked at."""
    con.execute("create or replace temp table few as from nodes order by record_key limit 20")
    own = duckdb.connect()
    own.register("few_arrow", con.sql("select *, record_key as sure_group from few").to_arrow_table())
    own.execute("create table nodes as from few_arrow")
    patterns = expectation.by_chance(own, model.chosen(MATCHING, frozenset({"name_first"}), ()), 10_000, 1)
    assert patterns.pairs.sum() == 20 * 19 / 2


def _trained(nodes: object, used: model.Model, picked: tuple[Comparison, ...]) -> dict[str, list[float]]:
    """m per level of every comparison that Splink trained in a session on e-mail addresses."""
    own = duckdb.connect(config={"threads": 1})
    own.register("nodes_arrow", nodes)
    own.execute("create table nodes as from nodes_arrow")
    linker = model.splink_linker(own, used, picked)
    linker.training.estimate_parameters_using_expectation_maximisation(
        "l.email_key = r.email_key", estimate_without_term_frequencies=True
    )
    return {
        c["output_column_name"]: [
            level.get("m_probability") for level in c["comparison_levels"] if not level.get("is_null_level")
        ]
        for c in linker.misc.save_model_to_json()["comparisons"]
    }
