"""The numbers of matching.yml that SQL models need, as a table of one row.

What belongs here: identity.limits, and the step that writes it. What does not: what the numbers
mean to the engine (matching.py).
"""

from __future__ import annotations

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, Table

LIMITS = Table(
    "identity.limits",
    "The numbers of 3_identity/matching.yml that models and checks go by; one row",
    {
        "review_low": "Pairs of this match weight and more are worth a look by a person",
        "review_high": "Pairs of this match weight and more are sure enough without one",
        "largest_person": "A person of more records than this raises an alarm",
    },
    grain=("largest_person",),
)


def step(matching: Matching) -> Step:
    """The step that writes identity.limits."""
    low, high = matching.review_band
    numbers: dict[str, int | float | str] = {"review_low": low, "review_high": high}

    def write(run: Run) -> Outcome:
        with run.connect() as con:
            con.execute(
                "create temp table limits as select $1::double as review_low, $2::double as review_high, "
                "$3::bigint as largest_person",
                [low, high, matching.largest_person],
            )
            run.write(con, LIMITS.name, "select * from limits", LIMITS.grain)
        return {LIMITS.name: numbers}

    return Step((LIMITS,), (), write, version=f"limits 1 {low} {high} {matching.largest_person}")
