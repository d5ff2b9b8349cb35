"""One small published data folder for all acceptance tests: made once, copied by tests that change it."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from cdp_pipeline_tests.acceptance.published import cdp, copy_data, run_command

PEOPLE = 300


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Demo exports in `exports/`, and what one `cdp run` published from them in `data/`. Never written to."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "acceptance"
    with FileLock(f"{folder}.lock"):
        if not (folder / "data" / "current").exists():
            made = cdp("demo", "--people", str(PEOPLE), "--out", folder / "exports")
            assert made.returncode == 0, made.stderr
            finished = cdp(*run_command(folder / "exports", folder / "data"))
            assert finished.returncode == 0, finished.stderr
    return folder


@pytest.fixture
def exports(shared: Path) -> Path:
    """Demo exports; a test that adds a file copies them first."""
    return shared / "exports"


@pytest.fixture
def data(shared: Path, tmp_path: Path) -> Path:
    """The published data folder, as a copy of the test's own."""
    return copy_data(shared / "data", tmp_path / "data")
