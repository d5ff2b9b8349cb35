"""Charts as markup: lengths, colours, words for who cannot see them, and nothing taken for HTML."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from cdp_pipeline.pages.charts import (
    Bar,
    Part,
    Stack,
    bars,
    bullets,
    columns,
    facts_table,
    funnel,
    heat,
    reach,
    stacks,
    waterfall,
    weights,
)


def sizes(chart: Markup, what: str = "width") -> list[float]:
    """Every length of a chart in percent."""
    return [float(size) for size in re.findall(rf"{what}:([0-9.]+)%", chart)]


def test_bars_are_as_long_as_their_share_of_the_largest() -> None:
    """Full for the largest or for `most`; nothing is no bar, and what is not nothing can be seen."""
    rows = [Bar("a", 50, "50"), Bar("b", 100, "100"), Bar("c", 0, "0"), Bar("d", 0.1, "0.1")]
    assert sizes(bars("t", rows)) == [50.0, 100.0, 0.4]
    assert sizes(bars("t", rows, most=200)) == [25.0, 50.0, 0.4]
    assert sizes(bars("t", [])) == []


def test_a_bar_carries_its_words() -> None:
    """Label with note, figure with mark, colour; a bound is hatched; all escaped."""
    chart = bars("<t>", [Bar("<a>", 1, "< 20", "note", "c3", "mark")])
    assert '<caption class="unseen">&lt;t&gt;</caption>' in chart
    assert '<th scope="row">&lt;a&gt;<small>note</small></th>' in chart
    assert '<td class="figure">&lt; 20<small>mark</small></td>' in chart
    assert 'class="bar c3 vague"' in chart
    plain = bars("", [Bar("a", 1, "20")])
    assert 'class="bar c1"' in plain
    assert "<small>" not in plain
    assert "caption" not in plain


def test_stacks_divide_each_row() -> None:
    """Pieces by their share of the row, only what is there, named in the legend and for who cannot see."""
    parts = [Part("x", 1, "one", "c1"), Part("y", 3, "three", "c2"), Part("z", 0, "none", "c3")]
    chart = stacks("t", [Stack("row", parts, "4", "note")])
    assert sizes(chart) == [25.0, 75.0]
    assert '<span class="unseen">x one; y three</span>' in chart
    assert 'class="bar c2" style="width:75.00%" title="y: three"' in chart
    assert re.findall(r'class="key (c\d)"></span>(\w)', chart) == [("c1", "x"), ("c2", "y")]
    assert "<small>note</small>" in chart
    assert sizes(stacks("t", [Stack("row", parts[2:], "0")])) == []


@pytest.mark.parametrize(("top", "scale"), [(100, 100), (101, 150), (7, 8), (0, 1), (13_500, 15_000)])
def test_columns_reach_for_a_round_number(top: float, scale: float) -> None:
    """The scale ends at the next round number, with a line at its half."""
    row = Stack("May", [Part("x", top, "all", "c1")], "text")
    chart = columns("t", [row], ["2026"], lambda value: f"{value:g}")
    assert re.findall("<span>([0-9.]+)</span>", chart) == [f"{scale:g}", f"{scale / 2:g}"]
    assert sizes(chart, "height") == [round(100 * top / scale, 2)]
    assert '<i aria-hidden="true">2026</i>' in chart
    assert '<li title="May: text; x all">' in chart


def test_columns_stand_on_each_other_and_nothing_goes_below() -> None:
    """The first part is lowest; a part below nothing is not drawn, and does not lower the rest."""
    row = Stack("May", [Part("x", 10, "10", "c1"), Part("y", -5, "-5", "c2"), Part("z", 20, "20", "c3")], "text")
    chart = columns("t", [row], [""], str)
    assert re.findall(r'class="bar (c\d)" style="height:([0-9.]+)%', chart) == [
        ("c3", "66.67"),
        ("c2", "0.00"),
        ("c1", "33.33"),
    ]


def test_weights_go_left_against_and_right_for() -> None:
    """Half the width is the strongest of either side; groups have their heading."""
    chart = weights("t", [("Group", [Bar("a", 4.0, "+4"), Bar("b", -8.0, "-8"), Bar("c", 0.0, "0")])])
    assert re.findall(r'class="bar (\w+ c\d)" style="width:([0-9.]+)%', chart) == [
        ("for c1", "25.00"), ("against c5", "50.00"), ("for c1", "0.00"),
    ]  # fmt: skip
    assert '<th scope="rowgroup" colspan="3">Group</th>' in chart


def test_a_waterfall_shows_where_each_bar_begins() -> None:
    """From the lowest to the highest edge is the width, with the line of 0 in every row."""
    rows = [
        Bar("a", -4.0, "−4", "first", "c5"),
        Bar("b", 12.0, "+12", "then", "c2", start=-4.0),
        Bar("c", 0.0, "✓", "mark", start=8.0),
    ]
    assert rows[0].edges == (-4.0, 0.0)
    assert rows[1].edges == (-4.0, 8.0)
    assert reach(rows) == (-4.0, 8.0)
    assert reach([Bar("a", 2.0, "", start=1.0)]) == (0.0, 3.0)
    chart = waterfall("t", rows)
    assert re.findall(r'class="bar (c\d)" style="left:([0-9.]+)%;width:([0-9.]+)%"', chart) == [
        ("c5", "0.00", "33.33"), ("c2", "0.00", "100.00"),
    ]  # fmt: skip
    assert re.findall(r'<i style="left:([0-9.]+)%">', chart) == ["33.33"] * 3
    assert re.findall(r"<th[^>]*>(.*?)</th><td[^>]*>(.*?)</td>.*?<td>(.*?)</td>", chart) == [
        ("a", "−4", "first"), ("b", "+12", "then"), ("c", "✓", "mark"),
    ]  # fmt: skip
    assert sizes(waterfall("t", [Bar("a", 0.0, "0")])) == []


def test_a_funnel_narrows_and_tells_who_stayed_behind() -> None:
    """Each step by its share of the first, the loss before it."""
    chart = funnel("t", [Bar("all", 10, "10"), Bar("some", 5, "5", "− 5 gone")])
    assert sizes(chart) == [100.0, 50.0]
    assert re.findall('<span class="lost">(.*?)</span>', chart) == ["− 5 gone"]
    assert '<span class="name">some</span> <b>5</b>' in chart
    assert sizes(funnel("t", [Bar("all", 0, "0")])) == []


def test_heat_is_as_dark_as_its_share() -> None:
    """A share as percent, an empty cell where there is none."""
    chart = heat("t", ["A", "B"], [("row", [(0.256, "26%"), None])])
    assert '<td style="--heat:26%">26%</td><td></td>' in chart
    assert re.findall('<th scope="col"><span>(.)</span>', chart) == ["A", "B"]
    assert '<th scope="row">row</th>' in chart


def test_a_plain_table_sets_figures_apart() -> None:
    """Head and cells of numeric columns are figures; a row that does not fit the head is an error."""
    table = facts_table("t", ("A", "<B>"), [("1", "<2>"), (Markup("<code>x</code>"), "3")], (1,))
    assert '<th scope="col">A</th><th scope="col" class="figure">&lt;B&gt;</th>' in table
    assert '<td>1</td><td class="figure">&lt;2&gt;</td>' in table
    assert "<td><code>x</code></td>" in table
    with pytest.raises(ValueError, match="zip"):
        facts_table("t", ("A", "B"), [("1",)])


def test_bullets_are_escaped_unless_they_are_markup() -> None:
    """One item a sentence, nothing of none."""
    assert bullets(["<a>", Markup("<b>c</b>")]) == '<ul class="lines"><li>&lt;a&gt;</li><li><b>c</b></li></ul>'
    assert bullets([]) == ""
