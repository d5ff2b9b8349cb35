"""profiles.customers as a run builds it, and what a new theme takes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.profiles.steps import steps
from cdp_pipeline.project.project import read_project
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Table
from cdp_pipeline_tests.profiles.scene import build_profiles, copy_project

ANNA, MAIL, BEN = ({"source": s, "record_id": r} for s, r in (("shop", "1"), ("mail", "2"), ("shop", "3")))
GIVEN: dict[str, list[dict[str, Any]]] = {
    "staging.people": [
        ANNA
        | {"email": "anna@example.org", "email_keys": ["anna@example.org"]}
        | {"first_name": "Anna", "last_name": "Berg", "updated_at": "2026-01-01"},
        MAIL | {"email": "anna+news@example.org", "email_keys": ["anna@example.org"]},
        BEN | {"email": "ben@example.org", "email_keys": ["ben@example.org"]},
    ],
    "identity.records": [ANNA, MAIL, BEN],
    "identity.person_records": [ANNA | {"person_id": "P1"}, MAIL | {"person_id": "P1"}, BEN | {"person_id": "P2"}],
    "identity.persons": [
        {"person_id": "P1", "records": 2, "since": "2026-01-01"},
        {"person_id": "P2", "records": 1, "since": "2026-01-01"},
    ],
    "staging.orders": [
        ANNA | {"order_id": "o1", "ordered_at": "2026-06-01", "status": "paid", "currency": "EUR", "total_amount": 50}
    ],
    "staging.permissions": [
        MAIL
        | {"namespace": "email", "value": "anna+news@example.org", "value_keys": ["anna@example.org"]}
        | {"purpose": "email_marketing", "channel": "email"}
        | {"status": "granted", "basis": "double_opt_in", "proof": "form", "changed_at": "2026-01-01"}
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_project(tmp_path)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return build_profiles(copy_project(tmp_path_factory.mktemp("shipped")), "first", GIVEN)


def read(run: Run, table: str, columns: str = "*") -> list[dict[str, Any]]:
    relation = duckdb.sql(f"select {columns} from '{run.path(table)}' order by 1")
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def customers_table(run: Run) -> Table:
    return next(step.tables[0] for step in steps(run.project) if step.names == ("profiles.customers",))


def test_one_row_a_person_from_records_to_customers(shipped: Run) -> None:
    """A buyer with consent and a person without anything: permissions no, counts 0 of what was counted, else null."""
    anna, ben = read(shipped, "profiles.customers")
    assert (anna["full_name"], anna["email"], anna["records_count"]) == ("Anna Berg", "anna@example.org", 2)
    assert (anna["orders_count"], anna["net_revenue"], anna["rfm_recency"]) == (1, Decimal(50), 1)
    assert (anna["permits_email_marketing"], anna["email_permission_basis"]) == (True, "double_opt_in")
    assert (ben["orders_count"], ben["returned_orders_count"], ben["net_revenue"]) == (0, 0, Decimal(0))
    not_delivered = (
        "tickets_count",
        "web_sessions_count",
        "newsletter_sent_count",
        "returned_items_count",
        "items_count",
    )
    assert {person[column] for person in (anna, ben) for column in not_delivered} == {None}
    assert (ben["permits_email_marketing"], ben["permits_profiling"]) == (False, False)
    assert (ben["recency_days"], ben["rfm_segment"], ben["email_permission_status"]) == (None, None, None)


def test_columns_are_documented_and_typed_exactly(shipped: Run) -> None:
    """The table has the columns it documents, in that order, every one with words, and no floating money."""
    run = shipped
    table = customers_table(run)
    kinds = {
        row[0]: row[1] for row in duckdb.sql(f"describe select * from '{run.path('profiles.customers')}'").fetchall()
    }
    assert list(kinds) == list(table.columns)
    assert all(table.columns.values())
    assert not any(words.startswith("[") for words in table.columns.values())
    assert not {"DOUBLE", "FLOAT", "HUGEINT"} & set(kinds.values())
    assert {name for name, kind in kinds.items() if kind.startswith("DECIMAL")} == {
        "gross_revenue",
        "refunded_revenue",
        "net_revenue",
    }
    assert {"email", "phone", "full_name", "street"} <= table.personal
    assert table.lineage["net_revenue"] == ("profiles.purchases.net_revenue",)


def test_a_new_theme_is_one_new_file(folder: Path) -> None:
    """A file in attributes/ gives customers its columns: with words, defaults, and personal when said."""
    (folder / "4_profiles" / "attributes" / "loyalty.sql").write_text(
        """-- Points of the loyalty card.
