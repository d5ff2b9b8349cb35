"""Hostile names, headers, rules and SQL, as `make trust` counts them."""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline_tests.trust.hostile import measure


def test_nothing_hostile_gets_through(tmp_path: Path) -> None:
    """Every promise of hostile.py holds, and enough was tried for it to mean something."""
    figures = measure(tmp_path / "tried", False)
    assert {figure.promise: figure.words for figure in figures if figure.broken} == {}
    assert min(figure.tried for figure in figures) >= 15
    assert sum(figure.tried for figure in figures) >= 150
