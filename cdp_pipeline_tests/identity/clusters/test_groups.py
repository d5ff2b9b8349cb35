"""Nodes that hard evidence makes one, and which link gives way where evidence contradicts itself."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from cdp_pipeline.identity.clusters import groups

KEYS = np.array([10, 20, 30, 40, 50], dtype=np.int64)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """The tables of hard_links.py, empty."""
    con = duckdb.connect()
    con.execute("""create table must_links (l bigint, r bigint, provenance varchar);
        create table cannot_links (l bigint, r bigint, veto varchar);
        create table clean_nodes (record_key bigint, source varchar);
        create table verdicts (node_key_l bigint, node_key_r bigint, verdict varchar, is_in_force boolean,
            status varchar, conflict varchar)""")
    return con


def must(con: duckdb.DuckDBPyConnection, *links: tuple[int, int, str]) -> None:
    """Add must-links."""
    con.executemany("insert into must_links values (?, ?, ?)", [list(link) for link in links])


def broken(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """The links that were not followed."""
    return con.execute("from broken_links").fetchall()


def test_links_are_followed_to_the_smallest_node(con: duckdb.DuckDBPyConnection) -> None:
    """A chain is one group; links with an end that is not solved are no links here."""
    must(con, (20, 30, "login"), (30, 50, "merge"), (40, 99, "merge"))
    assert groups.contract(con, KEYS).tolist() == [0, 1, 1, 3, 1]
    assert broken(con) == []


def test_the_weaker_link_gives_way_to_a_verdict(con: duckdb.DuckDBPyConnection) -> None:
    """Two that must not meet: the login is followed last, so it is the one that breaks."""
    must(con, (10, 20, "login"), (20, 30, "merge"))
    con.execute("insert into cannot_links values (10, 30, 'verdict')")
    assert groups.contract(con, KEYS).tolist() == [0, 1, 1, 3, 4]
    assert broken(con) == [(10, 20, "login")]


def test_of_two_equal_links_the_first_is_followed(con: duckdb.DuckDBPyConnection) -> None:
    """Ties go by place, and what a group must never join is remembered through its merges."""
    must(con, (10, 30, "login"), (20, 30, "login"), (30, 40, "login"), (40, 50, "login"))
    con.execute("insert into cannot_links values (20, 40, 'verdict'), (10, 50, 'verdict')")
    assert groups.contract(con, KEYS).tolist() == [0, 0, 0, 3, 3]
    assert broken(con) == [(30, 40, "login")]


def test_a_verdict_that_other_evidence_contradicts_is_marked(con: duckdb.DuckDBPyConnection) -> None:
    """It holds and is called conflicting; verdicts of the other word, or out of force, are left alone."""
    must(con, (10, 20, "login"))
    con.execute("""insert into cannot_links values (10, 20, 'verdict'), (30, 40, 'verdict');
        insert into verdicts values (20, 10, 'different', true, 'applied', null),
            (20, 10, 'different', false, 'conflicting', 'x'),
            (10, 20, 'same', true, 'applied', null), (30, 40, 'different', true, 'applied', null)""")
    groups.contract(con, KEYS)
    assert con.execute("select status, conflict from verdicts order by rowid").fetchall() == [
        ("conflicting", "accounts or links say the same; it holds"), ("conflicting", "x"), ("applied", None), ("applied", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("provenance", "leads"),
    [("login", [0, 1]), ("account", [0, 1]), ("conversion", [0, 1]), ("merge", [0, 0]), ("verdict", [0, 0])],
)
def test_a_clean_source_gives_way_to_its_own_merges_only(
    con: duckdb.DuckDBPyConnection, provenance: str, leads: list[int]
) -> None:
    """Two nodes of one clean source are one person when it merged them itself, or a steward says so."""
    must(con, (10, 20, provenance))
    con.execute("insert into clean_nodes values (10, 'crm'), (20, 'crm')")
    assert groups.contract(con, KEYS).tolist()[:2] == leads
    assert len(broken(con)) == (leads != [0, 0])


def test_two_clean_sources_do_not_keep_each_other_apart(con: duckdb.DuckDBPyConnection) -> None:
    """A person is once in each; the second node of a source is kept out, by whatever chain it comes."""
    must(con, (10, 20, "login"), (20, 30, "login"))
    con.execute("insert into clean_nodes values (10, 'crm'), (20, 'shop'), (30, 'crm'), (50, 'shop')")
    assert groups.contract(con, KEYS).tolist() == [0, 0, 2, 3, 4]
    assert broken(con) == [(20, 30, "login")]
