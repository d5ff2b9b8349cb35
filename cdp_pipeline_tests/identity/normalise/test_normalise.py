"""Names in one spelling, and the keys of records and nodes."""

from __future__ import annotations

import pytest

from cdp_pipeline.identity.candidates import guard
from cdp_pipeline.identity.normalise.normalise import Inputs, normalise
from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.one_record import keys


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ({"full_name": "Jan van der Berg"}, "jan", "berg"),
        ({"full_name": "BERG, Jan van der"}, "jan", "berg"),
        ({"first_name": "Zoë", "last_name": "O'Brien-Smith"}, "zoe", "obrien smith"),
        ({"full_name": "Dr. Jürgen Groß"}, "jurgen", "gross"),
        ({"full_name": "van Dunnewoldt"}, None, "dunnewoldt"),
        ({"first_name": "Test", "last_name": "-"}, None, None),
        ({"full_name": "Мария Иванова"}, "мария", "иванова"),
    ],
)
def test_names(written, first, last):
    """Case, accents, titles, particles and order do not matter; placeholders are nobody."""
    found = keys(**written)
    assert (found["name_first"], found["name_last"]) == (first, last)


def test_nicknames_have_a_formal_form():
    """Bob and Robert block together."""
    assert keys(full_name="Bob Smit")["name_nick_full"] == keys(full_name="Robert Smit")["name_nick_full"]


def _table(rows):
    """(record_id -> (record_key, node_key), the connection) after guard and collapse."""
    con = invented.con_with(rows)
    normalise(con, Inputs(), invented.MATCHING, "NL", invented.KEY)
    guard.guard(con, invented.MATCHING, invented.KEY)
    guard.collapse(con, (), invented.KEY)
    found = con.execute("select record_id, record_key, node_key from records").fetchall()
    return {row[0]: row[1:] for row in found}, con


def test_record_keys_last():
    """A record key depends on source, record id and the secret key, and on no other record."""
    rows = [{**invented.PERSON, "record_id": str(n)} for n in range(5)]
    all_keys, _ = _table(rows)
    few_keys, _ = _table(rows[:1:-1])
    assert {k: all_keys[k][0] for k in few_keys} == {k: v[0] for k, v in few_keys.items()}
    assert len({v[0] for v in all_keys.values()}) == 5
    con = invented.con_with(rows)
    normalise(con, Inputs(), invented.MATCHING, "NL", b"another key")
    other = dict(con.execute("select record_id, record_key from records").fetchall())
    assert all(0 <= other[k] < 2**60 and other[k] != all_keys[k][0] for k in other)


def test_one_record_key_for_two_records_is_an_error():
    """The same source and record id twice stops the run, without naming them."""
    rows = [{**invented.PERSON, "record_id": "1"}] * 2
    with pytest.raises(AssertionError, match="1 record keys are shared"):
        _table(rows)


def test_equal_content_is_one_node():
    """Copies share a node whatever their ids, order and spelling; a null is not an empty value."""
    rows = [
        {**invented.PERSON, "record_id": "a"},
        {**invented.PERSON, "record_id": "b", "phone": "+31 6 12345670", "first_name": "ANNA"},
        {**invented.PERSON, "record_id": "c", "company": "Bakkerij"},
        {**invented.PERSON, "record_id": "d", "middle_name": "Maria"},
    ]
    found, _ = _table(rows)
    again, _ = _table([{**row, "record_id": f"x{row['record_id']}"} for row in reversed(rows)])
    assert found["a"][1] == found["b"][1]
    assert len({node for _, node in found.values()}) == 3
    assert {k: node for k, (_, node) in found.items()} == {k[1:]: node for k, (_, node) in again.items()}


def test_content_that_cannot_join_is_never_collapsed():
    """Two records with only a first name, or only a town, are two nodes."""
    found, _ = _table([{"record_id": str(n), "first_name": "Anna", "city": "Utrecht"} for n in range(2)])
    assert found["0"][1] != found["1"][1]


def test_everything_compared_depends_on_the_node():
    """Records of one node agree on every column but the record's own."""
    rows, _ = invented.crowd(60)
    copies = [{**row, "record_id": f"{row['record_id']}-{n}"} for row in rows for n in range(2)]
    _, con = _table([{**row, "phone": (row["phone"] or "").replace("+31 ", "0") or None} for row in copies])
    columns = {row[0] for row in con.execute("describe records").fetchall()}
    shared = sorted(columns - {"record_key", "source", "record_id", "updated_at", "node_key"})
    differs = " or ".join(f'count(distinct "{c}") > 1 or count("{c}") not in (0, count(*))' for c in shared)
    assert con.execute(
        f"select count(*) from (select node_key from records group by 1 having {differs})"
    ).fetchall() == [(0,)]
    assert con.execute("select count(distinct node_key) < count(*) from records").fetchall() == [(True,)]


def test_a_birth_date_filled_in_by_a_system_is_blocked():
    """1 January 1970 on far more people than any other day is no birth date; years of their own are."""
    rows, _ = invented.crowd(200)
    for n, row in enumerate(rows):
        row["birth_date"] = "1970-01-01" if n % 2 else f"{1940 + n % 50}-{1 + n % 12:02d}-{1 + n % 27:02d}"
    _, con = _table(rows)
    assert con.execute("select kind, records from blocked_identifiers").fetchall() == [("birth_date", 200)]
    assert con.execute("select count(birth_date), count(birth_year), count(birth_day) from records").fetchall() == [
        (200,) * 3
    ]


def test_years_without_a_day_are_kept():
    """A source that writes 1 January for every birth year has no placeholder among them."""
    rows, _ = invented.crowd(200)
    for n, row in enumerate(rows):
        row["birth_date"] = f"{1950 + n % 8}-01-01"
    _, con = _table(rows)
    assert con.execute("select count(*) from blocked_identifiers").fetchall() == [(0,)]


def test_dates_that_forms_fill_in_are_empty():
    """1900-01-01 of the placeholders file is no birth date."""
    assert keys(birth_date="1900-01-01")["birth_date"] is None
