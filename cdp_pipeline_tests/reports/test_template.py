"""Templates: every page is headed alike, and nothing in it is taken for HTML or left out unsaid."""

from __future__ import annotations

from datetime import date

import pytest
from jinja2 import UndefinedError

from cdp_pipeline.reports.template import fill

SHOWN = {
    "run_id": "<run>", "failed": [], "layers": [], "total": 0, "blocking": 0, "has_expectations": False,
    "result": str, "words": {},
}  # fmt: skip


def test_a_page_is_headed_by_the_project_and_the_day() -> None:
    """A short name stands in capitals, a longer one as words; a value is never taken for HTML."""
    page = fill("checks.html.j2", "cdp", date(2026, 7, 1), **SHOWN)
    assert "CDP" in page
    assert "1 July 2026" in page
    assert "&lt;run&gt;" in page
    assert "Customer data" in fill("checks.html.j2", "customer_data", date(2026, 7, 1), **SHOWN)


def test_a_value_that_is_missing_is_an_error() -> None:
    """A template that asks for more than it gets says so, and leaves no hole in the page."""
    with pytest.raises(UndefinedError):
        fill("checks.html.j2", "cdp", date(2026, 7, 1))
