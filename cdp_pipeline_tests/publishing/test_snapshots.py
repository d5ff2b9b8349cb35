"""Publishing, going back and pruning: readers see one whole state, whatever fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdp_pipeline.errors import GateError, InputError
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import OutputColumn, Settings
from cdp_pipeline.publishing import snapshots as published
from cdp_pipeline.publishing.snapshots import point_at, prune, publish, rollback, snapshots
from cdp_pipeline.run.lake import DELIVERED, Run, published_snapshot
from cdp_pipeline.run.manifest import Verdict, read_manifest, write_manifest
from cdp_pipeline_tests.activation.conftest import destination as make_destination
from cdp_pipeline_tests.small_run import put, small_run


@pytest.fixture(autouse=True)
def minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every publication is a minute after the one before, so that their names are in order."""

    class Clock:
        minute = 0

        @classmethod
        def now(cls, zone: object) -> object:
            from datetime import datetime

            cls.minute += 1
            return datetime(2026, 6, 30, 2, cls.minute, tzinfo=zone)  # type: ignore[arg-type]

    monkeypatch.setattr(published, "datetime", Clock)


def made(data: Path, name: str, keep: int = 7) -> Run:
    """A run with one table that holds the run's name."""
    run = small_run(data, name, Project(data, Settings(name="test", keep_snapshots=keep)))
    put(run, "profiles.customers", f"select '{name}' as person_id")
    (run.folder / "warehouse.duckdb").write_text(name)
    return run


def current(data: Path) -> str:
    return (data / "warehouse.duckdb").read_text()


def test_the_first_publication_makes_the_links(tmp_path: Path) -> None:
    """`current` and the warehouse links lead to the snapshot, by relative paths: the folder can move."""
    run = made(tmp_path, "first")
    name = publish(run, [])
    assert published_snapshot(tmp_path) == tmp_path / "snapshots" / name
    assert not run.folder.exists()
    assert current(tmp_path) == "first"
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert current(moved) == "first"
    assert [(s.id, s.as_of, s.tables, s.is_current) for s in snapshots(moved)] == [(name, "2026-06-30", 1, True)]
    assert snapshots(moved)[0].published_at.startswith("2026-06-30T02:01")
    moved.rename(tmp_path)


def test_a_second_publication_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """Newest first; the earlier snapshot stays as it was."""
    first = publish(made(tmp_path, "first"), [])
    second = publish(made(tmp_path, "second"), [])
    assert current(tmp_path) == "second"
    assert [s.id for s in snapshots(tmp_path)] == [second, first]
    assert (tmp_path / "snapshots" / first / "warehouse.duckdb").read_text() == "first"


def test_a_stale_table_or_a_failed_check_stops_the_swap(tmp_path: Path) -> None:
    """Every reason is told at once, and `current`, the snapshots and the run folder are untouched."""
    publish(made(tmp_path, "first"), [])
    before = published_snapshot(tmp_path)
    run = made(tmp_path, "second")
    put(run, "reports.sizes", "select 1 as people", inputs={"profiles.customers": "older"})
    run.record_checks({"sums_agree": Verdict(False, True, 3)})
    with pytest.raises(GateError) as refused:
        publish(run, ["sums_agree", "never_ran"])
    told = "\n".join(refused.value.problems)
    for reason in ("reports.sizes is older", "never_ran did not run", "sums_agree failed on 3 rows"):
        assert reason in told
    assert published_snapshot(tmp_path) == before
    assert current(tmp_path) == "first"
    assert run.folder.exists()
    assert len(snapshots(tmp_path)) == 1


