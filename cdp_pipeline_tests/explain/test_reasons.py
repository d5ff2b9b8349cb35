"""Why two people are two: each reason in its sentence, and what would change it."""

from __future__ import annotations

from dataclasses import replace

from cdp_pipeline.explain.reasons import Facts, cures, direct, further, rule, veto_words, why
from cdp_pipeline.identity.clusters.cluster import UNSCORED
from cdp_pipeline_tests.identity.people import MATCHING

JOINING = MATCHING.joining.model_copy(update={"cut": 2.0, "candidate_weight": 5.0})
SETTINGS = MATCHING.model_copy(update={"joining": JOINING})
APART = Facts(0.0, None, True, 4, (0.0,), (), 0.0, False)


def test_a_veto_is_the_whole_reason() -> None:
    """What rules them out, and what they would look like without, when that would join them."""
    assert why(replace(APART, veto="first_name", evidence=2.0), SETTINGS) == (
        "Ruled out: their first names differ, as in a household.",
    )
    assert why(replace(APART, veto="first_name", evidence=3.0), SETTINGS)[1:] == (
        "Without that they would look like one person: about 1 in 9 that this is chance (weight +3.0).",
    )


def test_too_little_is_told_with_how_much_is_missing() -> None:
    """The weight, the cut, and how many times more evidence it takes; at the cut it is not too little."""
    (sentence,) = why(replace(APART, weight=1.0), SETTINGS)
    assert sentence == (
        "Too little agrees: about 1 in 3 that they are not one person "
        "(weight +1.0; joining asks for +2.0, so 2 times more evidence)."
    )
    assert not any("Too little" in sentence for sentence in why(replace(APART, weight=2.0), SETTINGS))


def test_a_pair_that_was_not_compared_says_so() -> None:
    """Far apart it is just not listed; nearer no block brought the two together."""
    assert why(replace(APART, is_scored=False, weight=-6.1), SETTINGS)[0] == (
        "The two are not among the published pairs; the weight below was worked out just now."
    )
    near = why(replace(APART, is_scored=False, weight=-6.0), SETTINGS)
    assert near[0].startswith("The nightly run did not compare the two")
    assert len(near) == 2
    assert len(why(replace(APART, is_scored=False, weight=9.0), SETTINGS)) == 1


def test_other_records_can_rule_a_good_pair_out() -> None:
    """Vetoes of other pairs are counted by kind."""
    vetoes = ("first_name", "birth_date", "first_name")
    (sentence,) = why(replace(APART, weight=9.0, vetoes=vetoes), SETTINGS)
    assert sentence == (
        "This pair alone would join them, but other records of the two rule it out: their birth dates differ by more than a "
        "slip of the pen (1 pair); their first names differ, as in a household (2 pairs)."
    )


def test_a_join_must_be_begun_by_a_good_pair() -> None:
    """Above the cut and below what begins a join."""
    assert why(replace(APART, weight=4.9), SETTINGS) == (
        "The pair is above the cut of +2.0, but a join is only begun by a pair of at least +5.0; this one weighs +4.9.",
    )


def test_records_must_agree_on_average() -> None:
    """The average over all pairs, those that were not compared counted as unlike."""
    average = (5.0 + 1.0 + 2 * UNSCORED) / 4
    assert why(replace(APART, weight=5.0, weights=(5.0, 1.0)), SETTINGS) == (
        "This pair alone would join them, but two people are joined only when all their records agree on average: over 4 "
        f"pairs, 2 pairs with too little in common to be compared, the average is {average:+.1f} (asked: +2.0).".replace(
            "-", "−"
        ),
    )
    full = why(replace(APART, weight=5.0, weights=(5.0, 1.0), possible=2), SETTINGS)
    assert full[0].endswith("on average, and each of the two fits other records better.")
    assert (
        "over 1 pair, the average is +1.0" in why(replace(APART, weight=5.0, weights=(1.0,), possible=1), SETTINGS)[0]
    )


def test_cures_are_commands_as_they_are_typed() -> None:
    """A verdict always; a cut only for a pair it would reach; the guard's limit when a guard was at work."""
    judge = "If you know that they are one person: cdp identity judge 'a b' c same"
    assert cures(replace(APART, weight=-12.0), SETTINGS, "a b", "c") == (judge,)
    lower = "To see what a lower cut would do to everybody: cdp identity whatif --set joining.cut="
    assert cures(replace(APART, weight=-11.5), SETTINGS, "a b", "c") == (judge, f"{lower}-12")
    assert cures(replace(APART, weight=1.9), SETTINGS, "a b", "c") == (judge, f"{lower}1")
    assert cures(replace(APART, weight=2.0), SETTINGS, "a b", "c") == (judge,)
    assert cures(replace(APART, is_scored=False), SETTINGS, "a b", "c") == (judge,)
    assert cures(replace(APART, veto="account", has_guards=True), SETTINGS, "a b", "c")[1:] == (
        "If one of them is wrong: mend it in its source; the next run sees it",
        "To see what happens when values shared by more records count: cdp identity whatif --set junk.records=40",
    )


def test_rules_and_vetoes_have_their_words() -> None:
    """A rule by what raised the weight, a veto by what it says, an unknown one by its name."""
    assert rule("login", None) == "one account id"
    assert rule("login", "verdict") == "ruled out: a steward has decided that they are different people"
    assert rule("model", None) == "several people use this e-mail address, so it cannot decide"
    assert veto_words("new_veto") == "new veto"
    assert direct(3.0, "same town") == (
        "Held against each other directly: same town; about 1 in 9 that this is chance (weight +3.0)"
    )
    assert further(3.0, None, "same town") == "same town (weight +3.0); about 1 in 9 that they are not one person"
    assert further(3.0, "verdict", "same town").startswith("same town (weight +3.0); ruled out: a steward")
