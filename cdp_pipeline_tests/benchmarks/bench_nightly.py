"""`make bench`: the measurements of nightly.py, printed.

What belongs here: what pytest needs to find them. What does not: measuring, and any bound on a number.
BENCH_PEOPLE names the sizes, "5000 100000" for the page in docs.
"""

from __future__ import annotations

import os

from cdp_pipeline_tests.benchmarks.nightly import main


def test_nightly() -> None:
    """A night, its repetition and the plain script run to their end, and their costs are printed."""
    assert main(["--people", *os.environ.get("BENCH_PEOPLE", "5000").split()])
