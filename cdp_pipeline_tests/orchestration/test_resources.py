"""The run as Dagster sees it: which day may be run, on which folders, and one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from cdp_pipeline.errors import BusyError, GateError, InputError
from cdp_pipeline.ledgers.requests import add_request
from cdp_pipeline.orchestration.resources import default_data, default_exports, expect_onward, run_resource
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.publishing.snapshots import publish, snapshots
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.manifest import write_manifest
from cdp_pipeline_tests.small_run import KEY, put, small_run


def test_a_day_before_the_published_one_is_refused(tmp_path: Path) -> None:
    """History is told in the order of the days: the cure names the state to go back to, when one is kept."""
    expect_onward(tmp_path, "2026-06-01")
    for name, day in (("first", date(2026, 6, 28)), ("second", date(2026, 6, 30))):
        run = replace(small_run(tmp_path, name), as_of=day)
        put(run, "profiles.customers", "select 'p1' as person_id")
        write_manifest(run.folder, replace(run.manifest(), as_of=str(day)))
        publish(run, [])
    expect_onward(tmp_path, "2026-06-30")
    expect_onward(tmp_path, "2026-07-01")
    older = next(state.id for state in snapshots(tmp_path) if state.as_of == "2026-06-28")
    for day in ("2026-06-28", "2026-06-29"):
        with pytest.raises(GateError, match=f"as of 2026-06-30.*cdp rollback {older}"):
            expect_onward(tmp_path, day)
    with pytest.raises(GateError, match="No state as of 2026-06-27 or before is kept"):
        expect_onward(tmp_path, "2026-06-27")


EMPTY = Project(Path("project"), Settings(name="test", key_env="CDP_KEY_OF_THESE_TESTS"))
MARK = {"exports": "", "data": "", "as_of": ""}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nothing but these tests has set a folder or a key."""
    for name in ("CDP_DATA", "CDP_EXPORTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CDP_KEY_OF_THESE_TESTS", KEY.decode())
    monkeypatch.chdir(tmp_path)
    return tmp_path.resolve()


def opened(config: Mapping[str, str], project: Project = EMPTY) -> AbstractContextManager[Any]:
    """The resource as a run of Dagster holds it."""
    return dg.build_resources({"run": run_resource(project)}, resource_config={"run": {"config": {**MARK, **config}}})


def failure_of(config: Mapping[str, str]) -> dg.Failure:
    """What the resource says when it cannot be had."""
    with pytest.raises(Exception, match=r".") as error, opened(config):
        pass
    cause: BaseException | None = error.value
    while cause is not None and not isinstance(cause, dg.Failure):
        cause = cause.__cause__
    assert cause is not None
    return cause


def test_a_run_has_the_folders_and_the_day_of_its_config(folders: Path) -> None:
    """Its folder is there while it works, nobody else may have the data folder, and afterwards anybody may."""
    config = {"exports": str(folders / "in"), "data": str(folders / "out"), "as_of": "2026-06-30"}
    with opened(config) as resources:
        run = resources.run
        assert (run.exports, run.data, str(run.as_of)) == (folders / "in", folders / "out", "2026-06-30")
        assert (run.key, run.published) == (KEY, None)
        assert run.folder.is_dir()
        with pytest.raises(BusyError):
            hold(folders / "out")
        busy = failure_of(config)
    assert busy.metadata["exit_code"].value == BusyError.exit_code
    hold(folders / "out").release()


def test_without_config_the_folders_are_the_usual_ones(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`data` here, or what CDP_DATA names; its exports, or what CDP_EXPORTS names."""
    with opened({"as_of": "2026-06-30"}) as resources:
        assert (resources.run.data, resources.run.exports) == (folders / "data", folders / "data" / "exports")
    monkeypatch.setenv("CDP_DATA", str(folders / "elsewhere"))
    monkeypatch.setenv("CDP_EXPORTS", str(folders / "dropped"))
    assert (default_data(), default_exports(default_data())) == (folders / "elsewhere", folders / "dropped")
    with opened({"as_of": "2026-06-30", "data": str(folders / "out")}) as resources:
        assert (resources.run.data, resources.run.exports) == (folders / "out", folders / "dropped")


def test_a_run_goes_on_from_what_is_published(folders: Path) -> None:
    """And not back behind it; the lock is free again after a refusal."""
    run = small_run(folders / "data")
    put(run, "profiles.customers", "select 'p1' as person_id")
    publish(run, [])
    with opened({"as_of": "2026-07-01"}) as resources:
        assert resources.run.published == (folders / "data" / "current").resolve()
    refused = failure_of({"as_of": "2026-06-29"})
    assert refused.metadata["exit_code"].value == GateError.exit_code
    assert "history is not told backwards" in str(refused.description)
    wrong = failure_of({"as_of": "yesterday"})
    assert wrong.metadata["exit_code"].value == InputError.exit_code
    hold(folders / "data").release()


def test_the_register_is_copied_when_a_run_ends(folders: Path) -> None:
    """Whatever became of the run: who asked to be erased is known in the second place too."""
    (folders / "copy").mkdir()
    project = Project(Path("project"), EMPTY.settings.model_copy(update={"register_copy": str(folders / "copy")}))
    with opened({"as_of": "2026-06-30"}, project):
        add_request(folders / "data", "erase", Subject("P1", (), ()), KEY, date(2026, 6, 30))
        assert not (folders / "copy" / "requests.csv").exists()
    assert (folders / "copy" / "requests.csv").read_text() == (folders / "data" / "requests.csv").read_text()
