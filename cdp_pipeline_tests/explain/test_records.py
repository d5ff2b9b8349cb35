"""Records as they read in their sources, and what of them counts for nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.explain.published import find, open_tables
from cdp_pipeline.explain.records import of_nodes, of_person, silenced
from cdp_pipeline.privacy.door import Door, Leave
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline_tests.identity.people import KEY, MATCHING


@pytest.fixture
def leave(tmp_path: Path) -> Leave:
    return Door(tmp_path, "explain").enter([Subject("P")])


def test_a_record_reads_as_in_its_source(snapshot: Path, leave: Leave) -> None:
    """Values by field, empty ones as nothing, and where it stands; all records of a person by source and id."""
    con = open_tables(snapshot)
    records = of_person(con, leave, find(con, "crm:1").person)
    assert [record.label for record in records] == ["crm:1", "shop:2", "shop:3"]
    assert records[2].values == {
        "name": "A. Bakker", "email": "anna.b@mail.example", "phone": "0612345670", "birth_date": None,
        "address": "Kerkstr. 7, 3511 AB Utrecht", "company": None,
    }  # fmt: skip
    assert records[0].place == "people.csv:1"
    assert records[0].line == "Anna Bakker · anna.b@mail.example · 0612345670 · Kerkstraat 7, 3511 AB Utrecht"
    assert records[0].node == records[1].node != records[2].node


def test_a_node_is_shown_by_its_first_record(snapshot: Path, leave: Leave) -> None:
    """Of copies the first by source and id."""
    con = open_tables(snapshot)
    records = of_person(con, leave, find(con, "crm:1").person)
    assert of_nodes(con, leave, [records[1].node, records[2].node]) == {
        records[0].node: records[0], records[2].node: records[2],
    }  # fmt: skip


def test_a_correction_is_told_beside_the_place(data: Path, leave: Leave) -> None:
    """Which fields somebody corrected, of that record only."""
    (snapshot,) = (data / "snapshots").iterdir()
    duckdb.sql(f"""copy (select * from (values ('crm', '1', 'phone'), ('crm', '1', 'email'), ('crm', '9', 'phone'))
        as t(source, record_id, column_name)) to '{snapshot}/staging/corrections.parquet'""")
    con = open_tables(snapshot)
    records = of_person(con, leave, find(con, "crm:1").person)
    assert [record.place for record in records[:2]] == ["people.csv:1 (corrected: email, phone)", "people.csv:26"]


def test_without_the_export_the_compared_form_is_shown(data: Path, leave: Leave) -> None:
    """When staging is gone, values are those that were compared, and no place is known."""
    (snapshot,) = (data / "snapshots").iterdir()
    (snapshot / "staging" / "people.parquet").unlink()
    con = open_tables(snapshot)
    (record,) = of_person(con, leave, find(con, "news:6").person)[1:]
    assert (record.label, record.values["email"], record.place) == ("news:6", "daan.v@mail.example", "")
    assert silenced(con, [record], MATCHING, "NL", KEY) == ()


def test_identifiers_that_count_for_nothing_are_told(data: Path, leave: Leave) -> None:
    """What a guard took out with its counts, what is no usable value as such, and nothing of the rest."""
    (snapshot,) = (data / "snapshots").iterdir()
    people = snapshot / "staging" / "people.parquet"
    duckdb.sql(f"copy (select * replace (if(record_id = '101', '1', phone) as phone) from '{people}') to '{people}'")
    con = open_tables(snapshot)
    (till,) = of_person(con, leave, find(con, "till:101").person)
    (stranger,) = of_person(con, leave, find(con, "crm:7").person)
    assert silenced(con, [till, stranger], MATCHING, "NL", KEY) == (
        "The e-mail of till:101 counts for nothing: on 24 records with 12 last names, so it identifies nobody.",
        "The phone of till:101 counts for nothing: it is a placeholder, or not usable.",
    )
    assert silenced(con, [till], MATCHING, "NL", None)[0] == (
        "The e-mail of till:101 counts for nothing: it is on too many records of too many people, so it identifies nobody."
    )
    (snapshot / "identity" / "blocked_identifiers.parquet").unlink()
    assert "too many people" in silenced(open_tables(snapshot), [till], MATCHING, "NL", KEY)[0]
