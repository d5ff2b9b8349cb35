"""The engine as a whole: accuracy, determinism, and ids that outlive a run.

Who is joined and who stays apart is in test_engine_people.py.
"""

from __future__ import annotations

import random
from datetime import date

import pytest

from cdp_pipeline.identity.accuracy import score
from cdp_pipeline.identity.ids.ids import Previous
from cdp_pipeline.run.steps import described
from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.people import BASE, PERSON


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


def test_the_tables_hold_all_that_a_later_step_needs(crowd):
    """What is compared is written to identity.records whole; every other table has just its columns."""
    _, _, con, _ = crowd
    for table in (
        described("identity.records"),
        described("identity.pairs"),
        described("identity.clusters"),
        described("identity.guards"),
        described("identity.passes"),
        described("identity.changes"),
    ):
        made = {row[0] for row in con.execute(f"describe {table.name.split('.')[1]}").fetchall()}
        assert made == set(table.columns), table.name


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
        assert again.sql(f"from {table} order by all").fetchall() == con.sql(f"from {table} order by all").fetchall()


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
            {**BASE, "record_id": "3", "first_name": "Koen", "last_name": "Smit", "email": "koen@mail.example"},
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
    assert second.sql("select person_id, to_person_id from redirects").fetchall() == [(before["3"], before["1"])]
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
    assert [row[0] for row in gone.sql("select change from changes order by 1").fetchall()] == ["created", "retired"]
    back = invented.con_with([{**PERSON, "record_id": "1"}])
    two = _keep(gone, "two")
    _move(gone, back, two)
    invented.resolve(back, two)
    assert invented.persons(back) != invented.persons(first)
