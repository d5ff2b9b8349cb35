"""Markers in every column of every source, at the scale of every push: none is found where it must not be."""

from __future__ import annotations

import shutil
from pathlib import Path

from cdp_pipeline.project.project import read_project
from cdp_pipeline_tests.acceptance.published import PROJECT
from cdp_pipeline_tests.trust import crashing
from cdp_pipeline_tests.trust.canary import measure


def test_no_marker_is_found(tmp_path: Path) -> None:
    """No column of any source shows in the masked warehouse, and no crash tells a value to Dagster or the terminal."""
    planted, crashed = measure(tmp_path / "canary", long=False)
    assert planted.broken == 0, planted.words
    assert crashed.broken == 0, crashed.words
    assert planted.tried > 20 * len(read_project(PROJECT).sources)
    assert crashed.tried >= 4


def test_the_broken_projects_can_be_made(tmp_path: Path) -> None:
    """Every way in which the long scale breaks a project still finds its place, and leaves a project that can be read."""
    for number, name in enumerate(crashing.SINGLES):
        project = Path(shutil.copytree(PROJECT, tmp_path / str(number)))
        crashing.break_one(project, name)
        assert read_project(project).sources
