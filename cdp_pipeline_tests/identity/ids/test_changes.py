"""Events of person ids and their causes, read off pairs that are put there by hand."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from cdp_pipeline.identity.ids import ids
from cdp_pipeline_tests.identity.people import DAY, KEY

Pair = tuple[int, int, float, str | None, bool, str]


class Nights:
    """Nights of records that are their own nodes, with clusters and pairs as a test states them."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.count = 0

    def night(
        self, clusters: dict[int, int], pairs: tuple[Pair, ...] = (), nodes: dict[int, int] | None = None
    ) -> dict[int, str]:
        """Ids by record, after a night of `clusters` (record -> cluster); `nodes` gives a record another content."""
        before, self.count = self.count, self.count + 1
        content = {record: (nodes or {}).get(record, record) for record in clusters}
        self.con.execute(
            "create or replace temp table records (record_key bigint, node_key bigint, source varchar, record_id varchar)"
        )
        self.con.execute("create or replace temp table clusters (node_key bigint, cluster bigint)")
        self.con.execute("""create or replace temp table pairs (node_key_l bigint, node_key_r bigint, match_weight double,
            veto varchar, is_kept boolean, reason varchar)""")
        for record, cluster in clusters.items():
            self.con.execute("insert into records values (?, ?, 'crm', ?)", [record, content[record], str(record)])
            self.con.execute("insert into clusters values (?, ?)", [content[record], cluster])
        for pair in pairs:
            self.con.execute("insert into pairs values (?, ?, ?, ?, ?, ?)", list(pair))
        self.con.execute("create or replace temp table distinct_clusters as select distinct * from clusters; "
                         "create or replace temp table clusters as from distinct_clusters")  # fmt: skip
        names = ("person_records", "persons", "changes", "redirects", "records")
        previous = ids.Previous(*(f"{name}_{before}" for name in names)) if before else ids.Previous()
        ids.assign(self.con, previous, KEY, date(DAY.year, DAY.month, self.count))
        for name in names:
            self.con.execute(f"create table {name}_{self.count} as from {name}")
        return {
            int(record): person
            for record, person in self.con.execute("select record_id, person_id from person_records").fetchall()
        }

    def events(self) -> list[tuple[object, ...]]:
        """The events of the last night: change, person, other person, records, cause, weakest weight, its evidence."""
        return self.con.execute("""select * exclude (as_of) from changes where as_of = (select day from run_day)
            order by change, person_id, other_person_id""").fetchall()


@pytest.fixture
def nights() -> Nights:
    """No night yet."""
    return Nights()


def test_a_new_person_is_created_with_its_weakest_link(nights: Nights) -> None:
    """Of three records, the node whose best link is weakest says what the person hangs on; a lone record on nothing."""
    pairs = (
        (1, 2, 9.0, None, True, "same phone"),
        (2, 3, 4.0, None, True, "same e-mail"),
        (1, 3, 3.0, None, True, "same town"),
    )
    people = nights.night({1: 1, 2: 1, 3: 1, 9: 9}, pairs)
    assert nights.events() == sorted([
        ("created", people[1], None, 3, "new records", 4.0, "same e-mail"),
        ("created", people[9], None, 1, "new records", None, None),
    ], key=lambda row: str(row[1]))  # fmt: skip


def test_copies_hang_on_equal_content(nights: Nights) -> None:
    """Two records of one node need no link."""
    people = nights.night({1: 1, 2: 1}, nodes={2: 1})
    assert nights.events() == [("created", people[1], None, 2, "new records", 40.0, "equal content")]


def test_a_merge_is_told_by_the_strongest_link_to_the_heir(nights: Nights) -> None:
    """A link to the person they join counts before any to new records; links among themselves say nothing."""
    people = nights.night(
        {1: 1, 2: 1, 3: 3, 4: 3, 5: 3},
        ((1, 2, 30.0, None, True, "inside"), (3, 4, 9.0, None, True, "x"), (4, 5, 9.0, None, True, "x")),
    )
    after = nights.night({1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}, (
        (1, 2, 30.0, None, True, "inside"), (2, 6, 20.0, None, True, "new one"), (2, 3, 4.25, None, True, "same phone"),
        (1, 4, 2.0, None, True, "same town"), (1, 5, 99.0, None, False, "refused"),
        (3, 4, 9.0, None, True, "x"), (4, 5, 9.0, None, True, "x"),
    ))  # fmt: skip
    assert set(after.values()) == {people[3]}
    change, person, other, records, cause, *_ = nights.events()[0]
    assert (change, person, other, records) == ("merged", people[1], people[3], 2)
    assert cause == "joined by same phone (weight 4.3)"
    assert nights.con.execute("select person_id, to_person_id, since from redirects").fetchall() == [
        (people[1], people[3], date(2026, 1, 2))
    ]


