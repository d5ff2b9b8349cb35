"""What every test may rely on: nothing is sent anywhere, and where the reference data lies.

What belongs here: settings of the whole test run and fixtures that every stage may need. What does
not: data and fixtures of one stage; they stand beside the tests of that stage.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
os.environ["GX_ANALYTICS_ENABLED"] = "false"


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of public data sets with known answers; the test is skipped where there is none."""
    folder = os.environ.get("CDP_REFERENCE_DATA")
    if not folder:
        pytest.skip("CDP_REFERENCE_DATA is not set: it names the public data sets with known answers")
    if not Path(folder).is_dir():
        pytest.skip("CDP_REFERENCE_DATA names a folder that does not exist")
    return Path(folder)
