"""A project with only contracts and profiles, and a run with hand-written inputs in Parquet.

What belongs here: setting the scene. What does not: any claim about it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from cdp_pipeline.profiles.steps import steps
from cdp_pipeline.project.project import Project, layer_folders, read_project
from cdp_pipeline.run.lake import Run, open_duckdb
from cdp_pipeline_tests.models.runner import SQL, Row, fill, types


def copy_project(target: Path) -> Path:
    """A copy of dbt_like_sql that stops at the layer profiles."""
    folder = target / "dbt_like_sql"
    for name in ("2_staging", "4_profiles"):
        shutil.copytree(SQL / name, folder / name)
    for layer in layer_folders(SQL).values():
        (folder / layer.name).mkdir(exist_ok=True)
    (folder / "project.yml").write_text("name: test\n", encoding="utf-8")
    return folder


def build_profiles(folder: Path, run_id: str, given: Mapping[str, Sequence[Row]], upto: str = "") -> Run:
    """Build the tables of the layer profiles from rows, the way a run does: all, or what `upto` needs."""
    project = read_project(folder)
    run = Run(project, folder, folder.parent / "data", date(2026, 6, 30), run_id, b"key")
    makers: dict[str, tuple[tuple[str, ...], Callable[[Run], object]]] = {
        step.names[0]: (step.inputs, step.run) for step in steps(project)
    }
    makers |= {model.name: (model.inputs, _maker(model.name)) for model in project.models.values()}
    _write_inputs(run, project, given)
    done: set[str] = set()

    def make(name: str) -> None:
        inputs, maker = makers[name]
        for other in inputs:
            if other in makers and other not in done:
                make(other)
        maker(run)
        done.add(name)

    for name in [upto] if upto else sorted(makers):
        if name not in done:
            make(name)
    return run


def _maker(name: str) -> Callable[[Run], object]:
    def make(run: Run) -> object:
        model = run.project.models[name]
        with run.connect(*model.inputs) as con:
            return run.write(con, name, model.sql, model.grain)

    return make


def _write_inputs(run: Run, project: Project, given: Mapping[str, Sequence[Row]]) -> None:
    read = {table for model in project.models.values() for table in model.inputs}
    read |= {table for step in steps(project) for table in step.inputs}
    with open_duckdb(allowed=[run.folder]) as con:
        for table in sorted(
            name for name in read if not name.startswith("profiles.") or name == "profiles.restrictions"
        ):
            con.execute(f"create schema if not exists {table.partition('.')[0]}")
            con.execute(f"create table {table} ({types(table)})")
            fill(con, table, given.get(table, ()))
            run.write(con, table, f"select * from {table}", ())
