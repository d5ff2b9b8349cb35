"""Which rows get which keys, and from which country a number is read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Contract, Settings
from cdp_pipeline.project.words import macros
from cdp_pipeline.staging.keyed import add_keys, key_columns
from cdp_pipeline_tests.project.test_words import WORDS
from cdp_pipeline_tests.whole_project import project


def keyed(table: str, row: str, people: str = "") -> tuple[list[str], ...]:
    """The keys of one row (SQL) of a core table of the shipped project; `people` is a row of staging.people."""
    contract = project().contracts[table]
    with duckdb.connect() as con:
        for macro in macros(WORDS):
            con.execute(macro)
        if people:
            con.execute(f"create schema staging; create table staging.people as {people}")
        missing = [c for c in contract.columns if f" as {c}" not in row]
        empty = "".join(f", null::varchar as {c}" for c in missing)
        made = "".join(f", []::varchar[] as {keys}" for keys in key_columns(contract).values())
        con.execute(f"create table candidates as {row}{empty}{made}")
        add_keys(con, project(), contract)
        found = con.execute(f"select {', '.join(key_columns(contract).values())} from candidates").fetchall()
    return found[0]


def test_a_person_has_keys_of_address_number_and_account() -> None:
    """The number is read from the row's own country."""
    row = (
        "select 'shopify' as source, 'Jo <JO@shop.example>' as email, '0475 12 34 56' as phone, "
        "'Belgium' as country, '7' as login_id"
    )
    assert keyed("people", row) == (["jo@shop.example"], ["+32475123456"], ["shopify:7"])


@pytest.mark.parametrize(
    ("namespace", "value", "key"),
    [
        ("email", "jo@shop.example;", "jo@shop.example"),
        ("login_id", "hubspot:7", "hubspot:7"),
        ("customer_id", "7", "shopify:7"),
        ("device_id", "d1", "d1"),
    ],
)
def test_an_identifier_is_keyed_by_its_namespace(namespace: str, value: str, key: str) -> None:
    """An account behind the system that issued it; a device as it is."""
    assert keyed("identifiers", f"select 'shopify' as source, '{namespace}' as namespace, '{value}' as value") == (
        [key],
    )


def test_a_number_of_a_permission_is_read_from_the_country_of_its_record() -> None:
    """Without one, from that of the project."""
    row = "select 'shopify' as source, '1' as record_id, 'phone' as namespace, '0475 12 34 56' as value"
    people = "select 'shopify' as source, '1' as record_id, 'België' as country"
    assert keyed("permissions", row, people) == (["+32475123456"],)
    assert keyed("permissions", row) == (["+31475123456"],)


def test_a_contract_without_keys_is_left_alone(tmp_path: Path) -> None:
    """Nothing is made, and nothing is needed."""
    contract = Contract.model_validate(
        {"description": "a", "owner": "a", "grain": ["a"], "columns": {"a": {"type": "text", "description": "a"}}}
    )
    with duckdb.connect() as con:
        con.execute("create table candidates as select 'x' as a")
        add_keys(con, Project(tmp_path, Settings(name="a")), contract)
        assert con.execute("from candidates").fetchall() == [("x",)]
