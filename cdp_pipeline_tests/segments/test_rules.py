"""Rules are judged before anything runs: columns, forms, names, purposes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdp_pipeline.project.expressions import read_expression
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.project.shapes import Audience, Segment, Segmentation
from cdp_pipeline.project.sql_model import read_model
from cdp_pipeline.segments.rules import audience_rules, check_rules, personal_columns
from cdp_pipeline_tests.models.runner import SQL

CUSTOMERS = ["person_id", "email", "country", "orders_count", "recency_days", "net_revenue", "permits_sms_marketing"]


def with_rule(project: Project, where: str) -> Project:
    rule = Audience(description="a", owner="crm", purpose="email_marketing", where=where)
    return replace(project, audiences={"tried": rule})


def test_the_project_of_the_tests_is_right(project: Project) -> None:
    """Rules over known columns and an exclusive segmentation have no problems."""
    assert check_rules(project, CUSTOMERS) == []


def test_a_wrong_column_is_told_with_file_and_nearest_name(project: Project) -> None:
    """A misspelled column names the file, what was found and what was probably meant."""
    (problem,) = check_rules(with_rule(project, "net_revenu >= 500"), CUSTOMERS)
    assert "audiences/tried.yml" in problem.replace("\\", "/")
    assert "unknown column net_revenu (did you mean net_revenue?)" in problem


def test_all_problems_are_told_at_once(project: Project) -> None:
    """Two wrong columns in a segmentation and one in an audience are three problems."""
    wrong = Segmentation(
        description="a",
        owner="crm",
        segments=(Segment(name="a", description="a", where="order_count = 1 or recency = 2"),),
        otherwise="b",
    )
    found = replace(with_rule(project, "land = 'NL'"), segmentations={"lifecycle": wrong})
    assert len(check_rules(found, CUSTOMERS)) == 3


def test_an_exclusive_segmentation_is_a_column_of_audiences_only(project: Project) -> None:
    """A segmentation may not use another segmentation, an audience may."""
    assert check_rules(with_rule(project, "lifecycle = 'active'"), CUSTOMERS) == []
    circular = Segmentation(
        description="a",
        owner="crm",
        segments=(Segment(name="a", description="a", where="lifecycle = 'b'"),),
        otherwise="b",
    )
    assert check_rules(replace(project, segmentations={"lifecycle": circular}, audiences={}), CUSTOMERS)


@pytest.mark.parametrize(
    "where",
    [
        "orders_count in (select 1)",
        "exists (select 1 from profiles.customers)",
        "select true",
        "true; drop table t",
        "1 = 1) or (1 = 1",
        "getenv('HOME') = ''",
        "read_text('file') is not null",
        "random() < 0.5",
        "now() > last_order_date",
        "current_date > as_of",
        "nextval('s') = 1",
        "count(*) > 1",
        "row_number() over () = 1",
        "customers.orders_count = 1",
        "profiles.customers.orders_count = 1",
        "orders_count + 1",
        "'yes'",
        "coalesce(orders_count, 0)",
        "net_revenue >",
        "",
        "-- nothing",
        "orders_count = $1",
        "getvariable('x') = 1",
        "error('x') is null",
        "copy t to 'x'",
        "country = 'NL' union select 1",
        "pragma_version() is null",
        "columns('o.*') = 1",
        "query('select 1') = 1",
        "(select max(orders_count) from profiles.customers) = 1",
    ],
)
def test_more_than_an_expression_is_refused(project: Project, where: str) -> None:
    """Queries, statements, clocks, files, chance, aggregates and plain values are no rules."""
    assert check_rules(with_rule(project, where), CUSTOMERS)


@pytest.mark.parametrize(
    "where",
    [
        "permits_sms_marketing",
        "not permits_sms_marketing and country in ('NL', 'BE')",
        "recency_days between 14 and 120",
        "coalesce(orders_count, 0) = 0",
        "lower(country) like 'n%' or starts_with(country, 'B')",
        "as_of - interval 30 days > date '2020-01-01'",
        "country is distinct from 'NL'",
        "case when orders_count > 1 then true else false end = true",
        "(net_revenue / nullif(orders_count, 0)) > 50.5",
        "true",
    ],
)
def test_plain_expressions_are_taken(project: Project, where: str) -> None:
    """The forms that analysts write every day are allowed."""
    assert check_rules(with_rule(project, where), CUSTOMERS) == []


def test_comments_never_reach_the_sql() -> None:
    """A comment cannot swallow what is generated after the rule."""
    expression, problems = read_expression("orders_count = 1 -- or more", ["orders_count"], is_condition=True)
    assert (expression.sql, problems) == ("orders_count = 1", [])


def test_text_in_double_quotes_is_explained() -> None:
    """A text in double quotes is a column in SQL, and the message says so."""
    assert "single quotes" in read_expression('country = "zzz"', ["country"])[1][0]


def test_names_that_clash_are_refused(project: Project) -> None:
    """A segmentation cannot have the name of a column, a segment not the name of another."""
    assert any("lifecycle already" in p for p in check_rules(project, [*CUSTOMERS, "lifecycle"]))
    twice = Segmentation(
        description="a", owner="crm", segments=(Segment(name="a", description="a", where="true"),), otherwise="a"
    )
    assert any("named twice" in p for p in check_rules(replace(project, segmentations={"lifecycle": twice}), CUSTOMERS))
    assert any(
        "file name" in p
        for p in check_rules(replace(project, audiences={"Win-Back": project.audiences["dutch"]}), CUSTOMERS)
    )


def test_an_unknown_legal_basis_is_refused(project: Project) -> None:
    """The legal basis of an audience comes from a closed list, with the nearest name."""
    rule = Audience(description="a", owner="crm", purpose="email_marketing", legal_basis="consnt", where="true")
    (problem,) = check_rules(replace(project, audiences={"a": rule}), CUSTOMERS)
    assert "did you mean consent?" in problem


def test_personal_columns_are_known() -> None:
    """An e-mail address and a person's id are never told in a history; a town is."""
    personal = personal_columns(read_project(SQL))
    assert {"email", "person_id", "gender"} <= personal
    assert "city" not in personal


@pytest.mark.parametrize(("where", "is_profiling"), [("permits_sms_marketing", False), ("orders_count > 1", True)])
def test_only_named_columns_are_no_profiling(project: Project, tmp_path: Path, where: str, is_profiling: bool) -> None:
    """In one theme a column that the header names is no profiling, and the one beside it is."""
    path = tmp_path / "attributes" / "consent.sql"
    path.parent.mkdir()
    path.write_text(
        "-- words\n-- grain: person_id\n-- no profiling: permits_sms_marketing\n"
        "select person_id, true as permits_sms_marketing, orders_count from staging.orders\n"
    )
    model = read_model(path, "profiles", [])
    assert model is not None
    found = replace(with_rule(project, where), models={model.name: model})
    (rule,) = audience_rules(found, CUSTOMERS)[0]
    assert rule.is_profiling is is_profiling
