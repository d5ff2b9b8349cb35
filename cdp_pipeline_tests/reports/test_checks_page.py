"""The page of checks: every check with severity, owner, result and cure, and nothing from elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cdp_pipeline.reports.checks_page import checks_page, write_checks_page
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.manifest import Verdict
from cdp_pipeline_tests.small_run import small_run

HELD = Verdict(True, True, 0, {}, "staging.orders", "Orders add up", "webshop team", "Look at the join")
BROKEN = Verdict(False, True, 3, {}, "identity.persons", "Everybody is <b>somebody</b>", "data team", "Run again")
ODD = Verdict(False, False, 0, {}, "publish.warehouse_candidate", "Shares are usual", "crm team", "See the last run")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = small_run(tmp_path)
    made.record_checks({"orders_add_up": HELD, "persons_are_there": BROKEN, "shares_are_usual": ODD})
    return made


def cells(page: str, check: str) -> list[str]:
    """The cells of one check's row as text."""
    (row,) = re.findall(rf'<tr id="{check}">(.*?)</tr>', page, flags=re.DOTALL)
    return [re.sub("<[^>]+>", " ", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]


def test_every_check_has_its_row(run: Run) -> None:
    """What must hold, the table, severity, result, owner and cure, of checks that hold and of those that do not."""
    page = checks_page(run)
    assert cells(page, "orders_add_up")[1:] == [
        "staging.orders", "stops publication", "holds", "webshop team", "Look at the join",
    ]  # fmt: skip
    assert cells(page, "persons_are_there")[2:4] == ["stops publication", "broken: 3 rows"]
    assert cells(page, "shares_are_usual")[1:] == [
        "publish.warehouse_candidate", "warning", "broken", "crm team", "See the last run",
    ]  # fmt: skip


def test_what_stops_publication_comes_first(run: Run) -> None:
    """On top stands what was found, blocking ones before warnings, each with its cure and owner."""
    top = checks_page(run).partition("</section>")[0]
    assert "2 of 3 checks found something" in top
    assert top.index("persons_are_there") < top.index("shares_are_usual")
    assert "Run again (stops publication; owner: data team)" in " ".join(top.split())


def test_words_of_a_check_cannot_write_the_page(run: Run) -> None:
    """A description with HTML in it is shown as text."""
    assert "<b>somebody" not in checks_page(run)
    assert "&lt;b&gt;somebody" in checks_page(run)


def test_the_page_asks_nothing_of_the_network(run: Run) -> None:
    """It lies beside the report, links only there, and forbids itself to load anything."""
    path = write_checks_page(run)
    assert path == run.folder / "reports" / "checks.html"
    source = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in source
    assert not re.search(r"https?://|<script|<iframe|@import|url\(", source)
    assert set(re.findall(r'\b(?:src|href)="(?!#)([^"]*)"', source)) == {"data:,", "index.html"}


def test_a_suite_that_is_off_is_told(run: Run) -> None:
    """Whoever reads the page learns that expectations were not asked."""
    settings = run.project.settings.model_copy(update={"expectations": False})
    silent = replace(run, project=replace(run.project, settings=settings))
    assert "switched off in project.yml" in checks_page(silent)
    assert "switched off" not in checks_page(run)
