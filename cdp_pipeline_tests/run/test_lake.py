"""Tables in and out of the folder of a run: atomic, sorted, equal bytes for equal rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.run.lake import Run, fingerprint
from cdp_pipeline_tests.small_run import put, small_run

MANY = """
    select (i * 7919 % 200000)::bigint as id, 'name ' || (i % 977) as name,
      map {'k': 'v' || i % 3} as attributes,
      if(i % 5 = 0, null, (i / 7)::decimal(18, 4)) as amount, timestamp '2026-01-01' + to_seconds(i) as at
    from range(200000) as numbers(i)
"""


def content(run: Run, table: str) -> list[tuple[object, ...]]:
    with run.connect(table) as con:
        return con.execute(f"from {table}").fetchall()


def test_a_table_is_written_sorted_and_read_back(tmp_path: Path) -> None:
    """Rows come back in the order asked for, under their name; the count is what was written."""
    run = small_run(tmp_path)
    with run.connect() as con:
        assert run.write(con, "staging.x", "from (values (2, 'b'), (1, 'a')) as t(id, name)", ["id"]) == 2
    assert content(run, "staging.x") == [(1, "a"), (2, "b")]
    assert run.count("staging.x") == 2
    assert run.schema("staging.x").names == ["id", "name"]


def test_equal_rows_are_equal_bytes_for_any_number_of_threads(tmp_path: Path) -> None:
    """The digest of a table does not depend on how many threads wrote it."""
    run = small_run(tmp_path)
    digests = set()
    for threads in (1, 2, 5):
        with run.connect() as con:
            con.execute(f"set threads = {threads}")
            run.write(con, "staging.x", MANY, ["id"])
        digests.add(run.digest("staging.x"))
    assert len(digests) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.dictionaries(st.integers(-99, 99), st.none() | st.text(max_size=5), max_size=8), data=st.data())
def test_the_order_of_the_input_leaves_no_trace(
    tmp_path: Path, rows: dict[int, str | None], data: st.DataObject
) -> None:
    """Any permutation of the same rows is written as the same bytes."""
    run = small_run(tmp_path)
    digests = set()
    for items in (list(rows.items()), data.draw(st.permutations(list(rows.items())))):
        with run.connect() as con:
            con.execute("create table t (id bigint, name varchar)")
            for item in items:
                con.execute("insert into t values (?, ?)", list(item))
            run.write(con, "staging.x", "from t", ["id"])
        digests.add(run.digest("staging.x"))
    assert len(digests) == 1


@pytest.mark.parametrize("breaks_at", [0, 150_000])
def test_a_write_that_fails_leaves_the_old_table(tmp_path: Path, breaks_at: int) -> None:
    """An error in the query, at the first row or late, changes nothing and leaves no half file."""
    run = small_run(tmp_path)
    put(run, "staging.x", "select 1 as id")
    before = run.digest("staging.x")
    query = f"select if(i = {breaks_at}, error('broken')::int, i::int) as id from range(200000) as t(i)"
    with run.connect() as con, pytest.raises(duckdb.Error):
        run.write(con, "staging.x", query, ["id"])
    assert run.digest("staging.x") == before
    assert [path.name for path in run.path("staging.x").parent.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize("expression", ["sum(i)", "[sum(i)]", "{'total': sum(i)}"])
def test_a_hugeint_is_refused(tmp_path: Path, expression: str) -> None:
    """DuckDB would store a HUGEINT as a floating number, so its column is named and nothing is written."""
    run = small_run(tmp_path)
    with run.connect() as con, pytest.raises(TypeError, match=r"staging.x: cast wide to BIGINT"):
        run.write(con, "staging.x", f"select {expression} as wide from range(3) as t(i)", [])
    assert not run.path("staging.x").exists()


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    """An apostrophe, a blank or a letter of any script in the path of the data is only a path."""
    run = small_run(tmp_path / "O'Brien's dåta")
    put(run, "staging.x", "select 1 as id")
    assert content(run, "staging.x") == [(1,)]


def test_the_day_and_the_place_of_a_run_are_a_table(tmp_path: Path) -> None:
    """`config.run` holds the day of the run and the settings that models may need."""
    with small_run(tmp_path).connect() as con:
        row = con.execute("select as_of::varchar, zone, currency, country from config.run").fetchall()
    assert row == [("2026-06-30", "Europe/Amsterdam", "EUR", "NL")]


def test_a_connection_fetches_nothing_from_outside(tmp_path: Path) -> None:
    """DuckDB installs no extension by itself, and its clock is UTC."""
    with small_run(tmp_path).connect() as con:
        for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
            assert con.execute(f"select current_setting('{setting}')").fetchall() == [(False,)]
        assert con.execute("select current_setting('timezone')").fetchall() == [("UTC",)]


def test_a_connection_finds_nothing_of_the_one_before(tmp_path: Path) -> None:
    """The database is taken again, but no view, table, macro, setting of the session or attached file is left in it."""
    run = small_run(tmp_path)
    put(run, "staging.x", "select 1 as id")
    with run.connect("staging.x", "previous.staging.x") as first:
        first.execute("create table made as from staging.x; create temp table held as from staging.x")
        first.execute(
            "create macro plus_one(x) as x + 1; create type mood as enum ('well'); set timezone = 'Asia/Tokyo'"
        )
        first.register("rows", pa.table({"id": [1]}))
        assert first.cursor().execute("select plus_one(id) from made").fetchall() == [(2,)]
        first.begin()
        first.execute("insert into made values (2)")
    with run.connect() as second:
        assert len(run._idle) == 0
        made = "select (select count(*) from duckdb_tables()), count(*) from duckdb_databases() where not internal"
        assert second.execute(made).fetchall() == [(1, 1)]  # config.run, in the one there is
        for gone in (
            "from held",
            "from rows",
            "from made",
            "from staging.x",
            "select plus_one(1)",
            "select 'well'::mood",
        ):
            with pytest.raises(duckdb.Error):
                second.execute(gone)
        assert second.execute("select current_setting('timezone')").fetchall() == [("UTC",)]
    with pytest.raises(duckdb.Error):
        second.execute("select 1")


def test_connections_at_the_same_time_are_apart(tmp_path: Path) -> None:
    """One connection inside another has its own tables, and the day after neither is there."""
    run = small_run(tmp_path)
    with run.connect() as outer:
        outer.execute("create table t as select 'outer' as name")
        with run.connect(empty={"previous.staging.t": "id bigint"}) as inner:
            inner.execute("create table t as select 'inner' as name")
            assert outer.execute("from t").fetchall() == [("outer",)]
    with run.connect() as again:
        assert again.execute("select table_name from duckdb_tables()").fetchall() == [("run",)]


def test_a_database_in_which_something_went_wrong_is_not_taken_again(tmp_path: Path) -> None:
    """After an error the next connection gets a new database: whatever the error left in the old one is gone with it."""
    run = small_run(tmp_path)

    def break_off() -> None:
        with run.connect() as con:
            con.execute("set threads = 1")
            con.execute("select error('broken')")

    with pytest.raises(duckdb.Error):
        break_off()
    assert not run._idle
    with run.connect() as con:
        assert con.execute("select count(*) from duckdb_tables()").fetchall() == [(1,)]
    assert len(run._idle) == 1


def test_what_a_connection_may_open_stays_closed(tmp_path: Path) -> None:
    """A database that is taken again opens files of the run's own folders only, as the first time."""
    run = small_run(tmp_path)
    put(run, "staging.x", "select 1 as id")
    (tmp_path / "other.csv").write_text("a\n1\n")
    for _ in range(2):
        with run.connect("staging.x") as con:
            assert con.execute("from staging.x").fetchall() == [(1,)]
            with pytest.raises(duckdb.PermissionException):
                con.execute(f"from '{tmp_path / 'other.csv'}'")


