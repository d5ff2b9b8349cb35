"""Every mistake of a project in one list, without any data: `cdp validate`, and what every run begins with.

What belongs here: putting together what is wrong with the files, with what they make of each other, and with the SQL
in them. What does not: the mistakes of one kind of file, which are found where its shape is used, and binding SQL
(binding.py).
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from cdp_pipeline.errors import CdpError, ProjectError
from cdp_pipeline.operations.binding import binding_mistakes
from cdp_pipeline.pipeline import Pipeline, assemble
from cdp_pipeline.project.project import CHECKS, Project, layer_folders, read_files
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.project.yaml_file import read_shape


def validate(folder: Path) -> tuple[Project, Pipeline]:
    """The project of a folder like dbt_like_sql, and its steps and checks; raises ProjectError with every mistake."""
    paths = [
        folder / "project.yml",
        *(path for place in (*layer_folders(folder).values(), folder / CHECKS) for path in sorted(place.rglob("*"))),
    ]
    return _validate(folder, tuple((path, path.stat().st_mtime_ns) for path in paths if path.is_file()))


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


@lru_cache(maxsize=1)  # a night asks twice: before it starts, and when Dagster loads the definitions
def _validate(folder: Path, files: tuple[tuple[Path, int], ...]) -> tuple[Project, Pipeline]:
    project, problems = read_files(folder)
    pipeline, tables, of_the_whole = assemble(project)
    problems += [*of_the_whole, *binding_mistakes(project, tables)]
    if problems or pipeline is None:
        raise ProjectError(list(dict.fromkeys(_first_causes(problems, _unread(project, files)))))
    return project, pipeline


def _unread(project: Project, files: tuple[tuple[Path, int], ...]) -> list[Path]:
    """Files of tables, sources and rules that could not be read: what needs them is not wrong."""
    read = {name.rpartition(".")[2] for name in project.models}
    for shapes in (project.sources, project.contracts, project.segmentations, project.audiences, project.destinations):
        read |= set(shapes)
    read |= {*project.checks, "project", "matching", "placeholders", "survivorship", "expectations"}
    return [path for path, _ in files if path.suffix in {".yml", ".sql"} and path.stem not in read]


def _first_causes(problems: list[str], unread: list[Path]) -> list[str]:
    """The problems without those of other files about what an unread file would have said."""
    if not unread:
        return problems
    own = re.compile("|".join(re.escape(f"{path}:") for path in unread))
    of_unread = re.compile(rf"\b({'|'.join(re.escape(path.stem) for path in unread)})\b")
    return [problem for problem in problems if own.match(problem) or not of_unread.search(problem)]
