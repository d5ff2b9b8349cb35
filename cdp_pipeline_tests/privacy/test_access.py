"""What is handed out on a person: all that is sure, and nothing that only looks alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.lake import open_duckdb
from cdp_pipeline.manifest import Manifest, write_manifest
from cdp_pipeline.privacy.access import Held, gather
from cdp_pipeline.privacy.access_files import as_csv, write_access
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project import Project
from cdp_pipeline.shapes import Settings
from cdp_pipeline.spreadsheet import unguard

RECORDS = (("crm", "1"), ("shop", "2"), ("shop", "3"), ("shop", "4"))
SUBJECT = Subject(
    "Pann", RECORDS, (("email", "ann@mail.example"), ("phone", "+31612345678")), (("phone", "+31612345678"),)
)
TABLES = {
    "staging.people": """select * from (values ('crm', '1', 'ann@mail.example', 'a.csv', 2), ('shop', '2', 'ann@mail.example', 'b.csv', 2),
        ('shop', '3', null, 'b.csv', 3), ('shop', '4', 'bart@mail.example', 'b.csv', 4)) t(source, record_id, email, _file, _line)""",
    "identity.records": """select * from (values ('crm', '1', 11, 'ann@mail.example', null, null), ('shop', '2', 12, 'ann@mail.example', null, null),
        ('shop', '3', 13, null, null, null), ('shop', '4', 14, 'bart@mail.example', null, null))
        t(source, record_id, node_key, email_key, phone_key, login_id)""",
    "identity.pairs": """select * from (values (11, 13, 'login', true), (12, 14, 'model', true))
        t(node_key_l, node_key_r, provenance, is_kept)""",
    "identity.person_records": """select * from (values ('crm', '1', 'Pann'), ('shop', '2', 'Pann'), ('shop', '3', 'Pann'), ('shop', '4', 'Pann'),
        ('crm', '9', 'Pother')) t(source, record_id, person_id)""",
    "profiles.customers": "select * from (values ('Pann', 'ann@mail.example'), ('Pother', 'other@mail.example')) t(person_id, email)",
    "profiles.golden_values": """select 'Pann' as person_id, 'email' as field, 'crm' as source, '1' as record_id,
        ['bart@mail.example'] as losing_values""",
    "staging.orders": "select * from (values ('shop', '2', 'o2'), ('shop', '4', 'o4'), ('shop', '8', 'o8')) t(source, record_id, order_id)",
    "staging.order_lines": "select * from (values ('shop', 'o2', '1'), ('shop', 'o8', '1')) t(source, order_id, line_number)",
    "quarantine.people": "select * from (values ('a.csv', 'ann@mail.example '), ('a.csv', 'other@mail.example')) t(file, email)",
    "quarantine.lines": "select * from (values (5, 'x;Ann@Mail.example;y'), (6, 'x;other@mail.example;y')) t(line, content)",
    "activation.plain_csv": "select 'buyers' as audience, 'Pann' as person_id, true as is_written, 'abc' as file_sha256",
    "raw.shop/part": "select * from (values ('mail', 'b.csv', 2), ('mail of another', 'b.csv', 9)) t(Email, _file, _line)",
}  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("held") / "snapshots" / "one"
    with open_duckdb(allowed=[folder]) as con:
        for name, select in TABLES.items():
            path = folder / f"{name.replace('.', '/', 1)}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"copy ({select}) to '{path}' (format parquet)")
    write_manifest(folder, Manifest(as_of="2026-06-30"))
    return folder


def held(snapshot: Path, asked: str, *, lookalikes: bool = False) -> Held:
    return gather(snapshot, SUBJECT, asked, lookalikes=lookalikes)


def test_likeness_alone_hands_nothing_out(snapshot: Path) -> None:
    """The record that only a likeness joins stays out, and with it every table about the whole person."""
    found = held(snapshot, "ann@mail.example")
    assert found.records == RECORDS[:3]
    assert found.withheld == 1
    assert {row["record_id"] for row in found.tables["staging.people"]} == {"1", "2", "3"}
    assert [row["order_id"] for row in found.tables["staging.orders"]] == ["o2"]
    assert "profiles.customers" not in found.tables
    assert "bart@mail.example" not in str(found.tables)


def test_the_record_that_is_asked_from_decides(snapshot: Path) -> None:
    """Asked from the look-alike itself, that record alone is handed out."""
    found = held(snapshot, "shop:4")
    assert found.records == RECORDS[3:]
    assert found.withheld == 3


def test_all_of_it_when_asked_for(snapshot: Path) -> None:
    """With look-alikes every layer is there, set-aside lines too, and of other people nothing."""
    found = held(snapshot, "Pann", lookalikes=True)
    assert not found.withheld
    assert set(found.tables) == {
        "raw.shop", "staging.people", "staging.orders", "staging.order_lines", "quarantine.people", "quarantine.lines",
        "identity.records", "identity.person_records", "profiles.customers", "profiles.golden_values",
        "activation.plain_csv",
    }  # fmt: skip
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
