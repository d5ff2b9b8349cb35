"""The made-up run, made once for all tests of the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.run.lake import Run
from cdp_pipeline_tests.reports.made_up import made_up_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made_up_run(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="session")
def page(run: Run) -> Path:
    return run.folder / "reports" / "index.html"
