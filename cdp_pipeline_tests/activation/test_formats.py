"""The destinations that come with the project: headers, values, and names that exist."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.activation.destinations import check_destinations
from cdp_pipeline.profiles.steps import steps as profile_steps
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.project.shapes import Audience
from cdp_pipeline.segments.rules import check_rules

FOLDER = Path(__file__).parents[2] / "dbt_like_sql"
HEADERS = {
    "google_customer_match": "Email,Phone,First Name,Last Name,Country,Zip",
    "meta_custom_audience": "email,phone,madid,fn,ln,ct,st,zip,country,dob,doby,gen,age,uid,value",
    "mailchimp_newsletter": "Email Address,First Name,Last Name,Address,Phone Number,Birthday,Tags",
    "klaviyo_email": "Email,First Name,Last Name,City,Region,Zip,Country",
    "klaviyo_sms": "Phone Number,First Name,Last Name,Country",
    "plain_csv": "person_id,email,first_name,last_name,city,country,orders,net_revenue,last_order",
}
PERSON: dict[str, Any] = {
    "person_id": "p1",
    "first_name": " Zoë ",
    "last_name": "D’Angelo",
    "birth_date": "1997-02-16",
    "gender": "vrouw",
    "email": "Zoe@Example.org",
    "phone": "+31612345678",
    "street": "Dam",
    "house_number": "1",
    "postcode": "1012 JS",
    "city": "Den Haag",
    "region": "Zuid-Holland",
    "country": "NL",
    "orders_count": 3,
    "net_revenue": "-12.5",
    "last_order_date": "2026-01-02",
}


@pytest.fixture(scope="module")
def shipped() -> Project:
    return read_project(FOLDER)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_rules_and_destinations_of_the_project_are_right(shipped: Project) -> None:
    """Every column named in 5_segments and 6_activation exists in profiles.customers."""
    tables = [table for step in profile_steps(shipped) for table in step.tables]
    (customers,) = [table for table in tables if table.name == "profiles.customers"]
    assert check_rules(shipped, customers.columns) == []
    assert check_destinations(shipped, customers.columns) == []


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_headers_are_exact(shipped: Project, name: str) -> None:
    """A platform takes a file by the letter of its header."""
    assert ",".join(column.name for column in shipped.destinations[name].columns) == HEADERS[name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "google_customer_match",
            [sha("zoe@example.org"), sha("+31612345678"), sha("zoë"), sha("d’angelo"), "NL", "1012 JS"],
        ),
        (
            "meta_custom_audience",
            [
                sha("zoe@example.org"), sha("31612345678"), "", sha("zoë"), sha("dangelo"),
                sha("denhaag"),
                sha("zuidholland"), sha("1012js"), sha("nl"), sha("19970216"), "", sha("f"), "", "", "",
            ],
        ),
        (
            "mailchimp_newsletter",
            [
                "zoe@example.org", "Zoë", "D’Angelo", "Dam 1  Den Haag  Zuid-Holland  1012 JS  NL",
                "+31612345678", "02/16", "tried",
            ],
        ),
        (
            "klaviyo_email",
            ["zoe@example.org", "Zoë", "D’Angelo", "Den Haag", "Zuid-Holland", "1012 JS", "NL"],
        ),
        ("klaviyo_sms", ["+31612345678", "Zoë", "D’Angelo", "NL"]),
        (
            "plain_csv",
            ["p1", "zoe@example.org", "Zoë", "D’Angelo", "Den Haag", "NL", "3", "-12.5000", "2026-01-02"],
        ),
    ],
)  # fmt: skip
def test_values_are_written_as_the_platform_asks(
    shipped: Project, perform: Callable[..., Any], name: str, expected: list[str]
) -> None:
    """One permitted person gives one row, normalised and hashed as documented."""
    spec = shipped.destinations[name].model_copy(update={"minimum_size": 1})
    audience = Audience(description="a", owner="a", purpose="advertising", where="true", destinations=(name,))
    project = replace(shipped, audiences={"tried": audience}, destinations={name: spec})
    granted = [
        ("p1", kind, value, need.purpose, need.channel, None, "granted", "consent", True, "2026-01-01")
        for kind, value in (("email", "zoe@example.org"), ("phone", "+31612345678"))
        for need in spec.needs
    ]
    done = perform(project, [PERSON], granted)
    assert done.file("tried", name) == [HEADERS[name].split(","), expected]


def test_advertising_platforms_have_a_minimum(shipped: Project) -> None:
    """A list for an advertising platform is never so small that it points at somebody."""
    for name in ("google_customer_match", "meta_custom_audience"):
        assert shipped.destinations[name].minimum_size >= 100


def test_every_audience_goes_somewhere(shipped: Project) -> None:
    """The project ships at least five audiences, each with a destination."""
    assert len(shipped.audiences) >= 5
    assert all(audience.destinations for audience in shipped.audiences.values())
