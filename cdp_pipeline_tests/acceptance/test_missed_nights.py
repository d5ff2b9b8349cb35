"""A night that was missed and made up later ends equal to having run on time.

What belongs here: the promise at small scale. What does not: how it is tried (trust/nights.py).
"""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline_tests.trust.nights import NEXT, REMEMBERING, made_up


def test_a_made_up_night_equals_the_punctual_one(shared: Path, tmp_path: Path) -> None:
    """With the files of two later nights there already, every table of the night made up has the same digest, up to segments."""
    figure = made_up(shared / "exports", shared / "data", tmp_path / "histories", [NEXT], REMEMBERING)
    assert figure.broken == 0, figure.words
    assert figure.tried > 100
