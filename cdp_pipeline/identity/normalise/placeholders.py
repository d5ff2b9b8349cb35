"""The shape of 3_identity/placeholders.yml: values that stand for an empty cell.

What belongs here: which kinds there are, and loading them. What does not: finding shared values in
the data (guard.py).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.shapes import Shape
from cdp_pipeline.project.yaml_file import read_shape


class Placeholders(Shape):
    description: str = "no placeholders"
    owner: str = "data team"
    email_names: tuple[str, ...] = ()
    shared_email_names: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    birth_dates: tuple[str, ...] = ()  # YYYY-MM-DD
    crowded_birth_date: float = Field(default=20, gt=1)


def load_placeholders(path: Path) -> Placeholders:
    """Placeholders of `path`; none when there is no such file. ProjectError lists every mistake."""
    problems: list[str] = []
    placeholders = read_shape(path, Placeholders, problems) if path.exists() else Placeholders()
    if placeholders is None:
        raise ProjectError(problems)
    return placeholders
