"""What makes two nodes one person whatever a score says, and what forbids it: as pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb
import pytest

from cdp_pipeline.identity import engine
from cdp_pipeline.identity.clusters import hard_links
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.normalise.normalise import Inputs
from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.nights import stated
from cdp_pipeline_tests.identity.people import MATCHING, PERSON

ROBERT = {"full_name": "Robert Vos", "birth_date": "1951-02-03"}


def linked(
    rows: Sequence[invented.Row],
    identifiers: Sequence[Sequence[str]] = (),
    links: Sequence[Sequence[str]] = (),
    matching: Matching = MATCHING,
) -> duckdb.DuckDBPyConnection:
    """The tables of the module over `rows`."""
    con = invented.con_with(rows, identifiers, links)
    engine.prepare(con, Inputs(), matching, invented.KEY, "NL")
    hard_links.find(con, Inputs(), matching)
    return con


def ends(con: duckdb.DuckDBPyConnection, table: str, further: str) -> set[tuple[object, ...]]:
    """Pairs of a table by record id (the smaller id first), with another column."""
    return {
        (*sorted((str(a), str(b))), rest)
        for a, b, rest in con.execute(f"""select a.record_id, b.record_id, m.{further} from {table} m
            join records a on a.node_key = m.l join records b on b.node_key = m.r""").fetchall()
    }


def rows_of(*given: invented.Row) -> list[invented.Row]:
    """Records with ids 1, 2, …, of people who share nothing."""
    return [
        {"full_name": f"{first} {last}", "record_id": str(at + 1), **row}
        for at, (row, first, last) in enumerate(zip(given, invented.FIRST, invented.LAST, strict=False))
    ]


def test_an_account_joins_its_records_in_a_chain() -> None:
    """Three records of one login are two links, l below r."""
    con = linked(rows_of({"login_id": "7"}, {"login_id": "7"}, {"login_id": "7"}, {"login_id": "8"}))
    assert con.execute("select count(*), bool_and(l < r), min(provenance) from must_links").fetchall() == [
        (2, True, "login")
    ]
    assert {record for pair in ends(con, "must_links", "provenance") for record in pair[:2]} == {"1", "2", "3"}


def test_only_the_namespaces_asked_for_link() -> None:
    """Without login_id or customer_id in must_link, neither joins."""
    rows = rows_of({"login_id": "7"}, {"login_id": "7"}, {}, {})
    identifiers = [("crm", "3", "customer_id", "9"), ("crm", "4", "customer_id", "9")]
    both = ends(linked(rows, identifiers), "must_links", "provenance")
    logins = ends(
        linked(rows, identifiers, matching=MATCHING.model_copy(update={"must_link": ("login_id",)})),
        "must_links",
        "provenance",
    )
    none = ends(
        linked(rows, identifiers, matching=MATCHING.model_copy(update={"must_link": ()})), "must_links", "provenance"
    )
    assert both == {("1", "2", "login"), ("3", "4", "login")}
    assert logins == {("1", "2", "login")}
    assert none == set()


def test_links_are_trusted_by_kind_and_the_strongest_is_told() -> None:
    """A merge outranks a login; a kind that is not trusted, and a record that is not there, link nothing."""
    rows = rows_of({"login_id": "7"}, {"login_id": "7"}, {}, {})
    links = [
        ("crm", "2", "crm", "1", "merge"),
        ("crm", "1", "crm", "2", "conversion"),
        ("crm", "3", "crm", "4", "account"),
        ("crm", "3", "crm", "gone", "merge"),
        ("crm", "2", "crm", "3", "guess"),
    ]
    assert ends(linked(rows, links=links), "must_links", "provenance") == {("1", "2", "merge"), ("3", "4", "account")}
    few = MATCHING.model_copy(update={"trusted_links": ("conversion",)})
    assert ends(linked(rows, links=links, matching=few), "must_links", "provenance") == {("1", "2", "conversion")}


def test_an_account_of_too_many_people_is_not_followed() -> None:
    """More records than the guard allows with more last names: it is told and joins nobody; fewer names may share."""
    few = MATCHING.model_copy(update={"junk": MATCHING.junk.model_copy(update={"records": 3, "last_names": 2})})
    accounts = [("crm", str(n), "customer_id", "99") for n in range(1, 5)]
    con = linked(rows_of({}, {}, {}, {}), accounts, matching=few)
    assert con.execute("from shared_accounts").fetchall() == [("crm:99", 4)]
    assert con.execute("select count(*) from must_links").fetchall() == [(0,)]
    family = [
        {**row, "full_name": f"{first} Vos"}
        for row, first in zip(rows_of({}, {}, {}, {}), invented.FIRST, strict=False)
    ]
    for con in (linked(family, accounts, matching=few), linked(rows_of({}, {}, {}), accounts[:3], matching=few)):
        assert con.execute("from shared_accounts").fetchall() == []
        assert con.execute("select count(*) > 0 from must_links").fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("other", "is_refused"),
    [
        ({"full_name": "Koen Smit", "birth_date": "1989-11-28"}, True),
        ({"full_name": "Koen Smit", "birth_date": "1951-02-03"}, False),
        ({"full_name": "Koen Smit", "birth_date": "1951-02-13"}, False),  # a slip of the pen
        ({"full_name": "Koen Smit"}, False),
        ({"full_name": "Bob Vos", "birth_date": "1989-11-28"}, False),  # names agree: it may be a typo
        ({"full_name": "Vos Robert", "birth_date": "1989-11-28"}, False),
        ({"full_name": "R. Vos", "birth_date": "1989-11-28"}, False),
        ({"full_name": "S. Vos", "birth_date": "1989-11-28"}, True),
        ({"full_name": "Robert Smit", "birth_date": "1989-11-28"}, True),
    ],
)
def test_an_account_is_refused_where_birth_date_and_name_contradict(other: dict[str, str], is_refused: bool) -> None:
    """Both must differ, and neither by a slip of the pen, an initial or a nickname."""
    con = linked([{**ROBERT, "record_id": "1", "login_id": "7"}, {**other, "record_id": "2", "login_id": "7"}])
    assert ends(con, "refused_accounts", "account") == ({("1", "2", "crm:7")} if is_refused else set())
    assert ends(con, "must_links", "provenance") == (set() if is_refused else {("1", "2", "login")})


def test_copies_that_may_not_be_one_person_get_nodes_of_their_own() -> None:
    """The second record of a clean source, and the later of two that a steward calls different."""
    rows = [
        {**PERSON, "record_id": str(n), "source": source} for n, source in enumerate(("crm", "crm", "shop", "shop"))
    ]
    con = invented.con_with(rows)
    clean = MATCHING.model_copy(update={"clean_sources": ("crm",)})
    plain = engine.prepare(invented.con_with(rows), Inputs(), MATCHING, invented.KEY, "NL")
    numbers = engine.prepare(con, Inputs(), clean, invented.KEY, "NL")
    assert (plain["distinct_records"], numbers["distinct_records"]) == (1, 2)
    nodes: dict[str, int] = dict(con.execute("select record_id, node_key from records").fetchall())
    assert nodes["2"] == nodes["3"] == (nodes["0"] if nodes["0"] == nodes["2"] else nodes["1"])
    assert nodes["0"] != nodes["1"]
    keys: dict[str, int] = dict(con.execute("select record_id, record_key from records").fetchall())
    con.register("said", stated([(keys["2"], keys["3"], "same"), (keys["2"], keys["3"], "different")]))
    con.execute("create table said_table as from said")
    assert hard_links.separate(con, MATCHING, "said_table") == 1
    after: dict[str, int] = dict(con.execute("select record_id, node_key from records").fetchall())
    later = max(("2", "3"), key=lambda record: keys[record])
    assert {record for record in after if after[record] != nodes[record]} == {later}


def test_verdicts_in_force_are_links() -> None:
    """`same` is a must-link that outranks all, `different` a cannot-link, each with the smaller node first."""
    rows = rows_of({"login_id": "7"}, {"login_id": "7"}, {})
    con = invented.con_with(rows)
    engine.prepare(con, Inputs(), MATCHING, invented.KEY, "NL")
    keys: dict[str, int] = dict(con.execute("select record_id, record_key from records").fetchall())
    con.register("said", stated([(keys["1"], keys["2"], "same"), (keys["2"], keys["3"], "different")]))
    con.execute("create table said_table as from said")
    counts = hard_links.find(con, replace(Inputs(), identifiers=None, links=None), MATCHING, "said_table")
    assert counts == {"must_links": 1, "cannot_links": 1, "refused_accounts": 0}
    assert ends(con, "must_links", "provenance") == {("1", "2", "verdict")}
    assert ends(con, "cannot_links", "veto") == {("2", "3", "verdict")}
    assert con.execute("select bool_and(l < r) from cannot_links").fetchall() == [(True,)]


def test_nodes_of_clean_sources_are_listed_with_their_source() -> None:
    """A name with a quote in it is a name."""
    rows = [
        {**PERSON, "record_id": "1", "source": "o'hara"},
        {"full_name": "Koen Smit", "record_id": "2", "source": "shop"},
    ]
    con = linked(rows, matching=MATCHING.model_copy(update={"clean_sources": ("o'hara", "other")}))
    assert con.execute("select source, count(*) from clean_nodes group by 1").fetchall() == [("o'hara", 1)]
