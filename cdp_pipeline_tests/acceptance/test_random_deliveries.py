"""The laws of conservation over random deliveries, at the scale of every push; `make trust` tries more."""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline_tests.trust.laws import PROPERTIES, random_deliveries


def test_random_deliveries_keep_the_laws(tmp_path: Path) -> None:
    """Conservation, redelivery, file order, split, monotonic: each law holds for every random shop that was tried."""
    figures = random_deliveries(tmp_path, 2)
    assert len(figures) == len(PROPERTIES)
    assert not [figure for figure in figures if figure.broken]
    assert all(figure.tried >= 12 for figure in figures)
