"""The numbers of matching.yml that SQL models need, as a table of one row.

What belongs here: identity.limits, and the step that writes it. What does not: what the numbers
mean to the engine (matching.py).
"""

from __future__ import annotations

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, described


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
            run.write(con, "identity.limits", "select * from limits", described("identity.limits").grain)
        return {"identity.limits": numbers}

    return Step((described("identity.limits"),), (), write, version=f"limits 1 {low} {high} {matching.largest_person}")
