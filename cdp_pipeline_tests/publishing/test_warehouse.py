"""The DuckDB files that analysts open: whole, commented, and without a person's text in the masked one."""

from __future__ import annotations

import hmac
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.privacy.masking import MASK
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Contract, FieldRule, Settings, Survivorship
from cdp_pipeline.project.yaml_file import read_shape
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Table
from cdp_pipeline.staging.parsing import TYPES
from cdp_pipeline.staging.steps import steps as staging_steps
from cdp_pipeline_tests.small_run import KEY, put, small_run

CANARY = "canary-of-this-test"
ROOT = Path(__file__).parents[2]
CONTRACT = Contract.model_validate(
    {
        "description": "People",
        "owner": "crm",
        "grain": ["record_id"],
        "columns": {
            "record_id": {"type": "text", "description": "Key"},
            "email": {"type": "text", "description": "Address", "sensitivity": "personal"},
            "faith": {"type": "text", "description": "Religion", "sensitivity": "personal"},
            "birth_date": {"type": "date", "description": "Birth", "sensitivity": "personal"},
        },
    }
)
TABLES = {
    "staging.people": Table(
        "staging.people",
        'A record; the shop\'s "people"',
        {"email": "Where it's sent", "record_id": "Key", "gone": "Not written"},
        personal=frozenset({"email", "faith", "birth_date"}),
    ),
    "profiles.customers": Table(
        "profiles.customers", "A person", personal=frozenset({"email", "full_name", "note", "faith"})
    ),
    "staging.never": Table("staging.never", "Not made in this run"),
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    project = Project(
        tmp_path,
        Settings(name="test"),
        contracts={"people": CONTRACT},
        survivorship=Survivorship(trust=(), fields={"full_name": FieldRule(rule="most_recent", description="a")}),
    )
    made = small_run(tmp_path, project=project)
    put(
        made,
        "staging.people",
        f"select '1' as record_id, '{CANARY}1' as email, '{CANARY}2' as faith, "
        "date '1971-02-03' as birth_date "
        "union all select '2', null, null, null",
        ["record_id"],
    )
    put(
        made,
        "profiles.customers",
        f"select 'p1' as person_id, '{CANARY}3' as email, '{CANARY}4' as full_name, '{CANARY}5' as note, "
        f"['{CANARY}6'] as faith, 7::bigint as orders",
    )
    build_warehouse(made, TABLES)
    return made


def opened(run: Run, file: str = "warehouse.duckdb") -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(run.folder / file), read_only=True)


def test_the_masked_file_has_no_text_of_a_person(run: Run) -> None:
    """A canary in every personal column is nowhere among the bytes of the masked file."""
    assert CANARY.encode() not in (run.folder / "warehouse.duckdb").read_bytes()
    assert CANARY.encode() in (run.folder / "warehouse_full.duckdb").read_bytes()


def test_a_mask_tells_only_whether_there_was_something(run: Run) -> None:
    """A text becomes the mask, a missing one stays missing, any other type becomes NULL of its type."""
    with opened(run) as con:
        rows = con.execute("from staging.people order by record_id").fetchall()
        assert rows == [("1", MASK, MASK, None), ("2", None, None, None)]
        assert con.execute("from profiles.customers").fetchall() == [("p1", MASK, MASK, MASK, None, 7)]
        assert [str(kind) for kind in con.sql("from staging.people").types][-1] == "DATE"


def test_a_column_is_masked_by_the_label_of_its_own_table(tmp_path: Path) -> None:
    """A name that another table calls personal says nothing of a table that does not."""
    made = small_run(tmp_path)
    tables = {
        "identity.accuracy": Table("identity.accuracy", "How right it is"),
        "staging.identifiers": Table("staging.identifiers", "Identifiers", personal=frozenset({"value"})),
    }
    for name in tables:
        put(made, name, f"select 'plain' as value, '{name}' as name")
    build_warehouse(made, tables)
    with opened(made) as con:
        assert con.execute("select value from identity.accuracy").fetchall() == [("plain",)]
        assert con.execute("select value from staging.identifiers").fetchall() == [(MASK,)]


def test_the_full_file_has_everything(run: Run) -> None:
    """The same tables and rows, in clear."""
    with opened(run, "warehouse_full.duckdb") as con:
        assert con.execute("select email from staging.people order by record_id").fetchall() == [
            (f"{CANARY}1",),
            (None,),
        ]


@pytest.mark.parametrize(("file", "mode"), [("warehouse.duckdb", 0o440), ("warehouse_full.duckdb", 0o400)])
def test_nobody_writes_and_only_the_owner_reads_in_clear(run: Run, file: str, mode: int) -> None:
    """The masked file is for the group, the full one for its owner; neither is ever written to."""
    assert (run.folder / file).stat().st_mode & 0o777 == mode


