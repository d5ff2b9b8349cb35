"""The folder dbt_like_sql as the engine sees it, read once for all tests of a process.

What belongs here: reading it. What does not: assertions.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import dagster as dg

from cdp_pipeline.definitions import build_definitions
from cdp_pipeline.project.project import Project, read_project

ROOT = Path(__file__).parents[1]


@cache
def project() -> Project:
    """Everything that dbt_like_sql says."""
    return read_project(ROOT / "dbt_like_sql")


@cache
def repository() -> dg.RepositoryDefinition:
    """The same as Dagster loads it."""
    return build_definitions(ROOT / "dbt_like_sql").get_repository_def()
