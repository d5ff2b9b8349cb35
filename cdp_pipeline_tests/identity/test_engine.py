"""The engine as a whole: what is joined, what stays apart, and that ids outlive a run."""

from __future__ import annotations

import random
from datetime import date

import pytest

from cdp_pipeline.identity import score
from cdp_pipeline.identity.ids import Previous
from cdp_pipeline_tests.identity import people as invented

BASE = {"country": "NL", "city": "Utrecht", "postcode": "3511 AB", "street": "Kerkstraat 7"}
PERSON = {
    **BASE,
    "first_name": "Anna",
    "last_name": "Bakker",
    "email": "anna.b@mail.example",
    "phone": "0612345670",
}


@pytest.fixture(scope="module")
def crowd():
    """Four hundred people in two systems, resolved once."""
    rows, truth = invented.crowd(400)
    con = invented.con_with(rows)
    resolution = invented.resolve(con)
    return rows, truth, con, resolution


def _keep(con, into: str) -> Previous:
    for table in ("person_records", "persons", "changes", "redirects"):
        con.execute(f"create or replace table {into}_{table} as from {table}")
    return Previous(*(f"{into}_{t}" for t in ("person_records", "persons", "changes", "redirects")))


def _move(source, target, previous: Previous) -> None:
    for name in (previous.person_records, previous.persons, previous.changes, previous.redirects):
        table = source.sql(f"from {name}").to_arrow_table()
        target.register("moving", table)
        target.execute(f"create table {name} as from moving")
        target.unregister("moving")


def _accuracy(con, truth):
    con.execute("create or replace temp table truth (record varchar, person bigint)")
    con.executemany("insert into truth values (?, ?)", [list(item) for item in truth.items()])
    found = "(select record_id as record, person_id as person from person_records)"
    return score.accuracy(con, found, "truth")


def test_finds_people_in_two_systems(crowd):
    """A trained model joins the records of one person and keeps others apart."""
    _, truth, con, resolution = crowd
    found = _accuracy(con, truth)
    assert found["precision"] >= 0.98
    assert found["recall"] >= 0.9
    assert resolution.numbers["model"] == "trained"


def test_every_record_has_exactly_one_person(crowd):
    """No record is lost and none is given twice."""
    rows, _, con, _ = crowd
    assert con.sql("select count(*), count(distinct (source, record_id)) from person_records").fetchall() == [
        (800, 800)
    ]
    assert con.sql("select sum(records)::int from persons").fetchall() == [(len(rows),)]


def test_ids_and_rows_survive_a_second_run(crowd):
    """The same input and day with the saved model give identical ids, persons and changes."""
    rows, _, con, resolution = crowd
    previous = _keep(con, "p1")
    shuffled = rows[:]
    random.Random(3).shuffle(shuffled)
    again = invented.con_with(shuffled)
    _move(con, again, previous)
    second = invented.resolve(again, previous, resolution.model)
    assert second.numbers["model"] == "reused"
    for table in ("person_records", "persons", "changes", "redirects", "pairs"):
        assert (
            again.sql(f"from {table} order by all").fetchall()
            == con.sql(f"from {table} order by all").fetchall()
        )


def test_input_order_does_not_matter(crowd):
    """Training on shuffled rows gives the same persons and ids."""
    rows, _, con, _ = crowd
    shuffled = rows[:]
    random.Random(5).shuffle(shuffled)
    other = invented.con_with(shuffled)
    invented.resolve(other)
    assert invented.persons(other) == invented.persons(con)


def test_exact_duplicates_join_and_change_nothing_else(crowd):
    """Copies of records join their original; every other group stays as it was."""
    rows, _, con, resolution = crowd
    copies = [{**row, "record_id": f"copy-{row['record_id']}", "source": "zcopy"} for row in rows[:60]]
    other = invented.con_with([*rows, *copies])
    invented.resolve(other, saved=resolution.model)
    found = invented.persons(other)
    assert all(found[f"copy-{row['record_id']}"] == found[row["record_id"]] for row in rows[:60])
    without = {frozenset(r for r in group if not r.startswith("copy-")) for group in invented.groups(other)}
    assert without == invented.groups(con)


def test_tiny_input_uses_shipped_weights():
    """Three records are enough: no training, and the two of one person join."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "1"},
            {**PERSON, "record_id": "2", "first_name": "A.", "phone": "+31 6 12345670"},
            {
                **BASE,
                "record_id": "3",
                "first_name": "Koen",
                "last_name": "Smit",
                "email": "koen@mail.example",
            },
        ]
    )
    resolution = invented.resolve(con)
    assert invented.groups(con) == {frozenset({"1", "2"}), frozenset({"3"})}
    assert str(resolution.numbers["model"]).startswith("shipped")


def test_no_records_at_all():
    """An empty table gives empty tables, not an error."""
    con = invented.con_with([])
    invented.resolve(con)
    assert invented.persons(con) == {}


def test_one_column_only():
    """Records that hold nothing but an e-mail join on it; the others stay alone."""
    con = invented.con_with([{"record_id": str(n), "email": f"x{n // 2}@mail.example"} for n in range(6)])
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"0", "1"}), frozenset({"2", "3"}), frozenset({"4", "5"})}


def test_household_twins_stay_apart():
    """Same birth date, address, e-mail and phone, other first name: two persons."""
    twin = {**PERSON, "birth_date": "1990-05-05"}
    con = invented.con_with(
        [
            {**twin, "record_id": "1"},
            {**twin, "record_id": "2", "source": "shop"},
            {**twin, "record_id": "3", "first_name": "Sofie"},
            {**twin, "record_id": "4", "first_name": "Sofie", "source": "shop", "phone": None},
        ]
    )
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"1", "2"}), frozenset({"3", "4"})}


def test_parent_and_child_of_one_name_stay_apart():
    """Equal names at one address with birth dates a generation apart are two persons."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "1", "birth_date": "1950-03-02"},
            {**PERSON, "record_id": "2", "birth_date": "1981-07-19"},
        ]
    )
    invented.resolve(con)
    assert len(invented.groups(con)) == 2


