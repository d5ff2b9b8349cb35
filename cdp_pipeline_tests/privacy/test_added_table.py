"""A core table that a project adds by two files of YAML: it is erased, aged and masked as the others are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.privacy import restriction
from cdp_pipeline.privacy.access import gather
from cdp_pipeline.privacy.certificate import path_of
from cdp_pipeline.privacy.door import Door
from cdp_pipeline.privacy.masking import MASK
from cdp_pipeline.privacy.subject import find_subject
from cdp_pipeline.project.project import read_project
from cdp_pipeline.project.registry import defines, facts_of
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline.staging import steps as staging
from cdp_pipeline_tests.models.runner import SQL
from cdp_pipeline_tests.privacy import town as place
from cdp_pipeline_tests.privacy.town import FIRST_DAY, KEY, SOURCES, Town

TABLE = """
description: One movement of loyalty points
owner: crm team
grain: [source, transaction_id]
newest_by: [occurred_at]
columns:
  source: {type: text, required: true, description: System that keeps the points}
  transaction_id: {type: text, required: true, sensitivity: personal, description: Key of the movement}
  record_id: {type: text, sensitivity: personal, references: people, description: Card}
  occurred_at: {type: timestamp, required: true, max: as_of, description: When (UTC)}
  points: {type: integer, description: Points}
"""
MAILS = """
description: One offer that was sent to an address, whoever uses it
owner: crm team
grain: [source, offer_id]
columns:
  source: {type: text, required: true, description: System that sent it}
  offer_id: {type: text, required: true, description: Key of the offer}
  address: {type: text, keys: email, sensitivity: personal, description: Address}
"""
SPENDINGS = """
description: What a movement of points was spent on; a row says nothing of anybody but which movement it was
owner: crm team
grain: [source, spending_id]
columns:
  source: {type: text, required: true, description: System that keeps the points}
  spending_id: {type: text, required: true, description: Key of the spending}
  transaction_id: {type: text, sensitivity: personal, references: loyalty_transactions, description: Movement}
"""
ADDED = ("loyalty_transactions", "loyalty_mails", "loyalty_spendings")
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
  loyalty_mails: {filled: address, columns: {offer_id: id, address: mail}}
  loyalty_spendings: {columns: {spending_id: {sql: "'S' || id"}, transaction_id: id}}
"""
MOVES = """id,card,mail,at,points
T1,card-77,ann@mail.example,2026-05-20 10:00:00,50
T2,card-78,cor@mail.example,2026-05-20 10:00:00,20
T3,card-77,ann@mail.example,2026-05-30 10:00:00,-10
"""


def add_files(folder: Path, table: str = TABLE) -> Path:
    """A copy of the shipped project with the files of three tables more: known by a record, an address, another row."""
    project = Path(shutil.copytree(SQL, folder / "dbt_like_sql"))
    (project / "2_staging" / "loyalty_transactions.yml").write_text(table, encoding="utf-8")
    (project / "2_staging" / "loyalty_mails.yml").write_text(MAILS, encoding="utf-8")
    (project / "2_staging" / "loyalty_spendings.yml").write_text(SPENDINGS, encoding="utf-8")
    (project / "1_sources" / "loyalty.yml").write_text(SOURCE, encoding="utf-8")
    return project


def deliver(made: Town) -> None:
    """The town's exports, and the movements of points."""
    made.deliver()
    day = FIRST_DAY + timedelta(days=made.nights)
    (made.exports / str(day) / f"loyalty_{day}.csv").write_text(MOVES, encoding="utf-8")
    (made.exports / str(day) / f"loyalty_{day}.csv.done").touch()


@pytest.fixture(autouse=True, scope="module")
def persons() -> Iterator[None]:
    """Whose the two cards are."""
    cards = {("loyalty", "card-77"): "Pann", ("loyalty", "card-78"): "Pcor"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, "PERSONS", place.PERSONS | cards)
        yield


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, persons: None) -> Town:
    """The town with points, after its first night, published; for all tests, so nobody changes it."""
    folder = tmp_path_factory.mktemp("loyalty")
    project = read_project(add_files(folder))
    names = (*SOURCES, "loyalty")
    town = Town(folder / "town", replace(project, sources={name: project.sources[name] for name in names}))
    deliver(town)
    town.night()
    town.publish()
    return town


@pytest.fixture
def made(published: Town, tmp_path: Path) -> Town:
    """A copy of it for one test."""
    return published.copy(tmp_path / "town")


def test_its_rows_leave_with_the_erased(made: Town) -> None:
    """In raw as in staging, also when they are delivered again; those of others stay."""
    assert len(made.rows("staging.loyalty_transactions", "transaction_id")) == 3
    made.forget("ann@mail.example")
    deliver(made)
    made.night()
    assert made.rows("staging.loyalty_transactions", "transaction_id, points") == [("T2", 20)]
    assert made.rows("staging.loyalty_mails", "offer_id") == [("T2",)]
    assert made.rows("staging.loyalty_spendings", "transaction_id") == [("T2",)]
    assert "card-77" not in made.texts("raw")
    assert ("loyalty", "card-77") not in made.rows("staging.people", "source, record_id")


