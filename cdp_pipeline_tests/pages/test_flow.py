"""The picture of records flowing into people: blocks, streams and their words."""

from __future__ import annotations

import re

import pytest

from cdp_pipeline.pages.flow import Link, Node, flow

LEFT = [Node("crm", "30 records", "c6"), Node("<shop>", "10 records", "c6")]
RIGHT = [Node("one", "25 people", "c1"), Node("two", "8 people", "c2")]
LINKS = [Link(1, 1, 10, "shop to two"), Link(0, 0, 20, "crm to one"), Link(0, 1, 10, "crm to two")]


def blocks(chart: str) -> list[tuple[str, float, float, float]]:
    """Colour, left, top and height of every block."""
    found = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="([\d.]+)" width="12" height="([\d.]+)"', chart)
    return [(tone, float(x), float(y), float(height)) for tone, x, y, height in found]


def test_both_sides_show_the_same_total() -> None:
    """290 units are 40 records; a gap of ten between blocks, left grey and right in their colour."""
    assert blocks(flow("t", LEFT, RIGHT, LINKS)) == [
        ("c6", 106.0, 0.0, 217.5), ("c6", 106.0, 227.5, 72.5), ("c1", 318.0, 0.0, 145.0), ("c2", 318.0, 155.0, 145.0),
    ]  # fmt: skip


def test_streams_leave_and_arrive_below_each_other() -> None:
    """In order of their ends, as wide as they carry, in the colour of where they go, with their words."""
    streams = re.findall(
        r'<path class="stream (\w+)" d="M118.0,([\d.]+)C.*? 318.0,([\d.]+)V([\d.]+).*?<title>(.*?)</title>',
        flow("t", LEFT, RIGHT, LINKS),
    )
    assert streams == [
        ("c1", "0.0", "0.0", "145.0", "crm to one"),
        ("c2", "145.0", "155.0", "227.5", "crm to two"),
        ("c2", "227.5", "227.5", "300.0", "shop to two"),
    ]


def test_words_stand_beside_their_block() -> None:
    """Left ones end before it, right ones begin after it, in its middle; nothing is taken for HTML."""
    text = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">([^<]*)', flow("<t>", LEFT, RIGHT, LINKS))
    assert text == [
        ("98.0", "106.8", "end", "crm"), ("98.0", "261.8", "end", "&lt;shop&gt;"),
        ("338.0", "70.5", "start", "one"), ("338.0", "225.5", "start", "two"),
    ]  # fmt: skip
    assert 'viewBox="0 -8 440 316"' in flow("<t>", LEFT, RIGHT, LINKS)
    assert "<title>&lt;t&gt;</title>" in flow("<t>", LEFT, RIGHT, LINKS)


def test_small_blocks_leave_room_for_their_words() -> None:
    """A block of a few records is drawn at least a line high, and the next stands a text lower."""
    drawn = blocks(flow("t", LEFT, RIGHT[:1], [Link(0, 0, 1, ""), Link(1, 0, 9999, "")]))
    assert drawn[0][3] == 1.5
    assert drawn[1][2] == pytest.approx(32.0)
    assert blocks(flow("t", [], [], [])) == []
