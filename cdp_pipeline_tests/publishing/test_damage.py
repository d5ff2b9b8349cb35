"""Whether a published state still holds the bytes that were published."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.publishing.damage import damaged_files, damaged_tables
from cdp_pipeline.publishing.snapshots import publish, rollback, snapshots
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline_tests.small_run import put, small_run

FILES = ("reports/index.html", "identity/model.json", "activation/mail/vip.csv")


def night(data: Path, name: str, files: tuple[str, ...] = FILES) -> Path:
    """Publish a state with two tables and these files; the model is written in the first night only."""
    run = small_run(data, name)
    put(run, "profiles.customers", f"select '{name}' as person_id")
    put(run, "raw.orders", "select 1 as a")
    for file in files:
        _write(run, file, f"{name} {file}")
    publish(run, [])
    return (data / "current").resolve()


def _write(run: Run, file: str, text: str) -> None:
    path = run.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text)


def project(data: Path) -> Project:
    return Project(data, Settings(name="test"))


def flip(path: Path) -> None:
    """Change one byte of a file where it lies, as a failing disk does."""
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 255
    with path.open("r+b") as file:
        file.write(held)


def test_a_state_as_published_is_whole(tmp_path: Path) -> None:
    """Every file beside the tables has its digest in the manifest, and all of them hold."""
    snapshot = night(tmp_path, "first")
    assert set(read_manifest(snapshot).files) == set(FILES)
    assert damaged_tables(snapshot, project(tmp_path)) == damaged_files(snapshot) == []


@pytest.mark.parametrize("how", ["flipped", "missing"])
def test_what_is_not_what_was_published_is_named(tmp_path: Path, how: str) -> None:
    """A byte that flipped, or a file that is gone: tables and files by their names."""
    snapshot = night(tmp_path, "first")
    for name in ("profiles/customers.parquet", "reports/index.html"):
        flip(snapshot / name) if how == "flipped" else (snapshot / name).unlink()
    assert damaged_tables(snapshot, project(tmp_path)) == ["profiles.customers"]
    assert damaged_files(snapshot) == ["reports/index.html"]


def test_damage_is_not_sworn_to_by_the_next_night(tmp_path: Path) -> None:
    """A file that a night takes over as it lies keeps the digest it was published with."""
    flip(night(tmp_path, "first") / "identity" / "model.json")
    assert damaged_files(night(tmp_path, "second", ("reports/index.html",))) == ["identity/model.json"]
    third = night(tmp_path, "third", ("identity/model.json",))
    assert damaged_files(third) == []


def test_files_that_going_back_takes_away_are_not_missed(tmp_path: Path) -> None:
    """Audience files go on purpose."""
    first = night(tmp_path, "first")
    night(tmp_path, "second")
    rollback(tmp_path, first.name)
    assert damaged_files(first) == []


def test_going_back_works_when_the_present_manifest_is_cut(tmp_path: Path) -> None:
    """The state is listed as damaged, is never gone back to by itself, and the one before is published again."""
    first, second = night(tmp_path, "first"), night(tmp_path, "second")
    manifest = second / "manifest.json"
    manifest.write_text(manifest.read_text()[:200])
    with pytest.raises(InputError, match=r"manifest\.json is damaged: cdp rollback"):
        damaged_tables(second, project(tmp_path))
    assert [state.as_of for state in snapshots(tmp_path)] == ["", "2026-06-30"]
    assert rollback(tmp_path, None) == first.name
    third = night(tmp_path, "third")
    (third / "manifest.json").write_text("{}")
    assert rollback(tmp_path, None) == first.name


def test_going_back_works_when_the_present_state_is_lost(tmp_path: Path) -> None:
    """`current` points at nothing: that is no first night, and the newest state that is there is published again."""
    first, second = night(tmp_path, "first"), night(tmp_path, "second")
    second.rename(tmp_path / "lost")
    with pytest.raises(InputError, match="is not there: cdp rollback"):
        small_run(tmp_path, "third")
    assert rollback(tmp_path, None) == first.name
