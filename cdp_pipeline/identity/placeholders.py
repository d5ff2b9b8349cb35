"""The shape of 3_identity/placeholders.yml: values that stand for an empty cell.

What belongs here: which kinds there are, and loading them. What does not: finding shared values in
the data (guard.py).
"""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.shapes import Shape


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
    label = f"{path.parent.name}/{path.name}"
    if not path.exists():
        return Placeholders()
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ProjectError(f"{label}:{mark.line + 1 if mark else 1}: not readable as YAML") from None
    if not isinstance(said, dict):
        raise ProjectError(f"{label}: must be a mapping of keys, found {type(said).__name__}")
    try:
        return Placeholders(**said)
    except ValidationError as error:
        raise ProjectError([_problem(label, detail["loc"], detail["msg"]) for detail in error.errors()]) from None


def _problem(label: str, where: tuple[int | str, ...], message: str) -> str:
    hint = "" if str(where[0]) in Placeholders.model_fields else nearest(str(where[0]), Placeholders.model_fields)
    return f"{label}: {'.'.join(str(part) for part in where)}: {message.lower()}{hint}"
