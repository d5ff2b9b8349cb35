"""Who is left out of segments, whatever the rules say, and what is told about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from cdp_pipeline.project import Project
from cdp_pipeline.shapes import Audience
from cdp_pipeline.sql_model import read_model

Perform = Callable[..., Any]
ACTIVE = (1, 20, Decimal(900), True)
PEOPLE = [(name, f"{name}@example.org", "NL", *ACTIVE) for name in ("free", "objector", "child")]
CONSENT = Path(__file__).parents[2] / "dbt_like_sql" / "4_profiles" / "attributes" / "consent.sql"
OUT = [("objector", False), ("child", True)]


def permitted(project: Project) -> Project:
    """The project with one audience more, whose rule looks at nothing but a permission."""
    everybody = Audience(description="a", owner="crm", purpose="sms_marketing", where="permits_sms_marketing")
    consent = read_model(CONSENT, "profiles", [])
    assert consent
    audiences = {**project.audiences, "may_be_written_to": everybody}
    return replace(project, audiences=audiences, models={consent.name: consent})


def members(done: Any, segment: str) -> list[str]:
    query = f"select person_id from segments.memberships where segment = '{segment}' order by all"
    return [row[0] for row in done.rows(query)]


def test_an_objector_leaves_what_looks_at_behaviour_and_a_child_leaves_all(project: Project, perform: Perform) -> None:
    """Segmentations and rules about facts lose both; an audience of everybody who permits keeps the objector."""
    done = perform(permitted(project), PEOPLE, "2026-03-01", left_out=OUT)
    assert members(done, "active") == members(done, "dutch") == members(done, "with_mail") == ["free"]
    assert members(done, "may_be_written_to") == ["free", "objector"]


def test_sizes_tell_how_many_meet_the_rule_and_are_left_out(project: Project, perform: Perform) -> None:
    """People and those left out together are everybody who meets the rule."""
    done = perform(permitted(project), PEOPLE, "2026-03-01", left_out=OUT)
    query = (
        "select segment, people, left_out, is_profiling from segments.sizes where people + left_out > 0 order by all"
    )
    assert done.rows(query) == [
        ("active", 1, 2, True),
        ("dutch", 1, 2, True),
        ("may_be_written_to", 2, 1, False),
        ("with_mail", 1, 2, True),
    ]


def test_the_history_tells_of_leaving_and_coming_back_without_the_reason(project: Project, perform: Perform) -> None:
    """Who starts to object leaves with a fact that names no reason, and comes back the same way."""
    first = perform(project, PEOPLE[:2], "2026-03-01")
    second = perform(project, PEOPLE[:2], "2026-03-02", first, left_out=OUT[:1])
    third = perform(project, PEOPLE[:2], "2026-03-03", second)
    query = """select as_of::varchar, event, changed_fact from segments.history
        where person_id = 'objector' and segment in ('active', 'dutch') and as_of > '2026-03-01' order by all"""
    assert third.rows(query) == [
        ("2026-03-02", "left", "left out of segments from now on"),
        ("2026-03-02", "left", "left out of segments from now on"),
        ("2026-03-03", "entered", "no longer left out of segments"),
        ("2026-03-03", "entered", "no longer left out of segments"),
    ]
