"""Who is left out of segments, whatever the rules say, and what is told about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Audience
from cdp_pipeline.project.sql_model import read_model

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


def counting(project: Project, folder: Path) -> Project:
    """The project with a theme whose orders and revenue are counts: empty means not known."""
    path = folder / "4_profiles" / "attributes" / "counts.sql"
    path.parent.mkdir(parents=True)
    path.write_text(
        "-- Counts.\n-- grain: person_id\nselect\n    person_id, -- Person\n    a as orders_count, -- [zero] Orders\n"
        "    a as net_revenue -- [zero] Revenue\nfrom identity.persons\n",
        encoding="utf-8",
    )
    model = read_model(path, "profiles", [])
    assert model
    assert model.counts == {"orders_count", "net_revenue"}
    return replace(project, models={model.name: model})


def test_a_rule_leaves_out_of_whom_it_cannot_be_told_and_says_how_many(
    project: Project, perform: Perform, tmp_path: Path
) -> None:
    """A count that is not known puts nobody into a segment by guess, not even into a later one; no days is no such count."""
    people = [
        ("buyer", None, "NL", 1, 200, Decimal(900), True),
        ("pounds", None, "NL", 1, 200, None, True),
        ("untold", None, "NL", None, 20, None, True),
        ("never", None, "NL", 0, None, Decimal(0), True),
        ("odd", None, "NL", 1, None, Decimal(0), True),
    ]
    done = perform(counting(project, tmp_path), people, "2026-03-01", left_out=[("buyer", False)])
    assert members(done, "unclassified") == ["odd", "untold"]
    assert (members(done, "lapsed"), members(done, "prospect")) == (["pounds"], ["never"])
    assert members(done, "win_back") == []
    query = "select segment, unknown from segments.sizes where unknown > 0 order by all"
    assert done.rows(query) == [("prospect", 1), ("win_back", 1)]


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
