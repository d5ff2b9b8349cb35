"""Person ids over several nights: what keeps them, what moves them, and the cause that is recorded."""

from __future__ import annotations

import random

import pytest

from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.nights import State, night
from cdp_pipeline_tests.identity.people import PERSON

KOEN = {**PERSON, "first_name": "Koen", "email": "koen@mail.example", "phone": "0687654321"}
EVENTS = "select change, cause, weakest_evidence from changes where as_of = (select max(as_of) from changes) order by 1"


@pytest.fixture(scope="module")
def crowd() -> tuple[list[invented.Row], State]:
    """Sixty people in two systems."""
    rows, _ = invented.crowd(60)
    return rows, night(rows)


@pytest.mark.parametrize("how", ["again", "shuffled", "rebuilt", "other cut"])
def test_nothing_moves_an_id_but_a_change_of_persons(crowd, how):
    """A run again, shuffled rows, a rebuild with the ledger, or another threshold: every id stays."""
    rows, state = crowd
    mixed = random.Random(2).sample(rows, len(rows)) if how == "shuffled" else rows
    joining = invented.MATCHING.joining.model_copy(update={"cut": invented.MATCHING.joining.cut - 0.5})
    matching = invented.MATCHING.model_copy(update={"joining": joining}) if how == "other cut" else invented.MATCHING
    after = night(mixed, state, full=how == "rebuilt", matching=matching)
    assert after.persons == state.persons
    assert after.rows("from changes order by all") == state.rows("from changes order by all")


def test_an_erased_record_moves_nobody_else(crowd):
    """Only the person of the record changes, and keeps the id."""
    rows, state = crowd
    after = night([row for row in rows if row["record_id"] != "c7"], state)
    assert {**after.persons, "c7": state.persons["c7"]} == state.persons
    assert after.numbers["records_with_changed_id"] == 0


def test_renaming_record_ids_changes_no_group(crowd):
    """Who is joined does not hang on how a system numbers its records."""
    rows, state = crowd
    renamed = [{**row, "record_id": f"{9 - int(str(row['record_id'])[-1])}{row['record_id']}"} for row in rows]
    other = {frozenset(record[1:] for record in group) for group in night(renamed).groups}
    assert other == state.groups


def test_a_merge_names_the_link_that_joined():
    """The cause of a merge is the evidence of the strongest link between the two."""
    rows = [{**PERSON, "record_id": "1"}, {**KOEN, "record_id": "2"}]
    first = night(rows)
    joined = night(rows, first, links=[("crm", "1", "crm", "2", "merge")])
    assert joined.rows(EVENTS) == [("merged", "joined by merged in the source (weight 40.0)", "merged in the source")]
    parted = night(rows, joined)
    change, cause, _ = parted.rows(EVENTS)[0]
    assert change == "split"
    assert str(cause).startswith("records do not hold together: ")


def test_a_split_by_other_content_says_so():
    """A record that becomes somebody else leaves, because its content has changed."""
    rows = [{**PERSON, "record_id": "1"}, {**PERSON, "record_id": "2", "source": "shop", "birth_date": "1980-02-03"}]
    other = {"full_name": "Piet Vos", "email": "piet@mail.example", "record_id": "2", "source": "shop"}
    first = night(rows)
    assert len(first.groups) == 1
    after = night([rows[0], other], first)
    assert after.rows(EVENTS) == [("split", "records do not hold together: the content of one has changed", None)]


def test_a_record_that_comes_back_gets_no_retired_id():
    """Joined to its person it has that id again; on its own it gets a new one."""
    rows = [{**PERSON, "record_id": "1"}, {**PERSON, "record_id": "2", "source": "shop"}, {**KOEN, "record_id": "3"}]
    first = night(rows)
    without = night(rows[:1], first)
    assert without.rows(EVENTS) == [("retired", "no record is left: not delivered any more, or erased", None)]
    back = night(rows, without)
    assert back.persons["2"] == first.persons["2"]
    assert back.persons["3"] != first.persons["3"]
