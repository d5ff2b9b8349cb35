"""The raw layer as steps of a run: new files are seen, nothing else is done again."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.privacy import steps as privacy
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings, Source
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.run_folder import open_run
from cdp_pipeline.run.steps import perform
from cdp_pipeline.sources.steps import steps
from cdp_pipeline_tests.sources.test_arrivals import source
from cdp_pipeline_tests.sources.test_columns import PEOPLE


def perform_all(run: Run) -> dict[str, bool]:
    """Every table of the layer → whether its step had nothing to do."""
    arrived, *others = steps(run.project)
    first = perform(run, arrived)
    for step in privacy.steps(run.project):
        perform(run, step)
    made = [first, *(perform(run, step) for step in others)]
    return {name: entry.is_reused for entries in made for name, entry in entries.items()}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run over two finished exports, of one of which a line is damaged."""
    exports = tmp_path / "exports"
    exports.mkdir()
    for name, text in (("a.csv", 'id,mail\n1,"x"\n2\n'), ("b.csv", "id,mail\n3,y\n"), ("c.txt", "?")):
        (exports / name).write_text(text, encoding="utf-8")
        os.utime(exports / name, (1_700_000_000, 1_700_000_000))
    sources: dict[str, Source] = {"people_export": source("*.csv"), "idle": source("*.never")}
    project = Project(tmp_path, Settings(name="test"), sources, PEOPLE)
    return open_run(Run(project, exports, tmp_path / "data", date(2026, 1, 1), "one", b"key"))


def test_a_run_makes_the_raw_layer(run: Run) -> None:
    """Arrivals, a table for each source, and the account of files and lines are all there."""
    perform_all(run)
    with run.connect("raw.arrivals", "raw.people_export", "raw.idle", "raw.files", "quarantine.lines") as con:
        assert con.execute("select id, mail, _file, _line from raw.people_export order by all").fetchall() == [
            ("1", "x", "a.csv", 2),
            ("3", "y", "b.csv", 2),
        ]
        assert con.execute("select count(*) from raw.idle").fetchall() == [(0,)]
        assert con.execute("select file, status, rows_read, rows_rejected from raw.files order by file").fetchall() == [
            ("a.csv", "loaded", 2, 1),
            ("b.csv", "loaded", 1, 0),
            ("c.txt", "unclaimed", 0, 0),
        ]
        assert con.execute("select source, file, line, code from quarantine.lines").fetchall() == [
            ("people_export", "a.csv", 3, "too_few_fields")
        ]


def test_the_second_time_only_the_drop_zone_is_looked_at(run: Run) -> None:
    """Without new files every table but raw.arrivals is reused."""
    perform_all(run)
    again = perform_all(run)
    assert not again.pop("raw.arrivals")
    assert all(again.values())


def test_sql_that_cannot_be_read_is_told_by_file(run: Run) -> None:
    """Every source with broken SQL or a taken name is named at once."""
    broken = {"a": source("*", prepare="select from where ("), "files": source("*")}
    with pytest.raises(ProjectError) as error:
        steps(Project(run.project.folder, run.project.settings, broken, PEOPLE))
    assert [p.split(": ")[0].rsplit("/", 1)[1] for p in error.value.problems] == ["a.yml", "files.yml"]


def test_the_tables_say_what_they_hold(run: Run) -> None:
    """Every written column is documented, and raw content is marked as personal."""
    perform_all(run)
    for table in (table for step in steps(run.project) for table in step.tables):
        with run.connect(table.name) as con:
            columns = [row[0] for row in con.execute(f"describe {table.name}").fetchall()]
        assert columns == list(table.columns)
