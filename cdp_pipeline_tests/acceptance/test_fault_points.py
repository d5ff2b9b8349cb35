"""A fault of any kind at any fault point leaves one whole state, and the next run repairs what it left.

What belongs here: each named point hit once, on one night of a published data folder. What does not: every time
each is reached, by every kind (`make trust`, trust/faults.py).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cdp_pipeline_tests.trust import faults


def test_no_fault_tears_and_every_fault_is_repaired(exports: Path, data: Path) -> None:
    """At some 35 points an error, a dead process or a full disk: nothing torn, and the night ends as if unbroken."""
    shutil.copytree(exports, data.parent / "exports", copy_function=os.link)
    torn, unrepaired = faults.measure(data.parent, long=False)
    assert not torn.broken, torn.words
    assert not unrepaired.broken, unrepaired.words
    assert torn.tried >= 35
