"""Mistakes in destination files are told before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cdp_pipeline.activation.destinations import check_destinations
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Destination, Needs, OutputColumn, Transfer

COLUMNS = ["person_id", "email", "phone", "first_name", "billing_email", "permits_email_marketing"]


def transfer(**more: Any) -> Transfer:
    shape: dict[str, Any] = {
        "recipient": "X",
        "country": "US",
        "basis": "scc",
        "document": "d",
        "valid_from": date(2020, 1, 1),
    }
    return Transfer(**(shape | more))


def column(value: str, **more: Any) -> dict[str, Any]:
    return {"columns": (OutputColumn(name="email", value=value, **more),)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (column("emial"), "unknown column emial (did you mean email?)"),
        (column("(select 1)"), "holds a query"),
        (column("getenv('X')"), "function getenv"),
        (column("billing_email"), "only email and phone pass"),
        (column("email", normalise="emial"), "unknown normalise emial (did you mean email?)"),
        ({"keys": (("mail",),)}, "keys: unknown column mail"),
        ({"keys": ()}, "keys: name at least one"),
        ({"needs": ()}, "needs: name at least one permission"),
        ({"transfer": transfer(country="usa")}, "two capitals"),
        ({"transfer": transfer(basis="none_needed")}, "European Economic Area only"),
        ({"transfer": transfer(basis="consent")}, "needs a recipient"),
        ({"transfer": transfer(valid_until=date(2019, 1, 1))}, "is before valid_from"),
    ],
)
def test_each_mistake_has_its_message(
    project: Project, make_destination: Callable[..., Destination], change: dict[str, Any], words: str
) -> None:
    """A mistake names the file, what was found and what was meant."""
    wrong = replace(project, destinations={"mail": make_destination(**change)})
    (problem,) = [text for text in check_destinations(wrong, COLUMNS) if words in text]
    assert "6_activation" in problem
    assert "mail.yml" in problem


def test_a_right_destination_has_no_problems(project: Project, make_destination: Callable[..., Destination]) -> None:
    """Columns of customers, the audience's name and the day may be used; permissions may be shown."""
    columns = (
        OutputColumn(name="email", value="email"),
        OutputColumn(name="tag", value="audience || ' ' || as_of"),
        OutputColumn(name="may", value="permits_email_marketing"),
    )
    needs = (Needs(purpose="advertising", channel="ads", recipient="x"),)
    right = make_destination(columns=columns, needs=needs, transfer=transfer(basis="consent"))
    assert check_destinations(replace(project, destinations={"mail": right}), COLUMNS) == []


@pytest.mark.parametrize(("since", "problems"), [(date(2020, 7, 15), 0), (date(2020, 7, 16), 1)])
def test_europe_is_that_of_the_days_of_the_transfer(
    project: Project, make_destination: Callable[..., Destination], since: date, problems: int
) -> None:
    """A country that left before the first day of the transfer is outside, whatever it once was."""
    lines = "country,valid_from,valid_until,decision,covers,checked_on\nGB,1994-01-01,2020-07-15,d,all,2026-01-15\n"
    (project.folder / "6_activation" / "eea.csv").write_text(lines)
    there = make_destination(transfer=transfer(country="GB", basis="none_needed", valid_from=since))
    told = check_destinations(replace(project, destinations={"mail": there}), COLUMNS)
    assert len([text for text in told if "not for GB" in text]) == problems


def test_a_missing_list_of_europe_is_told(project: Project, make_destination: Callable[..., Destination]) -> None:
    """Without the list no transfer can be judged, and the message names the file; without a transfer none is missed."""
    path = project.folder / "6_activation" / "eea.csv"
    path.unlink()
    told = check_destinations(replace(project, destinations={"mail": make_destination(transfer=transfer())}), COLUMNS)
    assert told == [f"{path}: file not found: it lists the countries of the European Economic Area, and since when"]
    assert check_destinations(replace(project, destinations={"mail": make_destination(transfer=None)}), COLUMNS) == []
