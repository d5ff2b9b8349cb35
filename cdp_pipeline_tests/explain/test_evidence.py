"""What a pair weighs, piece by piece, and the bars it is drawn with."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain.evidence import UNKNOWN, Part, bars, completed, published_model, unknown, waterfalls
from cdp_pipeline.explain.published import open_tables
from cdp_pipeline.pages.charts import Bar

FIELDS = (Part("before", "", -4.0, 0.1), Part("birth_date", "equal", 6.0), Part("phone", UNKNOWN, 0.0))


def test_parts_are_completed_up_to_the_published_weight() -> None:
    """What the model adds beyond single fields comes before what the rule made of it; a hundredth is nothing."""
    whole = completed(FIELDS, 1.5, 8.0, "a rule")
    assert [(part.field, part.weight) for part in whole[3:]] == [("together", -0.5), ("rule", 6.5)]
    assert whole[4].text == "a rule"
    assert completed(FIELDS, 2.009, 2.018, "a rule") == FIELDS
    assert completed(FIELDS, 2.02, 2.02, "a rule")[-1].field == "together"
    assert completed(FIELDS, None, 2.0, "a rule") == FIELDS
    assert completed(FIELDS, None, 3.0, "a rule")[-1] == Part("rule", "a rule", 1.0)


def test_bars_begin_where_the_one_before_ended() -> None:
    """Each piece with its words and colour, unknown fields left out, and the sum from 0."""
    assert bars((*FIELDS, Part("together", "again", -1.0), Part("name", "equal", 1.0, 0.01)), 2.0) == [
        Bar("to begin with", -4.0, "−4.0", "of two records picked blindly, 1 pair in 10 is one person", "c5"),
        Bar("birth date", 6.0, "+6.0", "equal: 64 times likelier for one person", "c2", start=-4.0),
        Bar("taken together", -1.0, "−1.0", "again", "c5", start=2.0),
        Bar(
            "name",
            1.0,
            "+1.0",
            "equal: 2 times likelier for one person; common: 1 in 100 records has it",
            "c2",
            start=1.0,
        ),
        Bar("together", 2.0, "+2.0", "about 1 in 5 that this is chance"),
    ]


@pytest.mark.parametrize(("weight", "mark", "words"), [(40.0, "✓", "certain"), (-40.0, "✕", "ruled out")])
def test_a_rule_that_decides_alone_has_a_mark_and_no_length(weight: float, mark: str, words: str) -> None:
    """Its weight is a flag, so neither it nor the sum is drawn; fields before it are."""
    drawn = bars((*FIELDS, Part("rule", "a rule", weight - 2.0)), weight)
    assert [(bar.text, bar.value) for bar in drawn] == [("−4.0", -4.0), ("+6.0", 6.0), (mark, 0.0), (mark, 0.0)]
    assert drawn[-1].note == words


def test_a_sum_against_is_told_as_a_chance_of_one_person() -> None:
    """Below half a bit it is how likely they are one person all the same."""
    assert bars(FIELDS, -0.4)[-1].note == "as likely as not"
    assert bars(FIELDS, -5.0)[-1].note == "about 1 in 33 that they are one person"


def test_fields_that_say_nothing_are_named_on_one_line() -> None:
    """Only those that are unknown, as people call them; nothing when all are known."""
    assert (
        unknown((*FIELDS, Part("email", UNKNOWN, 0.0))) == "phone, e-mail: not known on both sides, so they say nothing"
    )
    assert unknown(FIELDS[:2]) == ""


def test_the_saved_model_weighs_a_pair_again(snapshot: Path) -> None:
    """Prior first, then each comparison; a field that is missing weighs nothing, a shared value has its share."""
    con = open_tables(snapshot)
    model = published_model(snapshot)
    left, right = (
        con.execute("select node_key from identity.records where source = 'crm' and record_id = ?", [at]).fetchall()[0][
            0
        ]
        for at in ("1", "4")
    )
    (parts,) = waterfalls(con, model, [(left, right)]).values()
    by_field = {part.field: part for part in parts}
    assert parts[0].field == "before"
    assert parts[0].share == model.prior
    assert parts[0].weight < 0
    assert by_field["phone"].text == "same phone"
    assert by_field["phone"].share is not None
    assert by_field["email"].text == "other e-mail"
    assert by_field["email"].weight < 0
    assert by_field["email"].share is None
    assert waterfalls(con, model, [(right, left)])[right, left] == parts
    assert waterfalls(con, model, []) == {}


def test_a_snapshot_without_its_model_says_so(tmp_path: Path) -> None:
    """Nothing is explained by a model that did not make it."""
    with pytest.raises(InputError, match="the match model of what is published is missing: run cdp run"):
        published_model(tmp_path)
