"""Scoring: the one SELECT gives what Splink's own predict gives."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from cdp_pipeline.identity import engine
from cdp_pipeline.identity.candidates import blocking
from cdp_pipeline.identity.model import model, saved_model, scoring
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
        from records qualify row_number() over (partition by node_key order by record_key) = 1 order by node_key;
        create temp table reasons (reason bigint, words varchar)""")
    return con


def test_weights_are_those_of_splink(con: duckdb.DuckDBPyConnection) -> None:
    """For every pair of nodes that share a field, to the last digits."""
    nodes = con.sql("from nodes").to_arrow_table()
    present = blocking.present_columns(con, (), MATCHING.training.smallest)
    used = model.train(con, MATCHING, present, ())
    picked = saved_model.picked(used, ())
    blocking.add_blocks(con, MATCHING)
    blocking.candidates(con, MATCHING, blocking.limits(con, MATCHING, present))
    listed = con.sql("from candidates order by 1, 2").to_arrow_table()
    ours = scoring.score(con, used, picked, listed)
    own = duckdb.connect(config={"threads": 1})
    own.register("nodes_arrow", nodes)
    own.register("ours", ours)
    own.execute("create table nodes as from nodes_arrow")
    theirs = _predicted(own, used, picked, listed)
    compared = own.execute(f"""select count(*), max(abs(o.weight - t.match_weight)) from ours o join {theirs} t
        on o.l = least(t.record_key_l, t.record_key_r) and o.r = greatest(t.record_key_l, t.record_key_r)""").fetchall()
    assert used.is_trained
    assert compared[0][0] == listed.num_rows > 400
    assert compared[0][1] < 1e-9


def _predicted(
    own: duckdb.DuckDBPyConnection, used: model.Model, picked: tuple[model.Comparison, ...], listed: pa.Table
) -> str:
    """Name of the table with Splink's prediction for the pairs `listed`."""
    linker = model.splink_linker(own, used, picked, retain=True)
    own.register("listed_arrow", listed)
    own.execute("create table listed as select '0' as match_key, * from listed_arrow")
    registered = linker._db_api.register("listed", dataset_display_name="listed")
    linker.table_management.register_blocked_pairs_for_predict(registered)
    return str(linker.inference.predict(warning_mode="never").physical_name)
