"""A transfer rests on a country and a basis, and both have their days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from cdp_pipeline.activation.steps import steps
from cdp_pipeline.activation.transfers import transfer_problem
from cdp_pipeline.project.countries import ADEQUACY, EEA, eea_countries
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Destination, Transfer

Make = Callable[..., Destination]
HEADER = "country,valid_from,valid_until,decision,covers,checked_on\n"


def to(country: str, **more: Any) -> Transfer:
    """A transfer on adequacy since 2001."""
    shape = {"recipient": "X", "basis": "adequacy", "document": "d", "valid_from": date(2001, 1, 1)}
    return Transfer(**(shape | {"country": country} | more))


def write_list(project: Project, text: str, file: str = ADEQUACY) -> None:
    (project.folder / "6_activation" / file).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("country", "day", "words"),
    [
        ("US", date(2026, 3, 1), None),
        ("US", date(2016, 7, 12), None),
        ("US", date(2020, 7, 15), None),
        ("US", date(2020, 7, 16), "ended on 2020-07-15"),
        ("US", date(2023, 7, 9), "ended on 2020-07-15"),
        ("US", date(2016, 7, 11), "has no decision that holds on 2016-07-11"),
        ("GB", date(2031, 12, 27), None),
        ("GB", date(2031, 12, 28), "ended on 2031-12-27"),
        ("CN", date(2026, 3, 1), "has no decision that holds on 2026-03-01"),
        ("DE", date(2026, 3, 1), None),
    ],
)
def test_adequacy_holds_for_listed_countries_on_listed_days(
    project: Project, make_destination: Make, country: str, day: date, words: str | None
) -> None:
    """First and last day count; the day after, the file stays away and the reason tells since when."""
    problem = transfer_problem(project, make_destination(transfer=to(country)), day)
    assert problem is None if words is None else words in str(problem)


@pytest.mark.parametrize("basis", ["scc", "consent"])
def test_contract_clauses_and_consent_need_no_decision(project: Project, make_destination: Make, basis: str) -> None:
    """A basis of its own is judged by its own days."""
    assert transfer_problem(project, make_destination(transfer=to("CN", basis=basis)), date(2026, 3, 1)) is None


def test_leaving_europe_without_a_basis_is_no_transfer(project: Project, make_destination: Make) -> None:
    """`none_needed` outside the European Economic Area writes nothing, should such a file ever be loaded."""
    assert "names no basis" in str(
        transfer_problem(project, make_destination(transfer=to("US", basis="none_needed")), date(2026, 3, 1))
    )


def test_without_a_list_nothing_is_adequate(project: Project, make_destination: Make) -> None:
    """Default deny: a list that is missing allows nobody."""
    (project.folder / "6_activation" / ADEQUACY).unlink()
    assert transfer_problem(project, make_destination(transfer=to("US")), date(2026, 3, 1))
    assert transfer_problem(project, make_destination(transfer=to("DE")), date(2026, 3, 1)) is None


def test_a_changed_list_makes_files_again(project: Project) -> None:
    """The steps of activation depend on the list, so an ended decision is seen in the next run."""
    before = {step.version for step in steps(project)}
    write_list(project, HEADER)
    between = {step.version for step in steps(project)}
    write_list(project, HEADER, EEA)
    after = {step.version for step in steps(project)}
    assert before.isdisjoint(between)
    assert between.isdisjoint(after)


@pytest.mark.parametrize("basis", ["none_needed", "adequacy"])
def test_europe_is_what_its_list_says(project: Project, make_destination: Make, basis: str) -> None:
    """A country inside the list on the day needs no basis; before its first day, or without a list, it does."""
    inside = make_destination(transfer=to("HR", basis=basis))
    assert len(eea_countries(project, date(2026, 3, 1))) == 30
    assert transfer_problem(project, inside, date(2014, 4, 12)) is None
    assert transfer_problem(project, inside, date(2014, 4, 11))
    write_list(project, HEADER, EEA)
    assert transfer_problem(project, inside, date(2014, 4, 12))
