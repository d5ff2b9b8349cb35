"""The stages put together: what does not fit together is refused before anything runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.pipeline import Pipeline, build_pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.sql_model import Check, Model, read_check, read_model
from cdp_pipeline_tests.whole_project import project


def model(folder: Path, layer: str, name: str, sql: str) -> dict[str, Model]:
    path = folder / f"{name}.sql"
    path.write_text(f"-- words\n-- grain: person_id\n-- check: person_id <> ''\n{sql}")
    problems: list[str] = []
    found = read_model(path, layer, problems)
    assert found is not None
    assert not problems
    return {found.name: found}


def check(folder: Path, asset: str, sql: str, severity: str = "error") -> dict[str, Check]:
    path = folder / "of_a_test.sql"
    path.write_text(f"-- words\n-- asset: {asset}\n-- severity: {severity}\n{sql}")
    found = read_check(path, [])
    assert found is not None
    return {found.name: found}


def changed(models: dict[str, Model] | None = None, checks: dict[str, Check] | None = None) -> Project:
    """The project with some models and checks more."""
    whole = project()
    return replace(whole, models={**whole.models, **(models or {})}, checks={**whole.checks, **(checks or {})})


def told(wrong: Project) -> str:
    with pytest.raises(ProjectError) as error:
        build_pipeline(wrong)
    return str(error.value)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return build_pipeline(project())


def test_every_step_comes_after_what_it_reads(pipeline: Pipeline) -> None:
    """The order is one in which the steps can run one after another, and no table is made twice."""
    made: set[str] = set()
    for step in pipeline.steps:
        assert set(step.inputs) <= made, step.names
        assert not set(step.names) & made
        made |= set(step.names)


def test_the_same_project_gives_the_same_order(pipeline: Pipeline) -> None:
    """Steps and checks do not change places from one reading to the next."""
    again = build_pipeline(project())
    assert [step.names for step in again.steps] == [step.names for step in pipeline.steps]
    assert again.checks == pipeline.checks


def test_publication_waits_for_every_table(pipeline: Pipeline) -> None:
    """From the leaves, everything that is made can be reached."""
    maker = {name: step for step in pipeline.steps for name in step.names}
    reached, queue = set(), list(pipeline.leaves())
    while queue:
        name = queue.pop()
        if name not in reached:
            reached.add(name)
            queue += maker[name].inputs
    leftover = set(pipeline.tables) - reached
    assert not {name for name in leftover if not set(maker[name].names) & reached}


def test_every_check_is_run_once(pipeline: Pipeline) -> None:
    """A check runs with the step that makes its tables, or across tables; never twice, never not at all."""
    own = [check.name for step in pipeline.steps for check in pipeline.checks_of(step)]
    across = [check.name for found in pipeline.checks_across().values() for check in found]
    assert sorted(own + across) == sorted(check.name for check in pipeline.checks)
    assert len(set(own + across)) == len(own + across)


def test_every_table_with_a_grain_is_checked_for_it(pipeline: Pipeline) -> None:
    """What a table calls its key is unique, or nothing is published."""
    for table in pipeline.tables.values():
        if table.grain:
            assert f"{table.name.replace('.', '_')}_grain_is_unique" in pipeline.blocking()


def test_every_table_is_of_a_layer_and_says_what_it_is(pipeline: Pipeline) -> None:
    """Layer, description and owner are never missing; key and personal columns are columns of the table."""
    layers = project().layers
    for table in pipeline.tables.values():
        assert table.layer in layers
        assert table.description
        assert table.owner
        if table.columns and table.layer != "raw":
            assert set(table.grain) <= set(table.columns), table.name


def test_a_condition_of_a_model_is_a_check(tmp_path: Path) -> None:
    """`-- check:` in a model blocks publication, and says which file to look at."""
    more = model(tmp_path, "profiles", "more", "select person_id from identity.persons")
    made = build_pipeline(changed(more))
    (found,) = [check for check in made.checks if check.name == "profiles_more_condition_1"]
    assert found.severity == "error"
    assert found.fix == "See more.sql"


def test_an_unknown_table_gets_the_nearest_name(tmp_path: Path) -> None:
    """A model and a check that read what nothing makes are told, both, with what was meant."""
    problems = told(
        changed(
            model(tmp_path, "profiles", "more", "select person_id from identity.person"),
            check(tmp_path, "profiles.custommers", "select 1 as a from profiles.customers"),
        )
    )
    assert "more.sql: reads identity.person, which nothing makes (did you mean identity.persons?)" in problems
    assert "profiles.custommers: nothing makes this table (did you mean profiles.customers?)" in problems


def test_a_circle_is_told_table_by_table(tmp_path: Path) -> None:
    """Tables that wait for each other could never be made: the circle is named."""
    circle = model(tmp_path, "profiles", "hen", "select person_id from profiles.egg") | model(
        tmp_path, "profiles", "egg", "select person_id from profiles.hen"
    )
    problems = told(changed(circle))
    assert "in a circle" in problems
    assert "profiles.hen → profiles.egg" in problems or "profiles.egg → profiles.hen" in problems


def test_a_check_that_would_wait_for_itself_is_told(tmp_path: Path) -> None:
    """A check belongs to the last of its tables; the message says which that is."""
    sql = "select 1 as a from identity.persons join profiles.customers using (person_id)"
    problems = told(changed(checks=check(tmp_path, "identity.persons", sql)))
    assert "carried by identity.persons, but reads profiles.customers" in problems
    assert "set asset: profiles.customers" in problems
    build_pipeline(changed(checks=check(tmp_path, "profiles.customers", sql)))
