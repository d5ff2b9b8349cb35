"""As much of a project as can be read: whom to tell must be known when the rest of it is broken.

What belongs here: reading with a net. What does not: the mistakes themselves (project.py).
"""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline.errors import CdpError
from cdp_pipeline.operations.validation import validate
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.project.yaml_file import read_shape


def readable(folder: Path) -> tuple[Project, Pipeline | None, tuple[str, ...]]:
    """The project, or as much of it as can be read: whom to tell must be known when the rest is broken."""
    try:
        return *validate(folder), ()
    except CdpError as error:
        return Project(folder, settings_of(folder)), None, error.problems


def settings_of(folder: Path) -> Settings:
    """What project.yml says, whatever the other files of the project say; the defaults when it cannot be read."""
    path = folder / "project.yml"
    return (read_shape(path, Settings, []) if path.exists() else None) or Settings(name="unreadable")
