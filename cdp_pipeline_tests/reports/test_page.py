"""The report page of the made-up run: what is on it, and that it says what the tables say."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from cdp_pipeline.pages.figures import count, people
from cdp_pipeline.reports.checks_page import CHECKS_PAGE
from cdp_pipeline.reports.facts import Facts, read_facts
from cdp_pipeline.reports.page import render
from cdp_pipeline.reports.steps import PROCESSING
from cdp_pipeline.run.lake import Run
from cdp_pipeline_tests.reports.made_up import AS_OF, made_up_run

SECTIONS = (
    "arrivals", "people", "matching", "trust", "profiles", "revenue", "segments", "consent", "audiences", "checks", "run",
)  # fmt: skip


@pytest.fixture(scope="module")
def facts(run: Run) -> Facts:
    return read_facts(run, tuple(sorted(run.project.models)))


@pytest.fixture(scope="module")
def text(page: Path) -> str:
    """The page without its tags."""
    body = re.sub(r"<style>.*?</style>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def test_every_section_is_there(page: Path) -> None:
    """Each section has its anchor, its heading and its place in the menu."""
    source = page.read_text(encoding="utf-8")
    for anchor in SECTIONS:
        assert f'<section id="{anchor}"' in source
        assert f'<h2 id="{anchor}-title"' in source
        assert f'<li><a href="#{anchor}">' in source


def test_every_link_leads_somewhere_on_the_page(page: Path) -> None:
    """All links are anchors of this page or the page of checks beside it, and no anchor is taken twice."""
    source = page.read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([^"]+)"', source)
    links = re.findall(r'<a [^>]*href="([^"]+)"', source)
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in links} <= {*ids, CHECKS_PAGE, PROCESSING}


def test_nothing_is_fetched(page: Path) -> None:
    """No address, no script, no style from elsewhere; and the page itself forbids all of them."""
    source = page.read_text(encoding="utf-8")
    assert not re.search(r"https?://|//[a-z0-9-]+\.|@import|url\(|<script|<iframe|<link(?! rel=\"icon\")", source)
    assert re.findall(r'\b(?:src|href)="(?!#)([^"]*)"', source) == ["data:,", CHECKS_PAGE, PROCESSING]
    assert "default-src 'none'" in source


def test_what_files_are_called_cannot_write_the_page(page: Path) -> None:
    """A file name with HTML in it is shown as text."""
    source = page.read_text(encoding="utf-8")
    assert "<img" not in source
    assert "&lt;img src=x&gt;.csv" in source


def test_the_headline_numbers_are_those_of_the_tables(facts: Facts, text: str) -> None:
    """Records, people, buyers, reachable people and revenue equal reports.headlines."""
    row = facts.headline
    assert (row["records"], row["people"]) == (2104, 1200)
    for name, label in (("records", "customer records"), ("people", "people"), ("buyers", "customers with an order")):
        assert f"{count(row[name])} {label}" in text
    assert f"{count(row['reachable_by_email'])} may get your newsletter" in text
    assert "30 June 2026" in text


def test_the_numbers_of_the_sections_are_those_of_the_tables(facts: Facts, text: str) -> None:
    """Segments, audiences, systems, fill rates and files carry the numbers of their tables."""
    for row in facts.rows("segment_sizes"):
        if row["people"]:
            assert people(row["people"], facts.floor) in text
    for row in facts.rows("systems"):
        assert f"{count(row['people'])} people in {count(row['records'])} records" in text
    for row in facts.rows("fill_rates"):
        assert f"{count(row['filled'])} people" in text
    for row in facts.rows("audience_funnels"):
        assert f"in the audience {count(row['in_rule'])}" in text
        if row["written"]:
            assert f"in the file {count(row['written'])}" in text
    assert "4 files with 11,996 rows went in, and 2 files were left out." in text


def test_small_groups_are_not_told(facts: Facts, text: str) -> None:
    """A segment of seven people appears as fewer than twenty, and a funnel step of twelve does not."""
    assert facts.floor == 20
    assert "Tiny < 20" in text
    assert not re.search(r"Tiny 7|permit it 12|− 3 without", text)
    assert "260 − 260 without permission or left out: too few for a file in the file 0" in text


def test_what_needs_attention_stands_on_top(text: str) -> None:
    """Refused files, failed checks, bad rows and stopped audiences are told before the first section."""
    top = text[: text.index("What came in")]
    assert "2 files were not used: <img src=x>.csv and holiday.jpg." in top
    assert "Orders refer to people: not so for 3 rows." in top
    assert "1.9% of the rows for orders from Shop orders were set aside" in top
    assert "“VIP” has no file for Klaviyo SMS: fewer different people than the minimum of 50 are permitted." in top
    assert "300 people signed up and have not confirmed." in top


def test_the_reason_of_each_loss_stands_in_the_funnel(text: str) -> None:
    """Between two steps of a funnel stands how many stayed behind and why."""
    assert "in the audience 400 − 140 without a usable key can be found there 260" in text
    assert "in the audience 100 − 55 without a usable key or without permission permit it 45 in the file 45" in text


def test_why_people_are_in_no_file_is_listed(text: str) -> None:
    """Each reason with its people at each destination, the most frequent first, the small ones in one line."""
    assert "Newsletter VIP Never asked 180 Newsletter VIP Other reasons 62 Newsletter Win back Other reasons 55" in text
    assert "Klaviyo SMS VIP No usable key 140 Klaviyo SMS VIP Other reasons 260" in text
    assert "VIP Written" not in text


def test_withheld_rows_stand_beside_their_source(text: str) -> None:
    """Rows that a flag of their own forbids to keep are counted where the rows of their source are."""
    assert "30 withheld" in text
    assert "Withheld rows carry a flag that forbids to keep them." in text


def test_the_page_says_what_the_guards_did(text: str) -> None:
    """Guards that acted are listed with their numbers, few persons not exactly; those that did not are counted."""
    section = text[text.index("How far to trust it", text.index("Why records match")) :]
    assert "1,155 pairs of records that look alike were kept apart" in section
    assert "145 of them would have joined otherwise." in section
    assert "Pairs whose first names differ pairs 145 1,155" in section
    assert "Persons of more than 50 records persons 1,200 < 20" in section
    assert "1 further guard had nothing to do." in section
    assert "E-mail addresses blocked" not in section


def test_accuracy_is_told_with_its_interval_and_what_it_rests_on(text: str) -> None:
    """Only this run's labels count; what cannot be told yet says so."""
    assert "Labels say: 98.8% of what was joined is right, and 93.2% of what belongs together was joined." in text
    assert re.search(r"really one person 98.8% +800 labelled records", text)
    assert re.search(r"really one person not known yet 80.0 to 100.0% 50 judged pairs", text)
    assert "4 labelled records are not there." in text
    assert "12.3%" not in text