def test_words_are_in_the_file(run: Run) -> None:
    """Tables and columns carry their documentation as comments, quotes and all."""
    with opened(run) as con:
        tables = dict(con.execute("select table_name, comment from duckdb_tables()").fetchall())
        assert tables["people"] == 'A record; the shop\'s "people"'
        columns = dict(
            con.execute("select column_name, comment from duckdb_columns() where table_name = 'people'").fetchall()
        )
    assert columns["email"] == "Where it's sent"
    assert columns["faith"] is None


def test_older_clients_can_open_the_file(run: Run) -> None:
    """Its storage version is the one that DuckDB has written since 1.2."""
    with opened(run) as con:
        found = con.execute("select tags from duckdb_databases() where not internal").fetchall()
    assert found[0][0]["storage_version"].startswith("v1.2.0")


def test_what_was_not_made_and_what_is_raw_is_not_in_it(run: Run) -> None:
    """Tables are those of the run that are one file; the day of the run is among them."""
    with opened(run) as con:
        names = con.execute("select schema_name || '.' || table_name from duckdb_tables() order by 1")
        assert [row[0] for row in names.fetchall()] == ["config.run", "profiles.customers", "staging.people"]


def test_a_file_is_always_written_anew(run: Run) -> None:
    """DuckDB keeps deleted bytes, so a second build starts from nothing and leaves no file beside it."""
    put(run, "staging.people", "select '9' as record_id, 'x' as email", ["record_id"])
    put(run, "profiles.customers", "select 'p9' as person_id")
    build_warehouse(run, TABLES)
    assert CANARY.encode() not in (run.folder / "warehouse_full.duckdb").read_bytes()
    assert [path.name for path in run.folder.iterdir() if path.name.startswith(".")] == [".spill"]


def test_no_core_table_of_the_project_shows_a_person(tmp_path: Path) -> None:
    """A canary in every column that the contracts call personal, and in all quarantined text, is hidden."""
    problems: list[str] = []
    files = sorted((ROOT / "dbt_like_sql" / "2_staging").glob("*.yml"))
    contracts = {path.stem: read_shape(path, Contract, problems) for path in files}
    assert not problems
    project = Project(tmp_path, Settings(name="test"), contracts={n: c for n, c in contracts.items() if c})
    assert project.contracts
    made = small_run(tmp_path, project=project)
    tables = {
        table.name: table
        for step in staging_steps(project)
        for table in step.tables
        if table.name.split(".")[1] in contracts
    }
    for name, table in tables.items():
        contract = project.contracts[name.split(".")[1]]
        values = []
        for column, spec in contract.columns.items():
            if column not in table.columns:
                continue  # quarantine keeps no attributes
            hidden = column in table.personal
            assert hidden or spec.sensitivity == "public"
            text = f"'{CANARY}'" if hidden else "'open'"
            if spec.type == "attributes":
                values.append(f"map {{'key': {text}}} as {column}")
            elif spec.type == "text" or name.startswith("quarantine"):
                values.append(f"{text} as {column}")
            else:
                values.append(f"null::{TYPES[spec.type]} as {column}")
        put(made, name, f"select {', '.join(values)}")
    build_warehouse(made, tables)
    assert CANARY.encode() not in (made.folder / "warehouse.duckdb").read_bytes()
    assert CANARY.encode() in (made.folder / "warehouse_full.duckdb").read_bytes()


def test_a_personal_key_becomes_a_keyed_pseudonym(tmp_path: Path) -> None:
    """Keys still join in the masked file: HMAC-SHA256 under the run's key, the same in every table."""
    values = ["anna@mail.example", "ä 'quoted'", ""]
    tables = {
        f"profiles.{name}": Table(f"profiles.{name}", "a", personal=frozenset({"record_id"})) for name in ("one", "two")
    }
    expected = [(hmac.new(KEY, value.encode(), "sha256").hexdigest()[:16],) for value in values]
    made = small_run(tmp_path)
    rows = " union all ".join(
        f"select {place} as place, '{value.replace(chr(39), chr(39) * 2)}' as record_id"
        for place, value in enumerate([*values])
    )
    for table in tables:
        put(made, table, f"{rows} union all select 9, null", ["place"])
    build_warehouse(made, tables)
    assert b"anna@mail.example" not in (made.folder / "warehouse.duckdb").read_bytes()
    with opened(made) as con:
        for table in tables:
            found = con.execute(f"select record_id from {table} order by place").fetchall()
            assert found == [*expected, (None,)]
