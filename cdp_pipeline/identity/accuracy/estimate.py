"""What verdicts on a random sample say about all pairs: shares with 95 % intervals.

What belongs here: the statistics of a stratified sample. What does not: which pairs are sampled
(3_identity/label_sample.sql), and labels that cover everything (score.py).

A stratum is a kind of decision: N pairs, of which n were judged and x found the same person. The
share is x / n; over strata it is weighted by N (stratified estimator: Cochran, Sampling Techniques,
1977, ch. 5; of a classifier: Druck and McCallum, 2011). Intervals: the unknown share of a stratum is
drawn from its Jeffreys posterior Beta(x + 1/2, n - x + 1/2) (Brown, Cai and DasGupta, 2001), and
the N - n pairs nobody judged from that share; a stratum judged whole adds no doubt, one that nobody
judged adds all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Draws = NDArray[np.float64]

_DRAWS = 20_000


@dataclass(frozen=True)
class Stratum:
    """One kind of decision. `is_joined`: the engine made one person of these pairs."""

    name: str
    is_joined: bool
    pairs: int
    judged: int
    same: int


@dataclass(frozen=True)
class Estimate:
    """`value` is None when a stratum that counts was not judged at all; `low` and `high` still hold.

    `judged` of `pairs` were looked at. `unjudged` names the strata without a verdict.
    """

    measure: str
    part: str
    value: float | None
    low: float
    high: float
    judged: int
    pairs: int
    unjudged: tuple[str, ...] = ()


def estimates(strata: Sequence[Stratum]) -> list[Estimate]:
    """The share of one person in each stratum, then precision, recall and F1 over all of them.

    Empty without any verdict. Deterministic: fixed seed, strata taken by name.
    """
    known = sorted((s for s in strata if s.pairs), key=lambda s: s.name)
    if not any(s.judged for s in known):
        return []
    drawn = _drawn(known)
    joined = [at for at, s in enumerate(known) if s.is_joined]
    every = list(range(len(known)))
    total = sum(known[at].pairs for at in joined)

    def recall(same: Draws) -> Draws:
        return _ratio(same[joined].sum(axis=0), same.sum(axis=0))

    def f1(same: Draws) -> Draws:
        return _ratio(2 * same[joined].sum(axis=0), same.sum(axis=0) + total)

    found = [_estimate("share_same", known, [at], drawn, _share(known[at].pairs)) for at in every]
    found += [_estimate("pair_precision", known, joined, drawn, _share(total))] if joined else []
    found += [_estimate(name, known, every, drawn, of) for name, of in (("pair_recall", recall), ("pair_f1", f1))]
    return found


def _estimate(
    measure: str, known: Sequence[Stratum], rows: Sequence[int], drawn: Draws, of: Callable[[Draws], Draws]
) -> Estimate:
    """`of` makes the measure from the pairs of one person in the strata `rows`: a row each, a column a draw."""
    import numpy as np

    counted = [known[at] for at in rows]
    low, high = (float(q) for q in np.quantile(of(drawn[rows]), (0.025, 0.975)))
    unjudged = tuple(s.name for s in counted if not s.judged)
    value = None
    if not unjudged:
        value = float(of(np.array([[s.pairs * s.same / s.judged] for s in counted]))[0])
        low, high, value = round(min(low, value), 4), round(max(high, value), 4), round(value, 4)
    part = counted[0].name if measure == "share_same" else "all"
    judged, pairs = sum(s.judged for s in counted), sum(s.pairs for s in counted)
    return Estimate(measure, part, value, round(low, 4), round(high, 4), judged, pairs, unjudged)


def _share(pairs: int) -> Callable[[Draws], Draws]:
    return lambda same: _ratio(same.sum(axis=0), float(pairs))


def _drawn(strata: Sequence[Stratum]) -> Draws:
    """Pairs of one person in each stratum, as they may be: a row a stratum, a column a draw."""
    import numpy as np

    chance = np.random.Generator(np.random.PCG64(1))
    rows = []
    for s in strata:
        share = chance.beta(s.same + 0.5, s.judged - s.same + 0.5, _DRAWS)
        rows.append(s.same + chance.binomial(s.pairs - s.judged, share).astype(np.float64))
    return np.array(rows)


def _ratio(part: Draws, whole: Draws | float) -> Draws:
    """Part of a whole, and 0 of nothing."""
    import numpy as np

    return np.asarray(part / (whole + (whole == 0)), dtype=np.float64)
