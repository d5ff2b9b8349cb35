"""The town of town.py, made once; tests work on copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline_tests.privacy.town import Town, town


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The town after its first night; tests work on copies."""
    return town(tmp_path_factory.mktemp("town"))


@pytest.fixture
def bos(first: Town, tmp_path: Path) -> Town:
    """A town of the test's own."""
    return first.copy(tmp_path / "town")