@pytest.mark.parametrize("moment", ["write_manifest", "_sync", "point_at", "_swap_link"])
def test_a_publication_that_dies_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Killed before the swap, at any step: readers still see the whole old state."""
    publish(made(tmp_path, "first"), [])
    run = made(tmp_path, "second")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(published, moment, killed)
    with pytest.raises(KeyboardInterrupt):
        publish(run, [])
    assert current(tmp_path) == "first"


def test_going_back_is_one_swap(tmp_path: Path) -> None:
    """Without a name it is the one before the current; with a name, that one; and forward again."""
    names = [publish(made(tmp_path, name), []) for name in ("first", "second", "third")]
    assert rollback(tmp_path, None) == names[1]
    assert current(tmp_path) == "second"
    assert rollback(tmp_path, None) == names[0]
    assert rollback(tmp_path, names[2]) == names[2]
    assert current(tmp_path) == "third"


def test_going_back_forgets_the_audience_files(tmp_path: Path) -> None:
    """The files are gone and their tables unknown, so the next run makes both anew; other tables stay."""
    run = made(tmp_path, "first")
    put(run, "activation.plain_csv", "select 'P1' as person_id")
    file = run.folder / "activation" / "plain_csv" / "all.csv"
    file.parent.mkdir()
    file.write_text("email")
    first = publish(run, [])
    publish(made(tmp_path, "second"), [])
    assert rollback(tmp_path, None) == first
    snapshot = tmp_path / "snapshots" / first
    assert not list(snapshot.glob("activation/*/*.csv"))
    assert set(read_manifest(snapshot).tables) == {"profiles.customers"}


def test_what_waits_for_removal_files_goes_with_the_next_publication(tmp_path: Path) -> None:
    """Going back two nights keeps whom all three name, and their last words; the next publication deletes it."""
    names = []
    for name in ("first", "second", "third"):
        run = made(tmp_path, name)
        file = run.folder / "activation" / "mail" / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"email\n{name}@example.org\n")
        names.append(publish(run, []))
    places = [tmp_path / "snapshots" / name for name in names]
    write_manifest(places[2], replace(read_manifest(places[2]), erased_now=("r1",)))
    mail = make_destination(columns=(OutputColumn(name="email", value="email"),))
    project = Project(tmp_path, Settings(name="test"), destinations={"mail": mail})
    assert rollback(tmp_path, names[0], project) == names[0]
    kept = {path.name: path.read_text() for path in places[0].glob(f"{DELIVERED}/mail/*")}
    assert kept == {f"{name}.csv": f"email\n{name}@example.org\n" for name in ("first", "second", "third")}
    assert read_manifest(places[0]).erased_now == ("r1",)
    fourth = tmp_path / "snapshots" / publish(made(tmp_path, "fourth"), [])
    assert [path.parent for path in tmp_path.glob(f"snapshots/*/{DELIVERED}")] == [fourth]  # what its steps left there


@pytest.mark.parametrize("wanted", [None, "20260630T0299-nothing", "..", ""])
def test_going_back_to_nothing_is_refused(tmp_path: Path, wanted: str | None) -> None:
    """A snapshot that is not there, or a path in place of a name, changes nothing."""
    publish(made(tmp_path, "first"), [])
    with pytest.raises(InputError, match="no snapshot"):
        rollback(tmp_path, wanted)
    assert current(tmp_path) == "first"


def test_a_misspelt_snapshot_gets_the_nearest(tmp_path: Path) -> None:
    """The name that was meant is told."""
    name = publish(made(tmp_path, "first"), [])
    with pytest.raises(InputError, match=f"did you mean {name}"):
        rollback(tmp_path, name[:-1])


def test_old_snapshots_go_and_the_current_one_stays(tmp_path: Path) -> None:
    """Publishing keeps as many as the project says; pruning never takes what readers see."""
    names = [publish(made(tmp_path, f"run{n}", keep=3), []) for n in range(5)]
    assert [s.id for s in snapshots(tmp_path)] == [names[4], names[3], names[2]]
    point_at(tmp_path, names[2])
    assert prune(tmp_path, 1) == [names[3]]
    assert current(tmp_path) == "run2"
    assert {s.id for s in snapshots(tmp_path)} == {names[4], names[2]}


def test_a_folder_without_links_has_no_snapshot(tmp_path: Path) -> None:
    """Before the first publication nothing is published, and nothing is listed."""
    assert published_snapshot(tmp_path) is None
    assert snapshots(tmp_path) == []


def test_a_snapshot_without_a_manifest_is_listed_without_facts(tmp_path: Path) -> None:
    """What a killed deletion left behind breaks no list."""
    publish(made(tmp_path, "first"), [])
    (tmp_path / "snapshots" / "00000000T000000-half").mkdir()
    write_manifest(tmp_path, made(tmp_path, "second").manifest())
    assert [s.tables for s in snapshots(tmp_path)] == [1, 0]
