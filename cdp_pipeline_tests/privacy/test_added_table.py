"""A core table that a project adds by two files of YAML: it is erased, aged and masked as the others are."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.project import read_project
from cdp_pipeline.project.registry import check_claims, defines, facts_of
from cdp_pipeline.staging import steps as staging
from cdp_pipeline_tests.models.runner import SQL
from cdp_pipeline_tests.privacy import town as place
from cdp_pipeline_tests.privacy.town import FIRST_DAY, SOURCES, Town

TABLE = """
description: One movement of loyalty points
owner: crm team
grain: [source, transaction_id]
newest_by: [occurred_at]
columns:
  source: {type: text, required: true, description: System that keeps the points}
  transaction_id: {type: text, required: true, description: Key of the movement}
  record_id: {type: text, sensitivity: personal, references: people, description: Card}
  occurred_at: {type: timestamp, required: true, max: as_of, description: When (UTC)}
  points: {type: integer, description: Points}
"""
SOURCE = """
description: Movements of loyalty points
owner: crm team
files: "**/loyalty*.csv"
system: loyalty
format: {zone: UTC}
legal_basis: contract
into:
  people: {columns: {record_id: card, email: mail, updated_at: at}}
  loyalty_transactions: {columns: {transaction_id: id, record_id: card, occurred_at: at, points: points}}
"""
MOVES = """id,card,mail,at,points
T1,card-77,ann@mail.example,2026-05-20 10:00:00,50
T2,card-78,cor@mail.example,2026-05-20 10:00:00,20
T3,card-77,ann@mail.example,2026-05-30 10:00:00,-10
"""


def add_files(folder: Path, table: str = TABLE) -> Path:
    """A copy of the shipped project with the two files more."""
    project = Path(shutil.copytree(SQL, folder / "dbt_like_sql"))
    (project / "2_staging" / "loyalty_transactions.yml").write_text(table, encoding="utf-8")
    (project / "1_sources" / "loyalty.yml").write_text(SOURCE, encoding="utf-8")
    return project


def deliver(made: Town) -> None:
    """The town's exports, and the movements of points."""
    made.deliver()
    day = FIRST_DAY + timedelta(days=made.nights)
    (made.exports / str(day) / f"loyalty_{day}.csv").write_text(MOVES, encoding="utf-8")
    (made.exports / str(day) / f"loyalty_{day}.csv.done").touch()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """The town with points, after its first night, published."""
    monkeypatch.setattr(
        place, "PERSONS", {**place.PERSONS, ("loyalty", "card-77"): "Pann", ("loyalty", "card-78"): "Pcor"}
    )
    project = read_project(add_files(tmp_path))
    names = (*SOURCES, "loyalty")
    made = Town(tmp_path / "town", replace(project, sources={name: project.sources[name] for name in names}))
    deliver(made)
    made.night()
    made.publish()
    return made


def test_its_rows_leave_with_the_erased(made: Town) -> None:
    """In raw as in staging, also when they are delivered again; those of others stay."""
    assert len(made.rows("staging.loyalty_transactions", "transaction_id")) == 3
    made.forget("ann@mail.example")
    deliver(made)
    made.night()
    assert made.rows("staging.loyalty_transactions", "transaction_id, points") == [("T2", 20)]
    assert "card-77" not in made.texts("raw")
    assert ("loyalty", "card-77") not in made.rows("staging.people", "source, record_id")


def test_its_rows_outlive_their_time(made: Town) -> None:
    """`retention` of project.yml knows the table."""
    retention = {"loyalty_transactions": 10}
    made.project = replace(made.project, settings=made.project.settings.model_copy(update={"retention": retention}))
    deliver(made)
    made.night()
    assert made.rows("staging.loyalty_transactions", "transaction_id") == [("T3",)]


def test_it_is_masked_and_counted(made: Town) -> None:
    """Its personal column is labelled, and the ledger counts its rows."""
    tables = {table.name: table for step in staging.steps(made.project) for table in step.tables}
    assert tables["staging.loyalty_transactions"].personal == {"record_id"}
    (ledger,) = [check for check in staging.checks(made.project) if check.name == "ledger_counts_every_row"]
    assert {"staging.loyalty_transactions", "quarantine.loyalty_transactions"} <= set(ledger.reads)


def test_a_personal_column_of_nobody_is_refused(tmp_path: Path) -> None:
    """With the file, the line and what to say."""
    table = TABLE.replace("references: people, ", "")
    project = read_project(add_files(tmp_path, table))
    with pytest.raises(
        ProjectError, match=r"loyalty_transactions.yml:9: record_id is personal, but no column says whose"
    ):
        check_claims(project)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (
            "references: people",
            "identifies: record, issued_by: sorce",
            "sorce, which is no column of the table (did you mean source",
        ),
        (
            "points: {type: integer",
            "points: {type: text, keys: namespace",
            "together with namespace, which is no column",
        ),
    ],
)
def test_what_a_name_needs_is_there(tmp_path: Path, right: str, wrong: str, words: str) -> None:
    """The system that issued it, and the kind where a column says the kind."""
    with pytest.raises(ProjectError) as error:
        check_claims(read_project(add_files(tmp_path, TABLE.replace(right, wrong))))
    assert words in error.value.problems[0]


def test_every_shipped_table_with_personal_columns_says_whose_its_rows_are() -> None:
    """And only people, orders and tickets are things that other rows refer to."""
    contracts = read_project(SQL).contracts
    assert {name for name, contract in contracts.items() if not facts_of(contract)} == {"products"}
    assert {name: set(kinds) for name, contract in contracts.items() if (kinds := defines(contract))} == {
        "people": {"record_id", "account"}, "orders": {"order_id"}, "tickets": {"ticket_id"},
    }  # fmt: skip
