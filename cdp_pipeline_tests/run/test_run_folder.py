"""The folder of a run: cloned, resumed, taken over from a run that died, and never half made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from cdp_pipeline.errors import InputError
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.run.lake import DELIVERED, Run, published_snapshot
from cdp_pipeline.run.manifest import Entry, read_manifest, write_manifest
from cdp_pipeline.run.run_folder import done_once, drop_former_tables, open_run
from cdp_pipeline_tests.small_run import put, small_run


def content(run: Run, table: str) -> list[tuple[object, ...]]:
    with run.connect(table) as con:
        return con.execute(f"from {table}").fetchall()


def test_a_run_starts_from_what_is_published_and_never_changes_it(tmp_path: Path) -> None:
    """The clone has every published table; writing in it leaves the published bytes alone."""
    first = small_run(tmp_path)
    put(first, "staging.kept", "select 1 as id")
    put(first, "staging.remade", "select 1 as id")
    (first.folder / "warehouse.duckdb").write_bytes(b"built again by every run")
    publish(first, [])
    published = published_snapshot(tmp_path)
    assert published is not None
    before = {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}
    second = small_run(tmp_path, "second")
    assert content(second, "staging.kept") == [(1,)]
    assert not (second.folder / "warehouse.duckdb").exists()
    put(second, "staging.remade", "select 2 as id")
    assert {path: path.read_bytes() for path in published.rglob("*") if path.is_file()} == before
    assert second.manifest().published_at == ""


def test_a_run_resumed_keeps_what_it_had_made(tmp_path: Path) -> None:
    """Opening the folder of an interrupted run again removes only what was half written and what was spilled."""
    run = small_run(tmp_path)
    put(run, "staging.x", "select 1 as id")
    (run.folder / ".spill" / "block").write_text("rows of people")
    (run.folder / "staging" / ".y.parquet.123").write_text("half a table")
    again = open_run(run)
    assert content(again, "staging.x") == [(1,)]
    assert not list((run.folder / ".spill").iterdir())
    assert [path.name for path in (run.folder / "staging").iterdir()] == ["x.parquet"]


def test_a_run_resumed_still_reads_what_is_published_without_the_erased(tmp_path: Path) -> None:
    """The filtered tables outlive the cleaning, for they are not made again; half a one does not."""
    first = small_run(tmp_path)
    put(first, "identity.x", "from (values (1), (2)) as rows(id)")
    publish(first, [])
    second = small_run(tmp_path, "second")
    filtered = second.folder / ".previous" / "identity" / "x.parquet"
    filtered.parent.mkdir(parents=True)
    with second.connect() as con:
        con.execute(f"copy (select 1 as id) to '{filtered}' (format parquet)")
    filtered.with_name(".y.parquet.123").write_text("half a table")
    again = open_run(second)
    assert content(again, "previous.identity.x") == [(1,)]
    assert [path.name for path in filtered.parent.iterdir()] == ["x.parquet"]


def test_keys_that_wait_outlive_cloning_and_cleaning(tmp_path: Path) -> None:
    """They are made again only by the step of their destination, which a run may have no need to repeat."""
    first = small_run(tmp_path)
    waiting = first.folder / DELIVERED / "mail" / "vip.csv"
    waiting.parent.mkdir(parents=True)
    waiting.write_text("email\na\n")
    publish(first, [])
    second = small_run(tmp_path, "second")
    place = second.folder / DELIVERED / "mail"
    (place / ".vip.csv.123").write_text("half a file")
    open_run(second)
    assert [path.name for path in place.iterdir()] == ["vip.csv"]


def test_spilled_rows_are_for_the_owner_alone(tmp_path: Path) -> None:
    """DuckDB spills into a folder of the run that nobody else can enter, even when the process is less careful."""
    run = small_run(tmp_path)
    assert (run.folder / ".spill").stat().st_mode & 0o777 == 0o700
    with run.connect() as con:
        found = con.execute("select current_setting('temp_directory')").fetchall()
    assert found == [(str(run.folder / ".spill"),)]


def test_the_next_run_goes_on_where_a_dead_one_stopped(tmp_path: Path) -> None:
    """Same day, same published state, same key: what was made is kept, under the new run's id; checks of it too."""
    put(small_run(tmp_path, "dead"), "staging.x", "select 1 as id")
    run = small_run(tmp_path, "next")
    assert content(run, "staging.x") == [(1,)]
    assert run.manifest().run_id == "next"
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["next"]


@pytest.mark.parametrize("fact", ["as_of", "key_fingerprint", "started_from", "started_on"])
def test_what_began_otherwise_is_not_gone_on_with(tmp_path: Path, fact: str) -> None:
    """Another day, key or published state, or a machine that was off since: the next run starts anew."""
    dead = small_run(tmp_path, "dead")
    put(dead, "staging.x", "select 1 as id")
    write_manifest(dead.folder, replace(dead.manifest(), **{fact: "another"}))
    run = small_run(tmp_path, "next")
    assert not run.manifest().tables
    assert not run.path("staging.x").exists()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["next"]


def test_a_table_being_made_is_not_believed(tmp_path: Path) -> None:
    """From the moment a step begins until it has ended its tables are in no manifest."""
    run = small_run(tmp_path)
    put(run, "staging.x", "select 1 as id")
    put(run, "staging.y", "select 1 as id")
    run.forget(["staging.x", "staging.never_made"])
    assert set(run.manifest().tables) == {"staging.y"}


def test_work_that_is_done_once_is_not_gone_on_with(tmp_path: Path) -> None:
    """A run that died while it changed what it reads is begun anew by the next one, and refused to itself."""
    dead = small_run(tmp_path, "dead")
    put(dead, "staging.x", "select 1 as id")

    def dies() -> None:
        with done_once(dead.folder):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        dies()
    with pytest.raises(InputError, match="start a new one"):
        open_run(dead)
    assert not small_run(tmp_path, "next").manifest().tables


def test_work_that_was_done_once_is_gone_on_with(tmp_path: Path) -> None:
    """When such work has ended the folder is like any other."""
    dead = small_run(tmp_path, "dead")
    put(dead, "staging.x", "select 1 as id")
    with done_once(dead.folder):
        pass
    assert set(small_run(tmp_path, "next").manifest().tables) == {"staging.x"}


def test_tables_of_an_earlier_project_leave_the_run(tmp_path: Path) -> None:
    """Their files, or their folder of parts, and their entries; what is published keeps them, and others stay."""
    first = small_run(tmp_path)
    (first.folder / "raw" / "old_shop").mkdir(parents=True)
    for table in ("profiles.old", "profiles.customers"):
        put(first, table, "select 'p1' as person_id")
    parquet.write_table(pa.table({"a": [1]}), first.folder / "raw" / "old_shop" / "part.parquet")
    first.record({"raw.old_shop": Entry("key", first.digest("raw.old_shop"), 1)})
    publish(first, [])
    second = small_run(tmp_path, "second")
    drop_former_tables(second, {"profiles.customers": None, "profiles.new": None})
    assert set(second.manifest().tables) == {"profiles.customers"}
    assert [path.is_file() for path in (second.path("profiles.old"), second.path("profiles.customers"))] == [
        False,
        True,
    ]
    assert not (second.folder / "raw" / "old_shop").exists()
    assert second.published is not None
    assert set(read_manifest(second.published).tables) == {"profiles.old", "profiles.customers", "raw.old_shop"}
    assert (second.published / "raw" / "old_shop" / "part.parquet").is_file()