def test_without_labels_accuracy_is_not_claimed(facts: Facts) -> None:
    """No label, or judged pairs of one kind only: the page says that it cannot be told."""
    rows = {
        name: tuple(r for r in facts.rows("identity_accuracy") if r["labels"] == name) for name in ("none", "sample")
    }
    for name, words in (("none", "Nobody has labelled anything yet"), ("sample", "Too little is judged yet")):
        tables = dict(facts.tables) | {"identity_accuracy": rows[name]}
        page = render(Facts(facts.name, facts.as_of, facts.run_id, facts.floor, facts.currency, tables))
        assert f"{words}, so how right it is cannot be told in numbers." in page.html


def test_open_decisions_and_passes_are_told(text: str) -> None:
    """Questions with what would move, and the last ten runs."""
    assert "41 decisions would be better taken by a person, with €2,050 of revenue in them." in text
    assert "60 records and 30 orders would move" in text
    assert "27 June 2026 full: few are new 3,000 99.98%" in text
    assert "20 June 2026" not in text


def test_small_households_are_not_told(text: str) -> None:
    """Households by size, groups below the floor as such."""
    assert re.search(r"1 person 400 96%", text)
    assert "2 people < 20" in text


def test_movements_show_what_came_and_went(text: str) -> None:
    """Behind a segment stand the people who entered and left since the last run."""
    assert re.search(r"At risk 100 ▲ 40 ▼ < 20", text)


def test_times_per_stage_tell_what_was_kept(text: str) -> None:
    """A stage without any work is shown as unchanged."""
    assert "2 tables were made in 5.8 s; 1 had not changed and stayed." in text
    assert re.search(r"Segments putting people in segments unchanged", text)


def test_an_empty_project_has_a_page() -> None:
    """Without any report table there is a page that says so little, and no error."""
    page = render(Facts("new", AS_OF, "run-1", 20, "EUR", {}))
    assert (page.sections, page.charts) == (0, 0)
    assert "All is well" in page.html


@pytest.mark.parametrize("empty", ["person_sizes", "segment_sizes", "audience_funnels", "headlines", "fill_rates"])
def test_a_table_without_rows_costs_only_its_section(facts: Facts, empty: str) -> None:
    """One empty report table does not stop the others."""
    tables = {name: () if name == empty else rows for name, rows in facts.tables.items()}
    page = render(Facts(facts.name, facts.as_of, facts.run_id, facts.floor, facts.currency, tables))
    assert page.sections >= len(SECTIONS) - 3


def test_every_table_empty_is_a_page(facts: Facts) -> None:
    """The very first run of a project without deliveries has a page too."""
    empty: dict[str, tuple[dict[str, object], ...]] = dict.fromkeys(facts.tables, ())
    row = {name: 0 if isinstance(value, int) else value for name, value in facts.headline.items()}
    page = render(Facts("new", AS_OF, "run-1", 20, "EUR", empty | {"headlines": (row,)}))
    assert "nobody yet" in page.html


def test_a_report_table_of_the_project_gets_its_place(tmp_path: Path) -> None:
    """A further SELECT in 7_reports is shown with its description, without a line of Python."""
    extra = tmp_path / "countries.sql"
    extra.write_text(
        "-- Where people live.\n-- grain: country\n"
        "select 'NL' as country, 31::bigint as people union all select 'BE', 4::bigint",
        encoding="utf-8",
    )
    run = made_up_run(tmp_path, extra)
    source = (run.folder / "reports" / "index.html").read_text(encoding="utf-8")
    assert "Where people live." in source
    assert re.search(r"<td>BE</td><td[^>]*>&lt; 20</td>", source)
