"""When everything is solved again, and what a pass tells of itself."""

from __future__ import annotations

from cdp_pipeline.identity.model import saved_model
from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.nights import night
from cdp_pipeline_tests.identity.people import PERSON

ROWS = invented.crowd(40)[0]


def test_a_full_pass_comes_round():
    """The first night and every seventh are full; the nights between only score what is new."""
    state = night(ROWS)
    assert (state.kind, state.numbers["why"]) == ("full", "nothing was solved before")
    state = night(ROWS, state, days=6)
    assert state.kind == "incremental"
    state = night(ROWS, state, days=1)
    assert (state.kind, state.numbers["why"]) == ("full", "the last full pass was 7 days ago")
    told = state.rows("select kind, new_nodes, f1_against_incremental from passes order by as_of")
    assert told == [("full", 80, None), ("incremental", 0, None), ("full", 0, 1.0)]


def test_a_run_on_the_same_day_replaces_its_row():
    """One row a day, and the day of the last full pass is not forgotten."""
    state = night(ROWS)
    again = night(ROWS, state, days=0)
    assert again.rows("select kind, full_as_of = as_of from passes") == [("incremental", True)]


def test_other_settings_ask_for_a_full_pass():
    """matching.yml decides who is joined, so all is solved again; the model is kept where it fits."""
    state = night(ROWS)
    other = invented.MATCHING.model_copy(update={"largest_block": 300})
    after = night(ROWS, state, matching=other)
    assert (after.kind, after.numbers["model"]) == ("full", "reused")


def test_training_can_be_asked_for(tmp_path):
    """Asked once, the next run trains once; the run after that reuses the new model."""
    assert saved_model.trainings_asked(tmp_path) == 0
    assert saved_model.ask_for_training(tmp_path) == saved_model.trainings_asked(tmp_path) == 1
    state = night(ROWS)
    trained = night(ROWS, state, asked=1)
    assert (trained.kind, trained.numbers["why"]) == ("full", "training was asked for")
    assert trained.numbers["model"] != "reused"
    assert night(ROWS, trained, asked=1).kind == "incremental"


def test_a_new_field_asks_for_a_full_pass():
    """A field that was empty until tonight is compared from tonight on."""
    bare = [{**row, "birth_date": None} for row in ROWS]
    state = night(bare)
    assert "birth_date" not in str(state.numbers["compared"])
    after = night([*bare, {**PERSON, "record_id": "z", "birth_date": "1980-02-03"}], state)
    assert after.kind == "full"
    assert "birth_date" in str(after.numbers["compared"])


def test_guards_tell_what_they_did():
    """One row a guard, every night, with words."""
    state = night(ROWS)
    names = [row[0] for row in state.rows("select guard from guards order by 1")]
    assert len(names) == len(set(names)) >= 15
    assert not state.rows("from guards where words is null or affected is null")
