"""Nights that only score what is new give what solving everything would have given."""

from __future__ import annotations

import random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.nights import State, night
from cdp_pipeline_tests.identity.people import BASE, PERSON

PAIRS = "from pairs order by all"
CLUSTERS = "select node_key, cluster from clusters order by all"


@pytest.fixture(scope="module")
def first() -> tuple[list[invented.Row], State]:
    """Two hundred and fifty people in two systems; the first hundred and eighty known since the first night."""
    rows, _ = invented.crowd(250)
    return rows, night(rows[:360])


def test_four_nights_equal_a_full_pass(first):
    """New, changed and vanished records, night after night: the same clusters, pairs and persons."""
    rows, state = first
    present = list(rows[:360])
    chance = random.Random(7)
    for number in range(4):
        present += rows[360 + number * 20 : 380 + number * 20]
        for _ in range(4):
            at = chance.randrange(len(present))
            present[at] = {**present[at], "phone": f"06{chance.randrange(10**7, 10**8)}", "city": "Zeist"}
        del present[chance.randrange(len(present))]
        before, state = state, night(present, state)
        assert state.kind == "incremental"
    complete = night(present, before, full=True)
    assert complete.kind == "full"
    assert state.rows(CLUSTERS) == complete.rows(CLUSTERS)
    assert state.persons == complete.persons
    assert state.rows(PAIRS) == complete.rows(PAIRS)
    assert state.rows("select kind, count(*) from passes group by 1 order by 1") == [("full", 1), ("incremental", 4)]


def test_only_pairs_with_a_new_node_are_scored(first):
    """A night without news scores nothing, changes no id and adds no event."""
    rows, state = first
    again = night(rows[:360], state)
    assert again.numbers["pairs_scored"] == 0
    assert again.persons == state.persons
    for table in ("pairs", "clusters", "changes", "persons", "person_records", "redirects"):
        assert again.rows(f"from {table} order by all") == state.rows(f"from {table} order by all")


SAMPLES = [
    {**PERSON, "first_name": first, "email": email, "phone": phone, "birth_date": birth}
    for first in ("Anna", "An", "Koen", None)
    for email in ("anna.b@mail.example", "koen@mail.example", None)
    for phone in ("0612345670", None)
    for birth in ("1980-02-03", None)
]


@settings(max_examples=5, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.lists(st.integers(0, len(SAMPLES) - 1), max_size=6), min_size=3, max_size=3), st.booleans())
def test_any_order_of_arrival_gives_the_same_persons(nights, does_anyone_leave):
    """Members of one household, guests included, arriving over several nights and leaving again."""
    present: list[invented.Row] = [{**BASE, "record_id": "base", "full_name": "Piet Vos", "birth_date": "1955-05-05"}]
    present += [
        {**PERSON, "record_id": f"x{n}", "last_name": last, "email": f"{last}@mail.example", "phone": None}
        for n, last in enumerate(invented.LAST)
    ]
    state, complete = night(present), State()
    for at, arriving in enumerate(nights):
        present = present[1:] if does_anyone_leave else present
        present = [*present, *({**SAMPLES[n], "record_id": f"{at}-{i}"} for i, n in enumerate(arriving))]
        if at == len(nights) - 1:
            complete = night(present, state, full=True)
        state = night(present, state)
    assert state.rows(CLUSTERS) == complete.rows(CLUSTERS)
    assert state.persons == complete.persons
    assert state.rows(PAIRS) == complete.rows(PAIRS)
