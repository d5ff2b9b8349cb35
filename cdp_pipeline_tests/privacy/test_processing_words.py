"""The record of processing activities: what the project says, and what it does not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdp_pipeline.privacy.records_of_processing import as_markdown, as_page, parts, unfinished
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline_tests.models.runner import SQL


@pytest.fixture(scope="module")
def project() -> Project:
    return read_project(SQL)


def cells(project: Project, title: str) -> dict[str, tuple[str, ...]]:
    """The rows of a part by their first cell."""
    (part,) = [part for part in parts(project) if part.title == title]
    return {row[0]: row[1:] for row in part.rows}


def controlled(project: Project, **words: str) -> Project:
    """The project of a controller of these words."""
    controller = project.settings.controller.model_copy(
        update={"name": "", "contact": "", "privacy_officer": ""} | words
    )
    return replace(project, settings=project.settings.model_copy(update={"controller": controller}))


def test_what_is_not_filled_in_is_said(project: Project) -> None:
    """Each empty cell of the controller, in the record and as work that is left; a destination without transfer too."""
    some = controlled(project, name="Bos & Co")
    assert cells(some, "Who is responsible")["controller"] == ("Bos & Co",)
    assert cells(some, "Who is responsible")["contact"] == ("not filled in",)
    assert unfinished(some)[:2] == [
        f"project.yml: controller: {n} is not filled in" for n in ("contact", "privacy_officer")
    ]
    name, destination = next(iter(project.destinations.items()))
    without = replace(some, destinations={name: destination.model_copy(update={"transfer": None})})
    assert unfinished(without)[2:] == [f"6_activation/{name}.yml: no transfer: nothing can leave"]
    assert cells(without, "Who receives it")[name][0] == "no transfer named: no file"
    assert "Fill in `controller`" in as_markdown(controlled(project))
    assert "Fill in `controller`" not in as_markdown(some)


def test_every_source_table_and_destination_has_its_row(project: Project) -> None:
    """In order, with the columns that are marked."""
    assert list(cells(project, "Where data comes from"))[1:] == sorted(project.sources)
    assert list(cells(project, "Which data, on whom"))[1:] == sorted(project.contracts)
    assert list(cells(project, "Who receives it"))[1:] == sorted(project.destinations)
    personal = cells(project, "Which data, on whom")["people"][1].split(", ")
    assert {"email", "phone"} <= set(personal)
    assert "source" not in personal


def test_both_forms_hold_the_same_words(project: Project) -> None:
    """Markdown escapes its bars, the page its marks; every heading is in both."""
    odd = controlled(project, name="A|B & <C>")
    assert "A\\|B & <C>" in as_markdown(odd)
    assert "A|B &amp; &lt;C&gt;" in as_page(odd)
    for part in parts(odd):
        assert f"## {part.title}\n" in as_markdown(odd)
        assert f">{part.title}</h2>" in as_page(odd)


def test_how_long_is_told_by_table_when_it_is_set(project: Project) -> None:
    """A row a table of `retention`; without any there is no table."""
    some = replace(project, settings=project.settings.model_copy(update={"retention": {"tickets": 30}}))
    none = replace(project, settings=project.settings.model_copy(update={"retention": {}}))
    assert cells(some, "How long it is kept") == {"table": ("kept",), "tickets": ("30 days",)}
    assert cells(none, "How long it is kept") == {}