def test_a_merge_of_equal_content_says_so(nights: Nights) -> None:
    """Without any link between the two, it is their content."""
    nights.night({1: 1, 2: 2, 3: 2})
    nights.night({1: 2, 2: 2, 3: 2})
    assert [row[4] for row in nights.events()] == ["joined by equal content"]


@pytest.mark.parametrize(
    ("veto", "words"),
    [
        ("verdict", "a steward calls them different persons"),
        ("clean_source", "two records of a clean source"),
        ("birth_date", "birth dates differ"),
        ("first_name", "first names differ"),
        ("account", "their account ids contradict one another"),
    ],
)
def test_a_split_is_told_by_the_strongest_veto(nights: Nights, veto: str, words: str) -> None:
    """What keeps those who left from those they left; a veto towards somebody else is no cause."""
    people = nights.night({1: 1, 2: 1, 3: 1, 9: 9})
    after = nights.night(
        {1: 1, 2: 1, 3: 3, 9: 9},
        ((2, 3, -40.0, veto, False, "x"), (1, 3, -40.0, "account", False, "x"), (3, 9, -40.0, "verdict", False, "x")),
    )
    assert after[1] == people[1] != after[3]
    rows = [row for row in nights.events() if row[0] == "split"]
    assert rows == [("split", people[1], after[3], 1, f"records do not hold together: {words}", None, None)]


def test_a_split_without_a_veto_is_other_content_or_weak_links(nights: Nights) -> None:
    """The content of one has changed; else the links are too weak now."""
    nights.night({1: 1, 2: 1, 3: 1})
    nights.night({1: 1, 2: 1, 3: 3}, nodes={3: 33})
    assert [row[4] for row in nights.events() if row[0] == "split"] == [
        "records do not hold together: the content of one has changed"
    ]
    other = Nights()
    other.night({1: 1, 2: 1, 3: 1})
    other.night({1: 1, 2: 1, 3: 3})
    assert [row[4] for row in other.events() if row[0] == "split"] == [
        "records do not hold together: their links are too weak now"
    ]


def test_records_that_go_over_to_another_person_are_repointed(nights: Nights) -> None:
    """Their old id lives on, so it does not redirect."""
    people = nights.night({1: 1, 2: 1, 3: 1, 7: 7, 8: 7})
    after = nights.night({1: 1, 2: 1, 3: 7, 7: 7, 8: 7}, ((3, 7, 5.0, None, True, "same phone"),))
    assert after[3] == people[7]
    rows = [row for row in nights.events() if row[0] == "repointed"]
    assert [row[:5] for row in rows] == [
        ("repointed", people[1], people[7], 1, "records fit another person better: same phone (weight 5.0)")
    ]
    assert nights.con.execute("from redirects").fetchall() == []


def test_an_id_without_records_retires_and_redirects_follow_their_target(nights: Nights) -> None:
    """Gone is gone; an id that redirected to one who merges later redirects to the last heir, or nowhere."""
    people = nights.night({1: 1, 2: 2, 3: 2, 5: 5, 6: 5, 7: 5})
    nights.night({1: 2, 2: 2, 3: 2, 5: 5, 6: 5, 7: 5})
    nights.night({1: 5, 2: 5, 3: 5, 5: 5, 6: 5, 7: 5})
    redirects = dict(nights.con.execute("select person_id, to_person_id from redirects").fetchall())
    assert redirects in ({people[1]: people[2], people[5]: people[2]}, {people[1]: people[5], people[2]: people[5]})
    nights.night({9: 9})
    assert nights.con.execute("from redirects").fetchall() == []
    assert [row[:5] for row in nights.events() if row[0] == "retired"] == [
        (
            "retired",
            next(iter(set(redirects.values()))),
            None,
            0,
            "no record is left: not delivered any more, or erased",
        )
    ]


def test_history_is_kept_and_the_last_night_is_added(nights: Nights) -> None:
    """Every event of every night, with its day; a night without news adds none."""
    nights.night({1: 1, 2: 2})
    nights.night({1: 1, 2: 2})
    assert nights.con.execute("select as_of, change from changes").fetchall() == [(date(2026, 1, 1), "created")] * 2
