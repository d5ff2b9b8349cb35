"""Readers during publication see one whole state, the old or the new, and never an error.

What belongs here: a few publications; `make trust` does 20. What does not: the readers (trust/readers.py), and
killed runs (test_kills.py).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cdp_pipeline_tests.trust import readers


def test_readers_see_whole_states(exports: Path, data: Path) -> None:
    """While runs publish, every question to warehouses, Parquet, audiences and report is answered by one state."""
    shutil.copytree(exports, data.parent / "exports", copy_function=os.link)
    for figure in readers.measure(data.parent, long=False):
        assert not figure.broken, figure.words
        assert figure.tried >= 10, figure.promise
