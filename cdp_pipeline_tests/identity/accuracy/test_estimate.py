"""Estimates from a stratified sample: right on average, honest about what nobody judged."""

from __future__ import annotations

import numpy as np
import pytest

from cdp_pipeline.identity.accuracy.estimate import Estimate, Stratum, estimates

JUDGED = [
    Stratum("joined: a", True, 9000, 50, 50),
    Stratum("joined: b", True, 1000, 40, 30),
    Stratum("refused: c", False, 2000, 40, 4),
]


def told(strata: list[Stratum]) -> dict[str, Estimate]:
    """Measure (and stratum) -> estimate."""
    return {e.measure if e.part == "all" else e.part: e for e in estimates(strata)}


def test_strata_count_by_what_they_stand_for() -> None:
    """Precision and recall weigh each share by the pairs of its stratum."""
    found = told(JUDGED)
    same = 9000 + 750
    assert found["pair_precision"].value == pytest.approx(same / 10_000, abs=1e-4)
    assert found["pair_recall"].value == pytest.approx(same / (same + 200), abs=1e-4)
    assert found["joined: b"].value == 0.75
    assert (found["pair_precision"].judged, found["pair_precision"].pairs) == (90, 10_000)
    assert (found["pair_recall"].judged, found["pair_recall"].pairs) == (130, 12_000)


def test_the_value_lies_in_its_interval_and_only_all_or_nothing_touches_the_end() -> None:
    """Fifty of fifty is not certainty: the lower end stays below 1."""
    found = told(JUDGED)
    assert all(e.value is not None and e.low <= e.value <= e.high for e in found.values())
    assert 0.9 < found["joined: a"].low < 1.0 == found["joined: a"].high


def test_the_same_verdicts_give_the_same_numbers_in_any_order() -> None:
    """No chance from run to run."""
    assert estimates(JUDGED) == estimates(list(reversed(JUDGED)))


def test_a_stratum_that_nobody_judged_is_said_and_widens() -> None:
    """Without verdicts in a stratum there is no value where it counts, but an interval that holds whatever it hides."""
    found = told([JUDGED[0], Stratum("joined: b", True, 1000, 0, 0), JUDGED[2]])
    assert (found["pair_precision"].value, found["pair_precision"].unjudged) == (None, ("joined: b",))
    assert found["pair_precision"].high - found["pair_precision"].low > 0.09
    assert found["joined: b"].high - found["joined: b"].low > 0.9
    assert found["refused: c"].value == 0.1


def test_a_stratum_judged_whole_leaves_no_doubt() -> None:
    """When every pair was looked at, there is nothing to estimate."""
    found = told([Stratum("joined: a", True, 40, 40, 39), Stratum("refused: b", False, 10, 10, 1)])
    precision, recall = found["pair_precision"], found["pair_recall"]
    assert (precision.low, precision.value, precision.high) == (0.975, 0.975, 0.975)
    assert (recall.low, recall.value, recall.high) == (0.975, 0.975, 0.975)


def test_no_verdict_no_number() -> None:
    """Nothing is made up where nobody looked; strata without pairs are none."""
    assert estimates([]) == []
    assert estimates([Stratum("joined: a", True, 100, 0, 0)]) == []
    assert [e.measure for e in estimates([Stratum("joined: a", True, 0, 0, 0), Stratum("r", False, 5, 5, 0)])] == [
        "share_same",
        "pair_recall",
        "pair_f1",
    ]


def test_intervals_hold_as_often_as_they_say() -> None:
    """Over 60 samples of one known population at least 9 of 10 intervals hold the truth."""
    chance = np.random.Generator(np.random.PCG64(7))
    kinds = [("joined: a", True, 8000, 0.99), ("joined: b", True, 2000, 0.7), ("refused: c", False, 4000, 0.05)]
    same = {name: round(pairs * share) for name, _, pairs, share in kinds}
    truth = (same["joined: a"] + same["joined: b"]) / 10_000
    held = 0
    for _ in range(60):
        strata = [
            Stratum(name, joined, pairs, 40, int(chance.hypergeometric(same[name], pairs - same[name], 40)))
            for name, joined, pairs, _ in kinds
        ]
        precision = told(strata)["pair_precision"]
        held += precision.low <= truth <= precision.high
    assert held >= 54
