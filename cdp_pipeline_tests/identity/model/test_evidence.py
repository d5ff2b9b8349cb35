"""The rows of identity.pairs and identity.model_weights."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from cdp_pipeline.identity.model import comparisons, evidence
from cdp_pipeline.identity.model.model import Model

BARE = Model("", ("phone",), {}, 0.1, 0.1, pa.table({"column_name": [""], "value": [""], "tf": [0.1]}), 1, False, 0)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """Nodes 1 to 4 in two clusters of two (1, 2 and 3, 4) and one component of 1, 2, 3; node 9 was not solved."""
    con = duckdb.connect()
    con.execute("""
        create table node_clusters as select * from (values (1, 1, 1), (2, 1, 1), (3, 3, 1), (4, 3, 4))
            as n(node_key, cluster, component);
        create table must_links (l bigint, r bigint, provenance varchar);
        create table broken_links (l bigint, r bigint, provenance varchar);
        create table cannot_links (l bigint, r bigint, veto varchar);
        create table refused_accounts (l bigint, r bigint, account varchar);
        create table reasons as select * from (values (7, 'same phone; other name')) as r(reason, words);
        create table settled (l bigint, r bigint, weight double, provenance varchar);
        create table judged (l bigint, r bigint, weight double, veto varchar, reason bigint, is_same_email boolean,
            is_inner boolean)""")
    return con


def put(con: duckdb.DuckDBPyConnection, table: str, *rows: tuple[object, ...]) -> None:
    """Add rows to a table."""
    con.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", [list(row) for row in rows])


def scored(
    con: duckdb.DuckDBPyConnection,
    left: int,
    right: int,
    weight: float,
    *,
    email: bool = False,
    inner: bool = False,
    veto: str | None = None,
    settled: float | None = None,
    rule: str = "model",
) -> None:
    """A scored pair: its raw weight, and the settled one where it is another."""
    put(con, "judged", (left, right, weight, veto, 7, email, inner))
    put(con, "settled", (left, right, weight if settled is None else settled, rule))


def written(con: duckdb.DuckDBPyConnection, shift: float = 0.0) -> dict[tuple[int, int], dict[str, object]]:
    """Ends -> the rest of the row of identity.pairs."""
    evidence.write_pairs(con, shift, "pairs")
    rows = con.sql("from pairs").to_arrow_table().to_pylist()
    return {(row.pop("node_key_l"), row.pop("node_key_r")): row for row in rows}


def test_hard_links_have_their_words_and_weight(con: duckdb.DuckDBPyConnection) -> None:
    """A followed link is kept at +40, a verdict against at -40; a broken one is left out, a far end too."""
    put(con, "must_links", (1, 2, "login"), (1, 3, "merge"), (3, 4, "verdict"), (4, 9, "merge"))
    put(con, "broken_links", (1, 3, "merge"))
    put(con, "cannot_links", (2, 3, "verdict"))
    rows = written(con)
    columns = ("match_weight", "provenance", "veto", "is_kept", "reason")
    assert {ends: tuple(row[c] for c in columns) for ends, row in rows.items()} == {
        (1, 2): (40.0, "login", None, True, "same account id"),
        (3, 4): (40.0, "verdict", None, True, "a steward says it is the same person"),
        (2, 3): (-40.0, "verdict", "verdict", False, "a steward says these are different persons"),
    }  # fmt: skip
    assert all(row["is_inner"] is True and row["model_weight"] is None for row in rows.values())


def test_a_refused_account_is_told_unless_something_stronger_is(con: duckdb.DuckDBPyConnection) -> None:
    """Where a followed link or a verdict stands between the two, the account says nothing more."""
    put(con, "refused_accounts", (1, 3, "a"), (1, 3, "b"), (1, 2, "a"), (2, 3, "a"), (2, 4, "a"))
    put(con, "must_links", (1, 2, "merge"), (2, 4, "merge"))
    put(con, "broken_links", (2, 4, "merge"))
    put(con, "cannot_links", (2, 3, "verdict"))
    rows = written(con)
    assert {ends for ends, row in rows.items() if row["veto"] == "account"} == {(1, 3), (2, 4)}
    assert rows[1, 3]["reason"] == "same account id, but birth dates and names differ"


def test_a_hard_link_shows_what_the_model_said_of_the_pair(con: duckdb.DuckDBPyConnection) -> None:
    """One row a pair: the weight of the link, beside the model's with the shift."""
    put(con, "must_links", (1, 2, "merge"))
    scored(con, 1, 2, 3.0)
    rows = written(con, 0.5)
    assert (rows[1, 2]["match_weight"], rows[1, 2]["model_weight"], rows[1, 2]["is_inner"]) == (40.0, 3.5, False)
    assert len(rows) == 1


def test_scored_pairs_are_listed_where_they_bear_on_a_person(con: duckdb.DuckDBPyConnection) -> None:
    """From -6 on after the shift; below only inside a component or with one e-mail."""
    scored(con, 1, 4, -7.0)
    scored(con, 2, 4, -7.01)
    scored(con, 1, 3, -20.0)
    scored(con, 3, 9, -20.0, email=True)
    scored(con, 4, 9, -20.0)
    rows = written(con, 1.0)
    assert {ends: row["model_weight"] for ends, row in rows.items()} == {(1, 4): -6.0, (1, 3): -19.0, (3, 9): -19.0}
    assert {ends: row["is_inner"] for ends, row in rows.items()} == {(1, 4): False, (1, 3): True, (3, 9): False}


def test_a_pair_says_whether_it_is_kept_and_why(con: duckdb.DuckDBPyConnection) -> None:
    """One cluster is kept; the reason is in words, the veto by its name, the weight the settled one."""
    scored(con, 1, 2, 5.0, settled=6.0, rule="email_rule")
    scored(con, 2, 3, 5.0, veto="birth dates differ", settled=-40.0, inner=True)
    rows = written(con)
    assert (rows[1, 2]["is_kept"], rows[1, 2]["match_weight"], rows[1, 2]["provenance"]) == (True, 6.0, "email_rule")
    assert (rows[2, 3]["is_kept"], rows[2, 3]["veto"], rows[2, 3]["is_inner"]) == (False, "birth_date", True)
    assert rows[2, 3]["reason"] == "same phone; other name"
    assert evidence.counted(con) == {
        "pairs_listed": 2, "pairs_kept": 1, "pairs_vetoed": 1, "pairs_joined_by_email_rule": 1,
    }  # fmt: skip


def test_weights_are_listed_with_the_best_level_highest() -> None:
    """Level numbers fall from the first to the last level; the weight is log2 of m over u."""
    con = duckdb.connect()
    used = replace(BARE, levels={"phone": ((0.5, 0.125), (0.25, 0.25), (0.125, 0.25), (0.125, 0.5))})
    evidence.write_weights(con, used, (comparisons.PHONE,))
    assert con.execute("from model_weights").fetchall() == [
        ("phone", 3, "same phone", 0.5, 0.125, 2.0),
        ("phone", 2, "phone with a typo", 0.25, 0.25, 0.0),
        ("phone", 1, "same last eight digits of the phone", 0.125, 0.25, -1.0),
        ("phone", 0, "other phone", 0.125, 0.5, -2.0),
    ]
