"""The analysts' warehouse: what the documentation says, what the contracts label and what the file shows are one."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.pipeline import Pipeline, build_pipeline
from cdp_pipeline.privacy.masking import MASK
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.staging.keyed import key_columns
from cdp_pipeline_tests.acceptance.published import ROOT, SHIPPED

DOCS = ROOT / "docs" / "privacy-officers.md"
NAMESAKES = {"identity.accuracy.value", "reports.identity_accuracy.value", "reports.measurements.subject",
             "reports.unusual_numbers.subject"}  # fmt: skip
"""Columns that are called as a personal one elsewhere, and hold a measurement."""
PLACES = ("city", "region", "country")


@pytest.fixture(scope="module")
def project() -> Project:
    return read_project(SHIPPED)


@pytest.fixture(scope="module")
def pipeline(project: Project) -> Pipeline:
    return build_pipeline(project)


def labelled(project: Project, name: str) -> frozenset[str]:
    """Columns that the contract of a core table calls personal, and the keys made of them."""
    contract = project.contracts[name]
    columns = frozenset(c for c, spec in contract.columns.items() if spec.sensitivity != "public")
    return columns | {keys for column, keys in key_columns(contract).items() if column in columns}


def test_the_docs_say_which_places_stay_readable_and_the_contract_agrees(project: Project) -> None:
    """Town, region and country are named as readable, and are not labelled; street and postcode are."""
    words = " ".join(DOCS.read_text(encoding="utf-8").split())
    assert "Town, region and country stay readable" in words
    assert (
        "columns that a contract labels `sensitivity: personal`, or that a model's comment marks `[personal]`" in words
    )
    assert not labelled(project, "people") & {*PLACES, "language"}
    assert {"street", "house_number", "postcode", "email", "phone", "birth_date"} <= labelled(project, "people")


def test_labels_come_from_the_contract(project: Project, pipeline: Pipeline) -> None:
    """A core table has the labels of its contract, contacts and customers those of people, and themes add their own."""
    for name in project.contracts:
        assert pipeline.tables[f"staging.{name}"].personal == labelled(project, name)
    contacts = pipeline.tables["profiles.contacts"]
    assert contacts.personal == labelled(project, "people") & set(contacts.columns)
    customers = pipeline.tables["profiles.customers"]
    own = frozenset[str]().union(*(theme.personal for theme in project.themes))
    assert customers.personal == contacts.personal | own


def test_no_copy_of_a_labelled_column_loses_its_label(project: Project, pipeline: Pipeline) -> None:
    """Wherever a column has the name of a labelled one it is labelled, unless its own contract or a list says otherwise."""
    names = frozenset[str]().union(*(labelled(project, name) for name in project.contracts))
    bare = {
        f"{name}.{column}"
        for name, table in pipeline.tables.items()
        if table.layer not in ("raw", "staging", "quarantine")
        for column in names & set(table.columns)
        if column not in table.personal
    }
    assert bare == NAMESAKES


def test_the_file_shows_what_is_not_labelled_and_nothing_else(shared: Path, pipeline: Pipeline) -> None:
    """Column by column: a labelled one is masked, a pseudonym or empty; any other is as in the full warehouse."""
    folder = shared / "data" / "current"
    con = duckdb.connect()
    con.execute(f"attach '{folder / 'warehouse.duckdb'}' as shown (read_only)")
    con.execute(f"attach '{folder / 'warehouse_full.duckdb'}' as whole (read_only)")
    columns = con.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = 'whole' and schema_name <> 'config'"
    ).fetchall()
    looked_at = 0
    for table, column, kind in columns:
        if table not in pipeline.tables:
            continue
        if column in pipeline.tables[table].personal:
            seen = con.execute(f'select distinct "{column}" from shown.{table} where "{column}" is not null').fetchall()
            assert all(
                v == MASK or (column.endswith(("_id", "_key")) and re.fullmatch("[0-9a-f]{16}", v)) for (v,) in seen
            )
            assert kind == "VARCHAR" or not seen
        else:
            is_text = kind in ("VARCHAR", "VARCHAR[]")
            plain = (
                f"""where not regexp_matches(coalesce("{column}"::varchar, ''), '@|%40|[+]|%2B|tel:')"""
                if is_text
                else ""
            )
            differ = f"""select count(*) from (
                select "{column}" from whole.{table} {plain} except select "{column}" from shown.{table})"""
            assert con.execute(differ).fetchall() == [(0,)], (table, column)
        looked_at += 1
    assert looked_at > 500


@pytest.mark.parametrize("place", PLACES)
def test_people_can_be_grouped_by_place(shared: Path, place: str) -> None:
    """Town, region and country of customers group people in the masked file as in the full one."""
    counts = []
    for file in ("warehouse.duckdb", "warehouse_full.duckdb"):
        with duckdb.connect(str(shared / "data" / "current" / file), read_only=True) as con:
            counts.append(
                con.execute(f"select {place}, count(*) from profiles.customers group by all order by all").fetchall()
            )
    assert counts[0] == counts[1]
    assert place == "region" or len(counts[0]) > 1
