"""What a run that died while it published left behind: never seen, and gone or used by the next run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.publishing import snapshots as published
from cdp_pipeline.publishing.snapshots import prune, publish, rollback, snapshots
from cdp_pipeline.publishing.unfinished import tidy, unpublished
from cdp_pipeline.run import failpoints as faults
from cdp_pipeline.run.failpoints import FaultError, forget
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline.run.run_folder import open_run
from cdp_pipeline_tests.small_run import put, small_run


def made(data: Path, name: str) -> Run:
    run = small_run(data, name)
    put(run, "profiles.customers", f"select '{name}' as person_id")
    (run.folder / "warehouse.duckdb").write_text(name)
    return run


@pytest.fixture
def between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A second run that died after its folder had moved and before the link was swapped."""
    publish(made(tmp_path, "first"), [])
    run = made(tmp_path, "second")
    forget()
    monkeypatch.setenv(faults.VARIABLE, "raise@publish.moved")
    with pytest.raises(FaultError):
        publish(run, [])
    monkeypatch.delenv(faults.VARIABLE)
    return run


def test_a_state_nobody_saw_is_not_listed(tmp_path: Path, between: Run) -> None:
    """It is complete and in its place, yet it is no snapshot, and nobody can go back to it."""
    lost = unpublished(tmp_path)
    assert lost is not None
    assert lost.is_dir()
    assert [s.run_id for s in snapshots(tmp_path)] == ["first"]
    with pytest.raises(InputError, match="no snapshot"):
        rollback(tmp_path, lost.name)


def test_the_next_run_goes_on_with_it(tmp_path: Path, between: Run) -> None:
    """It becomes a run's folder again; another run takes it over and publishes it through all gates."""
    tidy(tmp_path)
    assert unpublished(tmp_path) is None
    run = small_run(tmp_path, "third")
    assert set(run.manifest().tables) == {"profiles.customers"}
    assert run.manifest().published_at == ""
    publish(run, [])
    assert (tmp_path / "warehouse.duckdb").read_text() == "second"
    assert not (tmp_path / ".publishing").exists()


def test_the_same_run_goes_on_with_it(tmp_path: Path, between: Run) -> None:
    """A run that is resumed finds its own folder again, closed to everybody else."""
    tidy(tmp_path)
    again = open_run(between)
    assert again.folder.stat().st_mode & 0o777 == 0o700
    assert publish(again, [])


def test_tidying_a_published_state_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that died after the swap has published: only its note goes."""
    publish(made(tmp_path, "first"), [])
    run = made(tmp_path, "second")
    forget()
    monkeypatch.setenv(faults.VARIABLE, "raise@publish_note.remove")
    with pytest.raises(FaultError):
        publish(run, [])
    monkeypatch.delenv(faults.VARIABLE)
    before = published_snapshot(tmp_path)
    tidy(tmp_path)
    assert published_snapshot(tmp_path) == before
    assert [s.run_id for s in snapshots(tmp_path)] == ["second", "first"]
    assert not (tmp_path / ".publishing").exists()


def test_half_deleted_snapshots_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a deletion had begun is ended before the next run works: it may hold somebody who was erased."""
    publish(made(tmp_path, "first"), [])
    publish(made(tmp_path, "second"), [])
    forget()
    monkeypatch.setenv(faults.VARIABLE, "raise@prune.delete")
    with pytest.raises(FaultError):
        prune(tmp_path, 1)
    monkeypatch.delenv(faults.VARIABLE)
    assert [path.name[0] for path in sorted((tmp_path / "snapshots").iterdir())] == [".", "2"]
    tidy(tmp_path)
    assert [s.run_id for s in snapshots(tmp_path)] == ["second"]
    assert len(list((tmp_path / "snapshots").iterdir())) == 1


def test_everything_is_on_the_disk_before_anybody_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and folders are flushed before the folder moves, the move before the swap, the swap before the end."""
    said: list[str] = []
    run = made(tmp_path, "first")
    flush, rename, swap = published.flush, Path.rename, published._swap_link
    monkeypatch.setattr(published, "flush", lambda path: (said.append(f"flush {path.name}"), flush(path))[1])
    monkeypatch.setattr(Path, "rename", lambda path, to: (said.append("move"), rename(path, to))[1])
    monkeypatch.setattr(published, "_swap_link", lambda link, to: (said.append(f"swap {link.name}"), swap(link, to))[1])
    publish(run, [])
    moved = said.index("move")
    files = {
        "flush customers.parquet",
        "flush profiles",
        "flush manifest.json",
        "flush warehouse.duckdb",
        "flush first",
    }
    assert files <= set(said[:moved])
    assert said[moved : moved + 3] == ["move", "flush snapshots", "swap current"]
    assert said[-1] == f"flush {tmp_path.name}"
