"""Pages: headed alike, whole in themselves, and nothing in them is taken for HTML or left out unsaid."""

from __future__ import annotations

import re

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from cdp_pipeline.pages.page import Block, Section, fill, section, table

WIDE, NARROW, FOLDED = (
    Block(title, Markup("<p>body</p>"), wide=title == "wide", folded=title == "folded")
    for title in ("wide", "narrow", "folded")
)


def test_a_page_is_headed_once_and_escapes_what_it_is_given() -> None:
    """The heading is the title too, unless there is one; a value is never taken for HTML."""
    text = fill("page.html.j2", "A <b> c")
    assert text.count("A &lt;b&gt; c") == 2
    assert 'class="brand"' not in text
    titled = fill("page.html.j2", "A", title="B", brand="SHOP", lead=["one", "two"], closing=["<end>"])
    assert "<title>B</title>" in titled
    assert '<p class="brand">SHOP</p>' in titled
    assert re.findall('<p class="lead">(.*)</p>', titled) == ["one", "two"]
    assert "<p>&lt;end&gt;</p>" in titled


def test_a_page_forbids_itself_to_load_anything() -> None:
    """No script, no address, and a policy that allows neither; the style stands in the page."""
    text = fill("page.html.j2", "A")
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in text
    assert ".waterfall" in text
    assert not re.search(r"https?://|<script|@import|url\(", text)


def test_a_value_that_is_missing_is_an_error() -> None:
    """A template that asks for more than it gets says so, and leaves no hole in the page."""
    with pytest.raises(UndefinedError):
        fill("checks.html.j2", "Every check", as_of="today")


def test_narrow_blocks_share_the_width_unless_alone() -> None:
    """Wide and folded ones stand by themselves; a single narrow one has the whole width."""
    rows = list(Section("a", "A", "", (NARROW, NARROW, WIDE, FOLDED, NARROW)).rows())
    assert rows == [(False, (NARROW, NARROW)), (True, (WIDE, FOLDED)), (True, (NARROW,))]


def test_a_section_shows_its_finding_and_its_blocks() -> None:
    """Title, finding and each block; blocks of a section without a title are headings of their own rank."""
    titled = fill("page.html.j2", "A", sections=[section("part", "Part", "Menu", "It holds.", None, NARROW, FOLDED)])
    assert '<h2 id="part-title">Part</h2>' in titled
    assert '<p class="finding">It holds.</p>' in titled
    assert "<h3>narrow</h3>" in titled
    assert "<summary><h3>folded</h3></summary>" in titled
    bare = fill("page.html.j2", "A", sections=[section("part", "", "", "", WIDE)])
    assert "<h2>wide</h2>" in bare
    assert "aria-labelledby" not in bare
    assert 'class="finding"' not in bare


def test_a_section_leaves_out_what_has_nothing_to_show() -> None:
    """Blocks that are nothing are no holes."""
    assert section("a", "A", "Menu", "", None, NARROW, None) == Section("a", "A", "", (NARROW,), "Menu")


def test_a_table_is_no_chart_and_nothing_without_rows() -> None:
    """The caption is read out in place of the title; figures stand on the right."""
    assert table("Title", ("A", "B"), ()) is None
    block = table("Title", ("A", "B"), [("<x>", "12")], (1,), "Aside", caption="Caption", wide=False, folded=True)
    assert block is not None
    assert (block.title, block.text, block.wide, block.folded, block.is_chart) == ("Title", "Aside", False, True, False)
    assert '<caption class="unseen">Caption</caption>' in block.body
    assert '<td>&lt;x&gt;</td><td class="figure">12</td>' in block.body
    plain = table("Title", ("A",), [("x",)])
    assert plain is not None
    assert (plain.wide, plain.folded) == (True, False)
    assert '<caption class="unseen">Title</caption>' in plain.body
