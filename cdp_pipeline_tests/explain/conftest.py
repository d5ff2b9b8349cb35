"""The published snapshot of few people, made once for the tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline_tests.explain import few_people


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot that no test writes to; its data folder is two levels up."""
    return few_people.publish(tmp_path_factory.mktemp("few") / "data")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    few_people.publish(tmp_path / "data")
    return tmp_path / "data"
