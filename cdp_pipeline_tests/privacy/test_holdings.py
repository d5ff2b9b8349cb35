"""How many rows of a published state are about the erased: by marks in core tables, by person in all others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_pipeline.ledgers.tombstones import SCHEMA, hashed
from cdp_pipeline.privacy.holdings import AUDIENCE, WRITTEN, add_dead, count_holdings, tables_in
from cdp_pipeline.project.project import read_project
from cdp_pipeline_tests.models.runner import SQL

SECRETS = ["first", "second"]
TABLES = {
    "identity/person_records": """('crm', '1', 'Pann'), ('shop', '7', 'Pann'), ('crm', '2', 'Pbart'), ('crm', '3', 'Pcor')
        t(source, record_id, person_id)""",
    "identity/changes": "('merged', 'Pmany', 'Pann'), ('split', 'Pcor', 'Pann') t(change, person_id, other_person_id)",
    "staging/people": """('crm', '1', 'ann@mail.example'), ('shop', '7', null), ('crm', '2', 'Ann@Mail.example'),
        ('crm', '3', null) t(source, record_id, email)""",
    "staging/products": "('shop', 'sku1') t(source, sku)",
    "quarantine/people": "('crm', '9', ' ann@mail.example') t(source, record_id, email)",
    "profiles/customers": "('Pann', 'Gouda'), ('Pbart', 'Ede') t(person_id, city)",
    "activation/plain_csv": "('Pann', true), ('Pann', false), ('Pbart', true) t(person_id, is_written)",
    "segments/history": """('Pann', 'buyers', 'audience'), ('Pann', 'active', 'exclusive'), ('Pmany', 'buyers', 'audience')
        t(person_id, segment, kind)""",
    "reports/sums": "(1) t(people)",
    "raw/arrivals": "('Pann') t(person_id)",
}


def published(folder: Path, marks: Sequence[tuple[str, str, str, str]]) -> dict[tuple[str, str], int]:
    """(request, name) → rows of a small state, for tombstones (secret, kind, value, request)."""
    rows = [
        {"kind": kind, "key": hashed(secret, kind, value), "request_id": request}
        for secret, kind, value, request in marks
    ]
    with duckdb.connect() as con:
        for name, values in TABLES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"copy (select * from (values {values})) to '{folder / name}.parquet'")
        add_dead(con, pa.Table.from_pylist(rows, schema=SCHEMA))
        counts = count_holdings(con, folder, read_project(SQL), SECRETS)
    assert counts == sorted(counts)
    return {(request, name): number for request, name, number in counts}


def test_rows_are_counted_by_marks_and_by_person(tmp_path: Path) -> None:
    """Another's row with the erased address counts too; whoever was merged into the erased does, who split off does not."""
    counts = published(tmp_path, [("first", "person_id", "Pann", "R1"), ("first", "email", "ann@mail.example", "R1"),
                                  ("second", "record_id", "shop:7", "R1")])  # fmt: skip
    assert counts == {
        ("R1", "staging.people"): 3, ("R1", "quarantine.people"): 1, ("R1", "identity.person_records"): 2,
        ("R1", "identity.changes"): 1, ("R1", "profiles.customers"): 1, ("R1", "activation.plain_csv"): 2,
        ("R1", f"activation.plain_csv{WRITTEN}"): 1, ("R1", "segments.history"): 3, ("R1", f"{AUDIENCE}buyers"): 2,
    }  # fmt: skip


def test_a_person_without_a_record_left_is_counted(tmp_path: Path) -> None:
    """All records erased, the person is, without a mark of its own; one record of two is not."""
    counts = published(tmp_path, [("first", "record_id", "crm:2", "R2"), ("first", "record_id", "crm:1", "R3")])
    assert counts["R2", "profiles.customers"] == 1
    assert ("R3", "profiles.customers") not in counts
    assert (counts["R2", "staging.people"], counts["R3", "staging.people"]) == (1, 1)


def test_nothing_is_held_where_nothing_was_published(tmp_path: Path) -> None:
    """A state without persons, and one of which nobody was erased."""
    with duckdb.connect() as con:
        add_dead(con, SCHEMA.empty_table())
        assert count_holdings(con, tmp_path, read_project(SQL), SECRETS) == []
    assert published(tmp_path, []) == {}
    assert "raw" not in {layer for layer, _ in tables_in(tmp_path)}