def test_a_table_that_was_not_made_is_named(tmp_path: Path) -> None:
    """Reading what no step has written is an error that names it."""
    with pytest.raises(FileNotFoundError, match=r"staging\.nothing"), small_run(tmp_path).connect("staging.nothing"):
        pass


def test_previous_is_what_was_published(tmp_path: Path) -> None:
    """A run reads the last published rows under `previous.`, whatever it has written since."""
    first = small_run(tmp_path)
    put(first, "identity.persons", "select 'old' as person_id")
    publish(first, [])
    second = small_run(tmp_path, "second")
    put(second, "identity.persons", "select 'new' as person_id")
    with second.connect("identity.persons", "previous.identity.persons") as con:
        assert con.execute("from previous.identity.persons").fetchall() == [("old",)]
        assert con.execute("from identity.persons").fetchall() == [("new",)]


def test_previous_is_empty_before_the_first_publication(tmp_path: Path) -> None:
    """Without a published table it is an empty one, with the columns told or those of today's table."""
    run = small_run(tmp_path)
    put(run, "identity.persons", "select 'x' as person_id, 1 as records")
    told = {"previous.identity.changes": "as_of date, change varchar"}
    with run.connect("previous.identity.persons", "previous.identity.changes", empty=told) as con:
        assert con.sql("from previous.identity.persons").columns == ["person_id", "records"]
        assert con.sql("from previous.identity.changes").columns == ["as_of", "change"]
        assert con.execute("from previous.identity.persons").fetchall() == []


def test_a_raw_table_is_the_union_of_its_parts(tmp_path: Path) -> None:
    """Parts with other columns are put together by name; the list of rejected lines is no part."""
    run = small_run(tmp_path)
    folder = run.folder / "raw" / "shop"
    folder.mkdir(parents=True)
    with run.connect() as con:
        con.execute(f"copy (select 1 as a) to '{folder}/1.parquet' (format parquet)")
        con.execute(f"copy (select 2 as a, 3 as b) to '{folder}/2.parquet' (format parquet)")
        con.execute(f"copy (select 9 as line) to '{folder}/2.rejects.parquet' (format parquet)")
    assert sorted(content(run, "raw.shop"), key=str) == [(1, None), (2, 3)]
    assert run.count("raw.shop") == 2
    before = run.digest("raw.shop")
    (folder / "2.parquet").rename(folder / "3.parquet")
    assert run.digest("raw.shop") != before


def test_tables_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    """The folder of a run and its tables are closed to everybody else."""
    run = small_run(tmp_path)
    put(run, "staging.x", "select 1 as id")
    for path in (run.folder, run.path("staging.x").parent, run.path("staging.x")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_fingerprint_tells_keys_apart_and_gives_none_away(tmp_path: Path) -> None:
    """Equal keys have equal fingerprints, other keys others, and the key is not in it."""
    run = small_run(tmp_path)
    assert run.key_fingerprint == fingerprint(run.key) == run.manifest().key_fingerprint
    assert replace(run, key=b"another").key_fingerprint != run.key_fingerprint
    assert run.key.decode() not in (run.folder / "manifest.json").read_text()
