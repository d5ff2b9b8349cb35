"""The label `special` follows a column into whatever is made of it, and no rule may use it by default."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.project.shapes import Audience
from cdp_pipeline.segments.rules import check_rules
from cdp_pipeline.segments.special import special_columns
from cdp_pipeline_tests.profiles.scene import copy_project

THEME = """-- What somebody wrote to service.
-- grain: person_id
-- owner: service team
with written as (
    select r.person_id, lower(t.subject) as words, t.channel
    from staging.tickets as t
    join identity.person_records as r on t.source = r.source and t.record_id = r.record_id
)

select
    person_id, -- Person
    {select}
from written
group by person_id
"""
COLUMNS = ("person_id", "tickets_count", "mentions_an_allergy", "last_channel", "diet")


def project_with(tmp_path: Path, select: str) -> Project:
    """The project of the repository with one theme about tickets more."""
    folder = copy_project(tmp_path)
    theme = THEME.format(select=select)
    (folder / "4_profiles" / "attributes" / "worries.sql").write_text(theme, encoding="utf-8")
    return read_project(folder)


def wrong(project: Project, where: str, **more: str) -> list[str]:
    """Problems of an audience with that rule."""
    audience = Audience.model_validate(
        {"description": "a", "owner": "a", "purpose": "email_marketing", "where": where} | more
    )
    return [p for p in check_rules(replace(project, audiences={"some": audience}), COLUMNS) if "special" in p]


def test_no_column_of_customers_is_special_as_the_project_is(tmp_path: Path) -> None:
    """Ticket subjects are labelled special, and no attribute of the project is made of them."""
    project = read_project(copy_project(tmp_path))
    assert project.contracts["tickets"].columns["subject"].sensitivity == "special"
    assert special_columns(project) == frozenset()


def test_what_is_made_of_ticket_text_is_special_under_any_name(tmp_path: Path) -> None:
    """A flag computed from the subject is special, a channel of the same rows is not."""
    made = (
        "bool_or(contains(words, 'allerg')) as mentions_an_allergy, -- Words\n    max(channel) as last_channel -- How"
    )
    project = project_with(tmp_path, made)
    assert special_columns(project) == {"mentions_an_allergy"}
    (problem,) = wrong(project, "tickets_count > 1 and mentions_an_allergy")
    assert "some.yml: some: mentions_an_allergy may tell of health" in problem
    assert wrong(project, "mentions_an_allergy", special_basis="explicit_consent") == []
    assert wrong(project, "last_channel = 'phone'") == []


def test_a_model_may_label_a_column_itself(tmp_path: Path) -> None:
    """A comment that begins with [special] is enough; analysts see such a column masked."""
    project = project_with(tmp_path, "max(channel) as diet -- [special] What the person may not eat")
    model = project.models["profiles.worries"]
    assert (model.special, model.personal, model.columns["diet"]) == ({"diet"}, {"diet"}, "What the person may not eat")
    assert len(wrong(project, "diet = 'halal'")) == 1


def test_an_intermediate_model_hands_the_label_on_but_is_no_column_of_customers(tmp_path: Path) -> None:
    """Columns of raw contracts and models between are labelled on the way, and only those of themes are named."""
    project = project_with(tmp_path, "max(words) as diet -- Words")
    assert special_columns(project) == {"diet"}
    no_themes = replace(project, models={name: m for name, m in project.models.items() if name != "profiles.worries"})
    assert special_columns(no_themes) == frozenset()


@pytest.mark.parametrize("basis", ["consent", "legitimate_interest", ""])
def test_an_ordinary_basis_is_not_enough(basis: str) -> None:
    """Only what Article 9 knows may be named as special_basis."""
    with pytest.raises(ValueError, match="special_basis"):
        Audience.model_validate(
            {"description": "a", "owner": "a", "purpose": "advertising", "where": "true", "special_basis": basis}
        )
