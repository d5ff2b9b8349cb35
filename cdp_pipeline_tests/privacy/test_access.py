"""What is handed out on a person: all that is sure, and nothing that only looks alike."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.spreadsheet import unguard
from cdp_pipeline.privacy.access import Held, gather
from cdp_pipeline.privacy.access_files import as_csv, write_access
from cdp_pipeline.privacy.door import Door
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.run.manifest import Manifest, write_manifest
from cdp_pipeline_tests.models.runner import SQL

RECORDS = (("crm", "1"), ("shop", "2"), ("shop", "3"), ("shop", "4"))
SUBJECT = Subject(
    "Pann", RECORDS, (("email", "ann@mail.example"), ("phone", "+31612345678")), (("phone", "+31612345678"),)
)
ANN, BART, OTHER = "ann@mail.example", "bart@mail.example", "other@mail.example"
TABLES: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "staging.people": (
        "source, record_id, email, _file, _line",
        [("crm", "1", ANN, "a.csv", 2), ("shop", "2", ANN, "b.csv", 2), ("shop", "3", None, "b.csv", 3),
         ("shop", "4", BART, "b.csv", 4)],
    ),
    "identity.records": (
        "source, record_id, node_key, email_key, phone_key, login_id",
        [("crm", "1", 11, ANN, None, None), ("shop", "2", 12, ANN, None, None), ("shop", "3", 13, None, None, None),
         ("shop", "4", 14, BART, None, None)],
    ),
    "identity.pairs": (
        "node_key_l, node_key_r, provenance, is_kept", [(11, 13, "login", True), (12, 14, "model", True)],
    ),
    "identity.person_records": (
        "source, record_id, person_id", [(*record, "Pann") for record in RECORDS] + [("crm", "9", "Pother")],
    ),
    "profiles.customers": ("person_id, email", [("Pann", ANN), ("Pother", OTHER)]),
    "profiles.golden_values": (
        "person_id, field, source, record_id, losing_values", [("Pann", "email", "crm", "1", [BART])],
    ),
    "staging.orders": ("source, record_id, order_id", [("shop", n, f"o{n}") for n in ("2", "4", "8")]),
    "staging.order_lines": ("source, order_id, line_number", [("shop", "o2", "1"), ("shop", "o8", "1")]),
    "staging.permissions": (
        "source, namespace, value, value_keys",
        [("news", "email", "ann+news@mail.example", [ANN]), ("news", "email", OTHER, [OTHER]),
         ("news", "phone", "06 12345678", ["+31612345678"])],
    ),
    "staging.identifiers": ("source, record_id, namespace, value", []),
    "staging.tickets": ("source, record_id, ticket_id", [("desk", "7", "t1")]),
    "identity.redirects": ("person_id, to_person_id", []),
    "identity.device_owners": ("source, device_id, person_id", []),
    "quarantine.people": ("file, source, email", [("a.csv", "crm", f"{ANN} "), ("a.csv", "crm", OTHER)]),
    "quarantine.lines": (
        "line, content", [(5, f"x;{ANN.upper()};y"), (6, f"x;{OTHER};y"), (7, "x;06 12345678;y"), (8, "+31 6 87654321")],
    ),
    "activation.plain_csv": ("audience, person_id, is_written, file_sha256", [("buyers", "Pann", True, "abc")]),
    "raw.shop/part": ("Email, _file, _line", [("mail", "b.csv", 2), ("mail of another", "b.csv", 9)]),
}  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("held") / "snapshots" / "one"
    for name, (columns, rows) in TABLES.items():
        path = folder / f"{name.replace('.', '/', 1)}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        names = columns.split(", ")
        cells = {column: pa.array([row[at] for row in rows]) for at, column in enumerate(names)}
        typed = {
            column: cell.cast(pa.string()) if pa.types.is_null(cell.type) else cell for column, cell in cells.items()
        }
        pq.write_table(pa.table(typed), path)
    write_manifest(folder, Manifest(as_of="2026-06-30"))
    return folder


def held(snapshot: Path, asked: str, *, lookalikes: bool = False) -> Held:
    leave = Door(snapshot.parents[1], "access").enter([SUBJECT])
    return gather(leave, snapshot, SUBJECT, asked, read_project(SQL), lookalikes=lookalikes)


def test_likeness_alone_hands_nothing_out(snapshot: Path) -> None:
    """The record that only a likeness joins stays out, and with it every table about the whole person."""
    found = held(snapshot, "ann@mail.example")
    assert found.records == RECORDS[:3]
    assert found.left_out == 1
    assert {row["record_id"] for row in found.tables["staging.people"]} == {"1", "2", "3"}
    assert [row["order_id"] for row in found.tables["staging.orders"]] == ["o2"]
    assert "profiles.customers" not in found.tables
    assert "bart@mail.example" not in str(found.tables)


def test_the_record_that_is_asked_from_decides(snapshot: Path) -> None:
    """Asked from the look-alike itself, that record alone is handed out."""
    found = held(snapshot, "shop:4")
    assert found.records == RECORDS[3:]
    assert found.left_out == 3


def test_all_of_it_when_asked_for(snapshot: Path) -> None:
    """With look-alikes every layer is there, set-aside lines too, and of other people nothing."""
    found = held(snapshot, "Pann", lookalikes=True)
    assert not found.left_out
    assert set(found.tables) == {
        "raw.shop", "staging.people", "staging.permissions", "staging.orders", "staging.order_lines", "quarantine.people",
        "quarantine.lines", "identity.records", "identity.person_records", "profiles.customers", "profiles.golden_values",
        "activation.plain_csv",
    }  # fmt: skip
    assert [row["value"] for row in found.tables["staging.permissions"]] == ["ann+news@mail.example"]
    assert "other" not in str(found.tables)
    assert [row["destination"] for row in found.exports] == ["plain_csv"]


def test_files_are_whole_private_and_not_written_over(snapshot: Path, tmp_path: Path) -> None:
    """The folder is new and for its owner; of portable data only what the person gave is in it."""
    project = Project(tmp_path, Settings(name="test"))
    found = held(snapshot, "Pann", lookalikes=True)
    written = write_access(tmp_path / "out", project, found, "2026-06-30", portable=True)
    tables = {path.stem.split(".")[0] for path in written if path.suffix == ".csv"}
    assert tables == {"raw", "staging"}
    assert "&lt;" not in (tmp_path / "out" / "access.html").read_text()
    with pytest.raises(InputError, match="is not empty"):
        write_access(tmp_path / "out", project, found, "2026-06-30")


def test_no_cell_of_the_csv_runs() -> None:
    """Formulas in names of columns and in cells are defused, and come back whole."""
    text = as_csv([{"=a": "=1+1", "b": "+31612345678"}])
    assert text.splitlines() == ["'=a,b", "'=1+1,'+31612345678"]
    assert unguard("'=1+1") == "=1+1"