-- grain: person_id
-- owner: crm team
select
    person_id, -- Person
    cast(count(*) as bigint) as loyalty_points, -- [zero] Points
    max(record_id) as card_number -- [personal] Card
from identity.person_records
where source = 'mail'
group by person_id
""",
        encoding="utf-8",
    )
    run = build_profiles(folder, "test", GIVEN, upto="profiles.customers")
    table = customers_table(run)
    assert read(run, "profiles.customers", "person_id, loyalty_points, card_number") == [
        {"person_id": "P1", "loyalty_points": 1, "card_number": "2"},
        {"person_id": "P2", "loyalty_points": 0, "card_number": None},
    ]
    assert table.columns["loyalty_points"] == "Points"
    assert "card_number" in table.personal


def test_zero_is_only_where_something_was_counted(folder: Path) -> None:
    """A count that is empty for everybody stays empty, and so does one that a row of the theme leaves empty."""
    (folder / "4_profiles" / "attributes" / "points.sql").write_text(
        """-- Points.
-- grain: person_id
select
    person_id, -- Person
    1::bigint as earned, -- [zero] Points of those who have any
    null::bigint as never_told, -- [zero] Points that no source delivers
    false as is_member -- [false] Member
from identity.persons
where person_id = 'P1'
union all
select 'P3', null, null, null
""",
        encoding="utf-8",
    )
    given = GIVEN | {"identity.persons": [*GIVEN["identity.persons"], {"person_id": "P3", "records": 1}]}
    run = build_profiles(folder, "test", given, upto="profiles.customers")
    assert [
        tuple(row.values()) for row in read(run, "profiles.customers", "person_id, earned, never_told, is_member")
    ] == [("P1", 1, None, False), ("P2", 0, None, False), ("P3", None, None, None)]


def test_every_theme_that_cannot_be_joined_is_told_at_once(folder: Path) -> None:
    """Another grain, no person_id, and a column that exists already."""
    attributes = folder / "4_profiles" / "attributes"
    (attributes / "a.sql").write_text(
        "-- A.\n-- grain: order_id\nselect person_id, order_id\nfrom profiles.order_facts\n", encoding="utf-8"
    )
    (attributes / "b.sql").write_text(
        "-- B.\n-- grain: person_id\nselect 1 as persn_id, 'x' as email\n", encoding="utf-8"
    )
    with pytest.raises(ProjectError) as raised:
        steps(read_project(folder))
    told = [problem.removeprefix(str(attributes)) for problem in raised.value.problems]
    assert told == [
        "/a.sql: an attribute theme has `-- grain: person_id`, found order_id",
        "/b.sql: the SELECT gives no person_id (did you mean persn_id?)",
        "/b.sql: column email is already given by profiles.contacts",
    ]


def test_no_two_shipped_themes_give_the_same_column(folder: Path) -> None:
    """Every attribute has one home."""
    columns = [column for theme in read_project(folder).themes for column in theme.columns if column != "person_id"]
    assert len(columns) == len(set(columns))


def test_two_builds_are_the_same_bytes(shipped: Run) -> None:
    """Rows given in another order make the same files."""
    again = build_profiles(shipped.exports, "second", {table: rows[::-1] for table, rows in GIVEN.items()})
    for table in ("profiles.customers", "profiles.golden_values", "profiles.timeline", "profiles.permissions"):
        assert again.digest(table) == shipped.digest(table)
