"""Which record wins a field, and what is told about it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline.profiles import golden
from cdp_pipeline.project.shapes import Contract, FieldRule, Survivorship
from cdp_pipeline.project.yaml_file import read_shape
from cdp_pipeline.run.lake import open_duckdb
from cdp_pipeline_tests.models.runner import SQL, Row, fill, rows_of, types

KEYS = ("phone_key", "country_code")
TABLES = ("staging.people", "staging.corrections", "identity.person_records", "identity.records", "identity.persons")
CON = open_duckdb()
for _table in TABLES:
    CON.execute(f"create schema if not exists {_table.partition('.')[0]}; create table {_table} ({types(_table)})")
PROBLEMS: list[str] = []
SHIPPED = read_shape(SQL / "4_profiles" / "survivorship.yml", Survivorship, PROBLEMS) or Survivorship(
    trust=(), fields={}
)
PEOPLE = read_shape(SQL / "2_staging" / "people.yml", Contract, PROBLEMS)


def golden_of(survivorship: Survivorship, records: Sequence[Row]) -> list[dict[str, Any]]:
    """Golden values of records that are all of person P1 unless they say otherwise."""
    for table in TABLES:
        CON.execute(f"delete from {table}")
    people = [{k: v for k, v in r.items() if k not in ("person_id", *KEYS)} for r in records]
    fill(CON, "staging.people", people)
    keys = [{"source": r["source"], "record_id": r["record_id"]} for r in records]
    fill(
        CON,
        "identity.person_records",
        [k | {"person_id": r.get("person_id", "P1")} for k, r in zip(keys, records, strict=True)],
    )
    fill(CON, "identity.records", [k | {key: r.get(key) for key in KEYS} for k, r in zip(keys, records, strict=True)])
    return rows_of(CON, f"select * from ({golden.golden_values_sql(survivorship)}) order by person_id, field")


def one(rule: str, *records: Row, field: str = "city", together: tuple[str, ...] = ()) -> dict[str, Any]:
    """The golden values by field under one rule, with the systems crm and shop, crm trusted more."""
    shape = FieldRule.model_validate({"rule": rule, "description": "x", "together": together})
    survivorship = Survivorship(trust=("crm", "shop"), placeholders=("-", "Unknown"), fields={field: shape})
    return {row["field"]: row for row in golden_of(survivorship, records)}


def record(source: str, record_id: str, updated_at: str | None = None, **columns: Any) -> Row:
    return {"source": source, "record_id": record_id, "updated_at": updated_at, **columns}


@pytest.mark.parametrize(
    ("rule", "winner"),
    [("most_recent", "Delft"), ("most_trusted", "Gouda"), ("most_frequent", "Ede"), ("most_complete", "Amersfoort")],
)
def test_each_rule_picks_its_own_winner(rule: str, winner: str) -> None:
    """The same five records give four different cities under the four rules."""
    found = one(
        rule,
        record("web", "1", "2026-05-01", city="Delft"),
        record("crm", "1", "2020-01-01", city="Gouda"),
        record("shop", "1", "2021-01-01", city="Ede"),
        record("shop", "2", "2021-01-01", city="ede"),
        record("shop", "3", "2021-01-01", city="Amersfoort"),
    )
    assert found["city"]["value"].title() == winner
    assert found["city"]["rule"] == rule
    assert found["city"]["candidates"] == 5


def test_losing_values_are_told_once_with_their_best_record() -> None:
    """Each other value stands once, best first; records that agree with the winner lost nothing."""
    found = one(
        "most_recent",
        record("shop", "1", "2026-03-01", city="Delft", _file="a.csv", _line=7),
        record("shop", "2", "2026-02-01", city="Gouda"),
        record("shop", "3", "2026-01-01", city="Gouda"),
        record("shop", "4", "2025-01-01", city="Delft"),
        record("crm", "5", city="Ede"),
    )["city"]
    assert (found["value"], found["source"], found["record_id"], found["_file"], found["_line"]) == (
        "Delft",
        "shop",
        "1",
        "a.csv",
        7,
    )
    assert found["losing_values"] == [
        {"value": "Gouda", "source": "shop", "record_id": "2"},
        {"value": "Ede", "source": "crm", "record_id": "5"},
    ]


def test_a_correction_keeps_what_other_records_said() -> None:
    """What a correction replaced loses with its record, after what records still say, and each value once."""
    address = {"street": "Dijk", "postcode": "1000 AA"}
    people = [
        record("crm", "1", "2026-02-01", city="Utrecht", **address),
        record("shop", "2", "2026-03-01", city="Utrecht", **address),
        record("web", "3", "2026-01-01", city="Ede", **address),
        record("web", "4", city="Utrecht", person_id="P2", **address),
    ]
    golden_of(SHIPPED, people)
    cell = {"column_name": "city", "value": "Utrecht"}
    fill(
        CON,
        "staging.corrections",
        [
            cell | {"source": "crm", "record_id": "1", "replaced": "Gouda"},
            cell | {"source": "shop", "record_id": "2", "replaced": "Ede"},
            cell | {"source": "web", "record_id": "4"},
        ],
    )
    rows = rows_of(CON, f"select * from ({golden.golden_values_sql(SHIPPED)}) where field = 'city' order by person_id")
    assert [(row["value"], row["source"], row["record_id"]) for row in rows] == [
        ("Utrecht", "correction", "shop:2"), ("Utrecht", "correction", "web:4")
    ]  # fmt: skip
    assert [row["losing_values"] for row in rows] == [
        [{"value": "Ede", "source": "web", "record_id": "3"}, {"value": "Gouda", "source": "crm", "record_id": "1"}], []
    ]  # fmt: skip
    assert [row["candidates"] for row in rows] == [3, 1]


def test_age_falls_back_to_the_day_the_record_was_made() -> None:
    """A record without updated_at is as old as created_at; without both it is older than all."""
    found = one(
        "most_recent",
        record("shop", "1", "2026-01-01", city="Delft"),
        record("shop", "2", city="Gouda", created_at="2026-02-01"),
        record("crm", "3", city="Ede"),
    )
    assert found["city"]["value"] == "Gouda"


def test_ties_go_to_the_trusted_system_then_to_the_smaller_key() -> None:
    """Equal ages: crm before shop before a system nobody ranked; then source and record."""
    same = "2026-01-01"
    assert (
        one("most_recent", record("web", "1", same, city="A"), record("shop", "9", same, city="B"))["city"]["value"]
        == "B"
    )
    assert (
        one("most_recent", record("shop", "2", same, city="A"), record("shop", "1", same, city="B"))["city"]["value"]
        == "B"
    )
    assert (
        one("most_recent", record("web", "1", same, city="A"), record("app", "2", same, city="B"))["city"]["value"]
        == "B"
    )


def test_placeholders_and_blanks_are_no_candidates() -> None:
    """`-`, `UNKNOWN` and blanks never win, however new; a person with nothing else has no row."""
    found = one(
        "most_recent",
        record("shop", "1", "2026-01-01", city=" UNKNOWN "),
        record("shop", "2", "2020-01-01", city=" Ede "),
    )
    assert (found["city"]["value"], found["city"]["candidates"]) == ("Ede", 1)
    assert one("most_recent", record("shop", "1", city="-"), record("shop", "2", city="  ")) == {}


@pytest.mark.parametrize(
    "junk", ["anna", "anna@", "@example.org", "anna@example", "a b@example.org", "a@b@example.org", "a@b..org", "n/a"]
)
def test_an_email_that_cannot_exist_is_no_candidate(junk: str) -> None:
    """An older possible address beats a newer impossible one, and is written in lower case."""
    found = one(
        "most_recent",
        record("s", "1", "2026-01-01", email=junk),
        record("s", "2", email=" Anna@Example.org "),
        field="email",
    )
    assert found["email"]["value"] == "anna@example.org"


def test_a_phone_is_the_number_and_not_its_spelling() -> None:
    """Only numbers that identity found valid are candidates, in E.164."""
    found = one(
        "most_recent",
        record("s", "1", "2026-01-01", phone="none of your business"),
        record("s", "2", phone="06 1111 1111", phone_key="+31611111111"),
        record("s", "3", "2026-02-01", phone="02 123 45 67", phone_key="?+3221234567"),
        field="phone",
    )
    assert found["phone"]["value"] == "+31611111111"


def test_a_country_is_its_code_when_it_has_one() -> None:
    """Two ways to write a country agree, and one that is no country stays as it was written."""
    dutch = [record("s", str(n), country=written, country_code="NL") for n, written in enumerate(("Nederland", "nl"))]
    found = one("most_recent", *dutch, record("s", "9", country="Narnia"), field="country")["country"]
    assert (found["value"], [lost["value"] for lost in found["losing_values"]]) == ("NL", ["Narnia"])


def test_fields_that_go_together_come_from_one_record() -> None:
    """The newest record with a street gives the whole address, with its gaps; a newer city alone nothing."""
    found = one(
        "most_recent",
        record("s", "new", "2026-03-01", city="Delft"),
        record("s", "moved", "2026-02-01", street="Kade", postcode="2000 AA"),
        record("s", "old", "2026-01-01", street="Dijk", postcode="1000 AA", city="Ede"),
        field="address",
        together=("street", "postcode", "city"),
    )
    assert {field: row["value"] for field, row in found.items()} == {"street": "Kade", "postcode": "2000 AA"}
    assert [row["value"] for row in found["street"]["losing_values"]] == ["Dijk"]


def test_most_complete_counts_the_fields_of_a_group() -> None:
    """Three parts of a name beat two newer ones."""
    found = one(
        "most_complete",
        record("s", "1", "2026-01-01", first_name="A.", last_name="Berg"),
        record("s", "2", "2020-01-01", first_name="Anna", middle_name="van den", last_name="Berg"),
        record("s", "3", "2026-02-01", full_name="A van den Berg"),
        field="name",
        together=("last_name", "first_name", "middle_name", "full_name"),
    )
    assert {field: row["value"] for field, row in found.items()} == {
        "first_name": "Anna",
        "last_name": "Berg",
        "middle_name": "van den",
    }


def test_contacts_give_every_person_a_row_and_a_whole_name() -> None:
    """A name in parts becomes a full name, a day of birth a date, a person without values nulls."""
    rows = golden_of(
        SHIPPED,
        [record("crm", "1", first_name="Anna", middle_name="van den", last_name="Berg", birth_date="1980-02-29")],
    )
    CON.execute("create schema if not exists profiles")
    CON.execute(f"create or replace table profiles.golden_values as {golden.golden_values_sql(SHIPPED)}")
    fill(CON, "identity.persons", [{"person_id": "P1"}, {"person_id": "P2"}])
    contacts = rows_of(
        CON,
        "select person_id, full_name, birth_date::varchar as born, email "
        f"from ({golden.contacts_sql(SHIPPED)}) order by person_id",
    )
    assert len(rows) == 4
    assert contacts == [
        {"person_id": "P1", "full_name": "Anna van den Berg", "born": "1980-02-29", "email": None},
        {"person_id": "P2", "full_name": None, "born": None, "email": None},
    ]


RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["crm", "shop", "web"]),
            "updated_at": st.sampled_from([None, "2026-01-01", "2026-02-01"]),
            "person_id": st.sampled_from(["P1", "P2"]),
            "city": st.sampled_from([None, "", "-", "Ede", "ede", "Delft"]),
            "street": st.sampled_from([None, "Kade 1", "Dijk 2"]),
            "first_name": st.sampled_from([None, "A", "Anna"]),
            "last_name": st.sampled_from([None, "Berg"]),
            "email": st.sampled_from([None, "a@example.org", "x", "b@example.org"]),
        }
    ),
    max_size=8,
)


@settings(max_examples=15, deadline=None)
@given(records=RECORDS, seed=st.integers(0, 9))
def test_the_order_of_records_never_matters(records: list[dict[str, Any]], seed: int) -> None:
    """Shuffled records give the same values: one a field, of a record that has it, groups unmixed."""
    numbered = [r | {"record_id": str(number)} for number, r in enumerate(records)]
    shuffled = random.Random(seed).sample(numbered, len(numbered))
    found = golden_of(SHIPPED, numbered)
    assert found == golden_of(SHIPPED, shuffled)
    assert len({(row["person_id"], row["field"]) for row in found}) == len(found)
    by_id = {r["record_id"]: r for r in numbered}
    for row in found:
        winner = by_id[row["record_id"]]
        assert (winner["person_id"], winner["source"]) == (row["person_id"], row["source"])
        assert row["value"] == winner[row["field"]]
        assert row["value"] not in [lost["value"] for lost in row["losing_values"]]
    for group in golden.groups(SHIPPED).values():
        for person in ("P1", "P2"):
            assert len({row["record_id"] for row in found if row["person_id"] == person and row["field"] in group}) <= 1


def test_the_shipped_file_fits_the_contract() -> None:
    """survivorship.yml has no mistakes and covers every contact field of people."""
    assert PEOPLE
    assert not PROBLEMS
    assert golden.mistakes(Path("survivorship.yml"), SHIPPED, PEOPLE) == []
    no_contact = {"source", "record_id", "is_email_verified", "login_id", "created_at", "updated_at", "attributes"}
    assert set(golden.fields(SHIPPED)) == set(PEOPLE.columns) - no_contact


def test_every_mistake_in_survivorship_is_told_at_once() -> None:
    """Unknown, doubled and missing fields, with the nearest name."""
    assert PEOPLE
    city = FieldRule(rule="most_recent", description="x")
    wrong = Survivorship(
        trust=(),
        fields={
            "citty": city,
            "city": city,
            "address": FieldRule(rule="most_recent", description="x", together=("street", "city")),
        },
    )
    assert golden.mistakes(Path("survivorship.yml"), wrong, PEOPLE) == [
        "survivorship.yml: fields: people has no column citty (did you mean city?)",
        "survivorship.yml: fields: city is decided twice",
        "survivorship.yml: fields: email is missing; permissions need it",
        "survivorship.yml: fields: phone is missing; permissions need it",
    ]


def test_a_quote_in_the_configuration_stays_text() -> None:
    """Names and placeholders of the YAML file are literals, whatever they hold."""
    survivorship = Survivorship(
        trust=("o'neill",), placeholders=("'",), fields={"city": FieldRule(rule="most_trusted", description="x")}
    )
    found = golden_of(
        survivorship, [record("o'neill", "1", city="'s-Hertogenbosch"), record("a", "2", "2026-01-01", city="'")]
    )
    assert [row["value"] for row in found] == ["'s-Hertogenbosch"]