def test_guest_known_by_email_only_joins_its_owner():
    """A record with only an e-mail joins the one named person who uses it."""
    con = invented.con_with(
        [{**PERSON, "record_id": "1"}, {"record_id": "2", "email": "ANNA.B+shop@mail.example"}]
    )
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"1", "2"})}


def test_guest_on_a_family_address_joins_nobody():
    """An e-mail of two differently named persons does not tell whose guest it is."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "1"},
            {**PERSON, "record_id": "2", "first_name": "Koen", "phone": "0687654321"},
            {"record_id": "3", "email": "anna.b@mail.example"},
        ]
    )
    invented.resolve(con)
    assert frozenset({"3"}) in invented.groups(con)


def test_email_rule_can_be_switched_off():
    """Without the rule a bare e-mail is not enough to join a named record."""
    off = invented.MATCHING.model_copy(
        update={"email_rule": invented.MATCHING.email_rule.model_copy(update={"use": False})}
    )
    rows = [{**PERSON, "record_id": "1"}, {"record_id": "2", "email": "anna.b@mail.example"}]
    con = invented.con_with(rows)
    invented.resolve(con, matching=off)
    assert not con.sql("from pairs where provenance = 'email_rule'").fetchall()


def test_someone_elses_email_does_not_take_over():
    """A record with its own name and a victim's e-mail is not joined to the victim."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "1"},
            {
                "record_id": "2",
                "first_name": "Rob",
                "last_name": "Vos",
                "email": "anna.b@mail.example",
                "country": "NL",
            },
        ]
    )
    invented.resolve(con)
    assert len(invented.groups(con)) == 2


def test_over_shared_email_identifies_nobody():
    """An address on many records with many last names is listed, hashed, and joins nobody."""
    rows, _ = invented.crowd(30)
    shared = [
        {**row, "email": "info@shop.example", "phone": None, "record_id": f"x{n}"}
        for n, row in enumerate(rows)
    ]
    con = invented.con_with(shared[::2])
    invented.resolve(con)
    listed = con.sql("select kind, records, value_hash from blocked_identifiers").fetchall()
    assert [row[:2] for row in listed] == [("email", 30)]
    assert "info" not in listed[0][2]
    assert max(len(group) for group in invented.groups(con)) <= 2


def test_one_account_is_one_person_whatever_the_names():
    """Login ids and customer ids are one space, and bind records that nothing else joins."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "77", "login_id": "77", "source": "shop"},
            {"record_id": "z1", "source": "desk", "full_name": "Quinten Vos"},
            {"record_id": "z2", "source": "app", "login_id": "77", "full_name": "Q"},
        ],
        identifiers=[("desk", "z1", "customer_id", "77")],
    )
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"77", "z1", "z2"})}


def test_trusted_links_join():
    """A merge in the CRM's own history is kept."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "1"},
            {"record_id": "2", "full_name": "Koen Smit", "email": "k@mail.example"},
        ],
        links=[("crm", "1", "crm", "2", "merge"), ("crm", "1", "crm", "unknown", "merge")],
    )
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"1", "2"})}
    assert con.sql("select confidence from person_records").fetchall() == [(1.0,), (1.0,)]


def test_merge_and_split_are_recorded():
    """When a link appears two persons become one with a redirect; when it goes, a new id is minted."""
    rows = [
        {**PERSON, "record_id": "1"},
        {**PERSON, "record_id": "2", "source": "shop"},
        {"record_id": "3", "full_name": "Koen Smit", "email": "k@mail.example"},
    ]
    first = invented.con_with(rows)
    invented.resolve(first)
    before = invented.persons(first)
    second = invented.con_with(rows, links=[("crm", "1", "crm", "3", "merge")])
    one = _keep(first, "one")
    _move(first, second, one)
    invented.resolve(second, one, day=date(2026, 2, 1))
    assert set(invented.persons(second).values()) == {before["1"]}
    assert second.sql("select person_id, to_person_id from redirects").fetchall() == [
        (before["3"], before["1"])
    ]
    third = invented.con_with(rows)
    two = _keep(second, "two")
    _move(second, third, two)
    resolution = invented.resolve(third, two, day=date(2026, 2, 2))
    after = invented.persons(third)
    assert after["1"] == after["2"] == before["1"]
    assert after["3"] not in set(before.values()), "a retired id came back"
    kinds = third.sql("select as_of::varchar, change from changes order by 1, 2").fetchall()
    assert kinds == [
        ("2026-01-31", "created"),
        ("2026-01-31", "created"),
        ("2026-02-01", "merged"),
        ("2026-02-02", "split"),
    ]
    assert resolution.numbers["churn_share"] == pytest.approx(1 / 3, abs=1e-6)


def test_a_person_without_records_retires():
    """When the last record goes the id is retired, and never used again."""
    first = invented.con_with([{**PERSON, "record_id": "1"}])
    invented.resolve(first)
    gone = invented.con_with([])
    one = _keep(first, "one")
    _move(first, gone, one)
    invented.resolve(gone, one)
    assert [row[0] for row in gone.sql("select change from changes order by 1").fetchall()] == [
        "created",
        "retired",
    ]
    back = invented.con_with([{**PERSON, "record_id": "1"}])
    two = _keep(gone, "two")
    _move(gone, back, two)
    invented.resolve(back, two)
    assert invented.persons(back) != invented.persons(first)
