"""Memberships, history, sizes and overlaps over several days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.project.shapes import Audience
from cdp_pipeline.segments.steps import steps
from cdp_pipeline_tests.models.runner import SQL

Perform = Callable[..., Any]


def customer(
    person: str,
    orders: int | None = 1,
    recency: int | None = 10,
    revenue: str = "0",
    country: str | None = "NL",
    mail: str | None = None,
) -> tuple[Any, ...]:
    return (person, mail, country, orders, recency, Decimal(revenue), False)


def audience(where: str) -> Audience:
    return Audience(description="a", owner="crm", purpose="email_marketing", where=where)


FIRST = [customer("p1", recency=170, revenue="600"), customer("p2", 0, None), customer("p3", None, None, country=None)]
SECOND = [customer("p1", recency=190, revenue="600"), customer("p2", 0, None), customer("p4", mail="x@example.org")]


def test_every_customer_is_in_exactly_one_segment(project: Project, perform: Perform) -> None:
    """An exclusive segmentation gives each person the first segment that fits, else the otherwise."""
    done = perform(project, FIRST, "2026-03-01")
    found = done.rows("select person_id, segment from segments.memberships where kind = 'exclusive' order by all")
    assert found == [("p1", "active"), ("p2", "prospect"), ("p3", "unclassified")]


def test_audiences_may_overlap(project: Project, perform: Perform) -> None:
    """A person is in every audience whose rule is true, and an unknown is not true."""
    done = perform(project, SECOND, "2026-03-01")
    found = done.rows("select person_id, segment from segments.memberships where kind = 'audience' order by all")
    assert found == [("p1", "dutch"), ("p1", "win_back"), ("p2", "dutch"), ("p4", "dutch"), ("p4", "with_mail")]


def test_since_is_carried_over(project: Project, perform: Perform) -> None:
    """Who stays keeps the first day, who comes in gets today."""
    first = perform(project, FIRST, "2026-03-01")
    second = perform(project, SECOND, "2026-03-05", first)
    found = second.rows(
        "select person_id, segment, since from segments.memberships where person_id = 'p1' order by all"
    )
    assert found == [
        ("p1", "dutch", date(2026, 3, 1)),
        ("p1", "lapsed", date(2026, 3, 5)),
        ("p1", "win_back", date(2026, 3, 5)),
    ]


def test_history_tells_the_changed_fact(project: Project, perform: Perform) -> None:
    """Every entry and exit names the column of the rule that changed, or what else happened."""
    first = perform(project, FIRST, "2026-03-01")
    second = perform(project, SECOND, "2026-03-05", first)
    found = second.rows(
        "select person_id, segmentation, segment, event, changed_fact from segments.history "
        "where as_of = '2026-03-05' order by all"
    )
    gone = "no longer a customer: merged, split or erased"
    assert found == [
        ("p1", "audience", "win_back", "entered", "lifecycle: active → lapsed"),
        ("p1", "lifecycle", "active", "left", "recency_days: 170 → 190"),
        ("p1", "lifecycle", "lapsed", "entered", "recency_days: 170 → 190"),
        ("p3", "lifecycle", "unclassified", "left", gone),
        ("p4", "audience", "dutch", "entered", "new customer"),
        ("p4", "audience", "with_mail", "entered", "new customer"),
        ("p4", "lifecycle", "active", "entered", "new customer"),
    ]


def test_history_keeps_earlier_days(project: Project, perform: Perform) -> None:
    """Rows of earlier days stay as they were written."""
    first = perform(project, FIRST, "2026-03-01")
    second = perform(project, SECOND, "2026-03-05", first)
    before = "select * from segments.history where as_of = '2026-03-01' order by all"
    assert second.rows(before) == first.rows(before)
    assert first.rows(before)


def test_values_of_personal_columns_are_not_told(project: Project, perform: Perform) -> None:
    """Of an e-mail address the history says that it changed, never what it was."""
    project = replace(project, contracts=read_project(SQL).contracts)
    first = perform(project, [customer("p1")], "2026-03-01")
    second = perform(project, [customer("p1", mail="secret@example.org")], "2026-03-02", first)
    found = second.rows("select changed_fact from segments.history where as_of = '2026-03-02'")
    assert found == [("email: changed",)]


def test_a_new_rule_is_the_changed_fact(project: Project, perform: Perform) -> None:
    """When no fact of a person changed, the rule did."""
    first = perform(project, FIRST, "2026-03-01")
    more = replace(project, audiences={"all": audience("orders_count >= 0")})
    second = perform(more, FIRST, "2026-03-02", first)
    found = second.rows(
        "select distinct changed_fact from segments.history where as_of = '2026-03-02' and segment = 'all'"
    )
    assert found == [("rule added, edited or removed",)]


def test_a_day_run_again_gives_the_same_rows(project: Project, perform: Perform) -> None:
    """The same day over the same data, on top of its own publication, changes no table."""
    first = perform(project, FIRST, "2026-03-01")
    second = perform(project, SECOND, "2026-03-05", first)
    again = perform(project, SECOND, "2026-03-05", second)
    assert again.tables() == second.tables()
    assert perform(project, FIRST, "2026-03-01", first).tables() == first.tables()


def test_a_day_run_again_on_mended_data_forgets_the_mistake(project: Project, perform: Perform) -> None:
    """When a wrong delivery is mended on the same day, history and since are as if it had never been."""
    first = perform(project, FIRST, "2026-03-01")
    wrong = perform(project, [customer("p1", 0, None)], "2026-03-05", first)
    mended = perform(project, FIRST, "2026-03-05", wrong)
    rows = "select person_id, segment, since from segments.memberships order by all"
    assert mended.rows(rows) == first.rows(rows)
    assert mended.rows("select count(*) from segments.history where as_of = '2026-03-05'") == [(0,)]


def test_sizes_add_up(project: Project, perform: Perform) -> None:
    """Every named segment has a size, also an empty one, and people = previous + entered - left."""
    first = perform(project, FIRST, "2026-03-01")
    second = perform(project, SECOND, "2026-03-05", first)
    rows = second.rows('select segment, people, previous_people, entered, "left" from segments.sizes order by segment')
    assert [row[0] for row in rows] == [
        "active",
        "dutch",
        "lapsed",
        "prospect",
        "unclassified",
        "win_back",
        "with_mail",
    ]
    assert all(people == before + entered - left for _, people, before, entered, left in rows)
    assert {row[0]: row[1:] for row in rows}["unclassified"] == (0, 1, 0, 1)


def test_overlaps(project: Project, perform: Perform) -> None:
    """People in both of two segments are counted once a pair, with the share of each."""
    done = perform(project, SECOND, "2026-03-05")
    found = done.rows(
        "select people, share_of_a, share_of_b from segments.overlaps "
        "where segment_a = 'dutch' and segment_b = 'win_back'"
    )
    assert found == [(1, Decimal("0.3333"), Decimal("1.0000"))]


def test_no_customers(project: Project, perform: Perform) -> None:
    """Without customers the tables are empty, but every segment has a size of zero."""
    done = perform(project, [], "2026-03-01")
    assert done.rows("select count(*), sum(people) from segments.sizes") == [(7, 0)]


def test_no_rules(project: Project, perform: Perform) -> None:
    """A project without segments still gives its four tables."""
    done = perform(replace(project, segmentations={}, audiences={}), FIRST, "2026-03-01")
    assert done.rows("select count(*) from segments.memberships") == [(0,)]


def test_one_file_more_is_one_audience_more(project: Project, perform: Perform) -> None:
    """An audience file gives its memberships and its size, and changes nothing else."""
    plain = perform(project, FIRST, "2026-03-01")
    more = perform(
        replace(project, audiences={**project.audiences, "big": audience("net_revenue > 1")}), FIRST, "2026-03-01"
    )
    rows = "select * from segments.memberships order by all"
    assert Counter(more.rows(rows)) - Counter(plain.rows(rows)) == Counter(
        {("p1", "audience", "big", date(2026, 3, 1), "audience"): 1}
    )


def test_a_new_attribute_counts_as_empty_before(project: Project, perform: Perform) -> None:
    """A rule over a column that the published customers did not have yet still tells what changed."""
    first = perform(project, FIRST, "2026-03-01")
    more = replace(project, audiences={"loyal": audience("points > 5")})
    columns = (
        "person_id varchar, email varchar, country varchar, orders_count bigint, recency_days bigint, "
        "net_revenue decimal(18, 4), permits_sms_marketing boolean, points bigint"
    )
    second = perform(more, [(*FIRST[0], 9)], "2026-03-02", first, columns)
    found = second.rows("select changed_fact from segments.history where segment = 'loyal'")
    assert found == [("points: empty → 9",)]


@pytest.mark.parametrize("where", ["net_revenue > 'much'", "starts_with(recency_days, 'x')"])
def test_a_wrong_type_is_an_error_of_the_project(project: Project, perform: Perform, where: str) -> None:
    """A rule whose types do not fit is told with its file, not as an error of the database."""
    wrong = replace(project, audiences={"wrong": audience(where)})
    with pytest.raises(ProjectError, match=r"wrong\.yml"):
        perform(wrong, FIRST, "2026-03-01")


def test_every_column_is_documented(project: Project, perform: Perform) -> None:
    """The words of each table cover exactly its columns."""
    done = perform(project, FIRST, "2026-03-01")
    for step in steps(project):
        for table in step.tables:
            assert [row[0] for row in done.rows(f"describe {table.name}")] == list(table.columns)