def test_the_certificate_counts_its_rows_and_looks_again(made: Town) -> None:
    """What was held in each table, and that nothing of it is left in what is published."""
    request = made.forget("ann@mail.example").request.request_id
    deliver(made)
    made.night()
    made.publish()
    certificate = json.loads(path_of(made.data, request).read_text())
    removed = {name: certificate["rows_removed"][f"staging.{name}"] for name in ADDED}
    assert removed == {"loyalty_transactions": 2, "loyalty_mails": 2, "loyalty_spendings": 2}
    assert certificate["rows_left"] == {}


def test_rows_that_are_left_are_not_certified_as_removed(made: Town) -> None:
    """Should anything bring rows back before publication, the certificate says so."""
    request = made.forget("ann@mail.example").request.request_id
    held = published_snapshot(made.data)
    made.night()
    assert held is not None
    assert made.run is not None
    shutil.copy(held / "staging" / "loyalty_mails.parquet", made.run.path("staging.loyalty_mails"))
    made.publish()
    certificate = json.loads(path_of(made.data, request).read_text())
    assert certificate["rows_left"] == {"staging.loyalty_mails": 2}
    assert certificate["rows_removed"]["staging.loyalty_mails"] == 0


def test_its_rows_are_handed_out(made: Town) -> None:
    """By the record, by the address, and by the row they belong to; nobody else's."""
    snapshot = published_snapshot(made.data)
    assert snapshot is not None
    ann = find_subject(snapshot, "ann@mail.example", made.project)
    leave = Door(made.data, "access").enter([ann])
    tables = gather(leave, snapshot, ann, "ann@mail.example", made.project).tables
    assert [row["transaction_id"] for row in tables["staging.loyalty_transactions"]] == ["T1", "T3"]
    assert [row["offer_id"] for row in tables["staging.loyalty_mails"]] == ["T1", "T3"]
    assert [row["transaction_id"] for row in tables["staging.loyalty_spendings"]] == ["T1", "T3"]
    assert {row["card"] for row in tables["raw.loyalty"]} == {"card-77"}


def test_who_is_known_by_it_is_restricted(made: Town) -> None:
    """The person of a card is in the table of restrictions, and the rows stay."""
    snapshot = published_snapshot(made.data)
    assert snapshot is not None
    assert made.run is not None
    holder = find_subject(snapshot, "loyalty:card-78", made.project)
    restriction.restrict(snapshot, made.data, holder, "restrict", KEY, FIRST_DAY, made.project)
    (step,) = restriction.steps(made.project)
    step.run(made.run)
    assert made.rows("profiles.restrictions", "person_id, kind") == [("Pcor", "restricted")]
    assert len(made.rows("staging.loyalty_transactions", "transaction_id")) == 3


def test_analysts_see_no_value_of_anybody(made: Town) -> None:
    """The masked warehouse holds a pseudonym of the card and no address; the points are as they are."""
    assert made.run is not None
    tables = {table.name: table for step in staging.steps(made.project) for table in step.tables}
    build_warehouse(made.run, {f"staging.{name}": tables[f"staging.{name}"] for name in ADDED})
    with duckdb.connect(str(made.run.folder / "warehouse.duckdb"), read_only=True) as con:
        cards = con.execute("select distinct record_id from staging.loyalty_transactions").fetchall()
        assert len(cards) == 2
        assert not {"card-77", "card-78"} & {card for (card,) in cards}
        assert con.execute("select distinct address from staging.loyalty_mails").fetchall() == [(MASK,)]
        assert con.execute("select sum(points) from staging.loyalty_transactions").fetchall() == [(60,)]


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
    assert tables["staging.loyalty_transactions"].personal == {"record_id", "transaction_id"}
    (ledger,) = [check for check in staging.checks(made.project) if check.name == "ledger_counts_every_row"]
    assert {"staging.loyalty_transactions", "quarantine.loyalty_transactions"} <= set(ledger.reads)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("references: people, ", "", "loyalty_transactions.yml:8: transaction_id is personal, but no column says whose"),
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
        ("points: {type: integer", "email: {type: text", "email is a name of people.email, which is personal"),
        ("points: {type: integer", "email_address: {type: text", "email_address is a name of"),
        ("newest_by", "when_erased: anonymised\nnewest_by", "no column of the grain names what the rows are of"),
    ],
)  # fmt: skip
def test_what_leaves_open_whose_it_is_is_refused(tmp_path: Path, right: str, wrong: str, words: str) -> None:
    """When the project is read, with the file, the line and what to say."""
    project = add_files(tmp_path, TABLE.replace(right, wrong))
    (project / "2_staging" / "loyalty_spendings.yml").unlink()
    source = project / "1_sources" / "loyalty.yml"
    source.write_text("\n".join(line for line in SOURCE.splitlines() if "loyalty_spendings" not in line))
    with pytest.raises(ProjectError) as error:
        read_project(project)
    assert words in "\n".join(error.value.problems)


def test_every_shipped_table_with_personal_columns_says_whose_its_rows_are() -> None:
    """And only people, orders and tickets are things that other rows refer to."""
    contracts = read_project(SQL).contracts
    assert {name for name in contracts if not facts_of(name, contracts)} == {"products"}
    assert {name: set(kinds) for name in contracts if (kinds := defines(name, contracts))} == {
        "people": {"record_id", "account"}, "orders": {"order_id"}, "tickets": {"ticket_id"},
    }  # fmt: skip
