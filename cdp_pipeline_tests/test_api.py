"""The calls for notebooks: masked tables only, the words on columns, and the examples of docs/api.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.api import published, validate
from cdp_pipeline.errors import InputError
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.steps import Table
from cdp_pipeline_tests.small_run import put, small_run
from cdp_pipeline_tests.test_docs import DOCS, ROOT, blocks


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one published table of two people."""
    night = small_run(tmp_path)
    put(night, "profiles.customers", "select unnest(['p1', 'p2']) as person_id, 'Anna' as first_name", ("person_id",))
    words = {"person_id": "Person", "first_name": "First name"}
    table = Table("profiles.customers", "One row a person", words, personal=frozenset({"first_name"}))
    build_warehouse(night, {table.name: table})
    (tmp_path / "warehouse.duckdb").symlink_to(night.folder / "warehouse.duckdb")
    return tmp_path


def test_a_table_is_masked_in_every_form(data: Path) -> None:
    """Arrow, pandas and DuckDB show the same rows, and no name of a person."""
    world = published(data)
    assert world.table("profiles.customers").to_pydict() == {"person_id": ["p1", "p2"], "first_name": ["•••", "•••"]}
    assert world.pandas("profiles.customers")["first_name"].tolist() == ["•••", "•••"]
    with world.duckdb() as con:
        assert con.execute("select person_id from profiles.customers order by 1").fetchall() == [("p1",), ("p2",)]


def test_the_connection_writes_nothing_and_reaches_no_other_file(data: Path) -> None:
    """Neither a change nor the warehouse in clear beside it can be had through it."""
    full = next(data.rglob("warehouse_full.duckdb"))
    with published(data).duckdb() as con:
        for statement in ("delete from profiles.customers", f"attach '{full}' as clear (read_only)"):
            with pytest.raises(duckdb.Error):
                con.execute(statement)


def test_tables_come_with_the_words_on_their_columns(data: Path) -> None:
    """A table has its columns in order, each with its description."""
    assert published(data).tables()["profiles.customers"] == {"person_id": "Person", "first_name": "First name"}


def test_an_unknown_table_is_refused(data: Path) -> None:
    """A misspelt name hears the nearest one; a name is never SQL."""
    with pytest.raises(InputError, match=r"did you mean profiles\.customers"):
        published(data).table("profiles.customer")
    with pytest.raises(InputError, match="nothing is published"):
        published(data / "nowhere").tables()


def test_mistakes_are_lines(tmp_path: Path) -> None:
    """A sound project has none; a file that is no project has some."""
    (tmp_path / "project.yml").write_text("nmae: x\n", encoding="utf-8")
    assert any("nmae" in line for line in validate(tmp_path))


def test_the_import_does_no_work() -> None:
    """Neither DuckDB, pandas nor Dagster is loaded by the import."""
    code = "import sys, cdp_pipeline.api; print(sorted({'duckdb', 'pandas', 'pyarrow', 'dagster'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("number", range(len(blocks(DOCS / "api.md", "python"))))
def test_the_examples_of_the_page_run(data: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Each example of docs/api.md runs beside a published data folder and the project of the repository."""
    (data / "data").symlink_to(data)
    (data / "dbt_like_sql").symlink_to(ROOT / "dbt_like_sql")
    monkeypatch.chdir(data)
    exec(blocks(DOCS / "api.md", "python")[number], {})
