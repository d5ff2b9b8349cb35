"""The answer on two people laid out: for a terminal and as a page, with the same words."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from html import unescape
from pathlib import Path

from cdp_pipeline.explain import pair, pair_layout
from cdp_pipeline.explain.evidence import Part
from cdp_pipeline.explain.pair import Comparison, Match
from cdp_pipeline.explain.published import Somebody
from cdp_pipeline.explain.records import Detail
from cdp_pipeline.privacy.door import Door
from cdp_pipeline_tests.identity.people import KEY, MATCHING


def explained(snapshot: Path, one: str, other: str) -> Comparison:
    return pair.compare(snapshot, (one, other), MATCHING, "NL", Door(snapshot.parents[1], "explain", KEY))


def detail(at: int, place: str = "", **values: str | None) -> Detail:
    return Detail(at, at, "crm", str(at), "P", {"name": f"N{at}", "email": None, "phone": None, **values}, place)


PARTS = (
    Part("before", "", -4.0, 0.1), Part("email", "same e-mail", 8.0, 0.01), Part("phone", "not known on both sides", 0.0),
    Part("rule", "a rule", -1.0),
)  # fmt: skip
ANNA, BEN, CAS = detail(1, "a.csv:1", email="a@b.example"), detail(2, "b.csv:2", email="c@d.example"), detail(3)
PATH = Comparison(
    Somebody("crm:1", "P", 1, "crm:1 moved"), Somebody("crm:3", "P", 3), ("crm:1 (N1)", "crm:3 (N3)"), True,
    (Match(ANNA, BEN, 3.0, "same e-mail", PARTS), Match(BEN, CAS, 40.0, "exact copies of each other", ())),
    ("Held against each other directly: no",),
)  # fmt: skip
APART = Comparison(
    Somebody("crm:1", "P", 1), Somebody("crm:2", "Q", 2), ("crm:1 (N1)", "crm:2 (N2)"), False,
    (Match(ANNA, BEN, 3.0, "same e-mail", PARTS),), ("another pair",), False, ("Too little agrees.",), ("Not this.",),
    ("Try: cdp run --now", "mend it"),
)  # fmt: skip


def test_a_path_is_told_link_by_link() -> None:
    """Note, headline, weakest link, the path, then each link with its two records and its bars."""
    assert pair_layout.text(PATH, 100).splitlines() == [
        "crm:1 moved",
        "crm:1 (N1) and crm:3 (N3) are one person: P",
        "They hang together by 2 links; the weakest: about 1 in 9 that this is chance (weight +3.0)",
        "",
        "The path of evidence",
        "  crm:1",
        "    │  same e-mail; about 1 in 9 that this is chance (weight +3.0)",
        "  crm:2",
        "    │  exact copies of each other; certain",
        "  crm:3",
        "",
        "Link 1: crm:1 and crm:2",
        "                crm:1                                     crm:2",
        "  name          N1                                        N2",
        "  e-mail        a@b.example                               c@d.example",
        "  file and line a.csv:1",
        "                b.csv:2",
        "",
        "  How the evidence adds up (each +1 doubles the odds that they are one person)",
        "  to begin with   −4.0  ░░░░░░░░░░░░░░░░│                 of two records picked blindly, 1 pair in",
        "                                        │                 10 is one person",
        "  e-mail          +8.0  ███████████████████████████████   same e-mail: 260 times likelier for one",
        "                                        │                 person; common: 1 in 100 records has it",
        "  rule            −1.0                  │          ░░░░   a rule",
        " =together        +3.0                  ███████████       about 1 in 9 that this is chance",
        "  phone: not known on both sides, so they say nothing",
        "",
        "Link 2: crm:2 and crm:3",
        "                crm:2                                     crm:3",
        "  name          N2                                        N3",
        "  e-mail        c@d.example                               –",
        "  file and line b.csv:2",
        "",
        "  Everything that is compared is equal: the two are copies, and count as one record.",
        "",
        "  Held against each other directly: no",
    ]


def test_two_people_are_told_with_the_reasons_first() -> None:
    """Why, what was not used, the nearest records, further pairs, and cures whose commands are whole."""
    lines = pair_layout.text(APART, 72).splitlines()
    order = ["Why they were kept apart", "Not used", "The two records that come nearest", "Further pairs between them",
             "What would change it"]  # fmt: skip
    assert [line for line in lines if line in order] == order
    assert lines[-3:] == ["  Try:", "    cdp run --now", "  mend it"]
    assert "  Not this." in lines
    against = pair_layout.text(replace(APART, are_against=True, others=("x",), guards=(), cures=()), 72)
    assert "What speaks against it elsewhere" in against
    assert "Not used" not in against


def test_a_narrow_terminal_has_shorter_bars() -> None:
    """From 96 characters on a waterfall has 32 cells, else 22."""
    for width, cells in ((95, 22), (96, 32)):
        (line,) = [
            line for line in pair_layout.text(APART, width).splitlines() if line.startswith("  e-mail          +8.0")
        ]
        assert line.count("█") == cells - 1


def test_a_long_value_is_cut_and_a_small_bar_is_seen() -> None:
    """A value is as wide as its column at most; a weight too small for a cell is one cell, whichever way it points."""
    long, fits = detail(1, name="x" * 30), detail(2, name="y" * 27)
    small = (
        Part("before", "", -9.0, 0.1),
        Part("email", "same", 0.1),
        Part("name", "other", -0.1),
        Part("phone", "same", 9.0),
    )
    answer = replace(APART, matches=(Match(long, fits, 0.0, "", small),))
    lines = pair_layout.text(answer, 72).splitlines()
    assert f"  {'name':14}{'x' * 26}…  {'y' * 27}" in lines
    (plus,) = [line for line in lines if line.startswith("  e-mail          +0.1")]
    (minus,) = [line for line in lines if line.startswith("  name            −0.1")]
    assert (plus.count("█"), minus.count("░")) == (1, 1)


def test_a_page_has_the_words_of_the_terminal() -> None:
    """Everything that is said is on the page as well, in cards, with the commands as code."""
    words = re.sub("<[^>]+>", " ", pair_layout.page(APART).partition("</style>")[2])
    text = " ".join(unescape(words).split())
    for sentence in ("Too little agrees.", "Not this.", "another pair", "same e-mail: 260 times", "a@b.example", "a.csv:1",
                     "Further pairs between them", "phone: not known on both sides"):  # fmt: skip
        assert sentence in text
    html = pair_layout.page(APART)
    assert "<code>cdp run --now</code>" in html
    assert "<title>Two people</title>" in html
    assert re.findall("<h2>(.*)</h2>", html) == [
        "Why they were kept apart", "Not used", "The two records that come nearest", "Further pairs between them",
        "What would change it",
    ]  # fmt: skip


def test_a_page_of_one_person_shows_the_path() -> None:
    """Path, each link, and what stands beside it; one link alone needs no path and no number."""
    html = pair_layout.page(PATH)
    assert "<title>One person</title>" in html
    assert re.findall("<h2>(.*)</h2>", html) == [
        "The path of evidence", "Link 1: crm:1 and crm:2", "Link 2: crm:2 and crm:3", "Beside the path",
    ]  # fmt: skip
    assert re.findall('<li class="link">(.*?)</li>', html)[1] == "exact copies of each other<br>certain"
    assert "Copies: everything that is compared is equal" in html
    assert html.count("file and line") == 2
    assert '<p class="lead">crm:1 moved</p>' in html
    single = pair_layout.page(replace(PATH, matches=PATH.matches[:1], others=()))
    assert re.findall("<h2>(.*)</h2>", single) == ["crm:1 and crm:2"]


def test_lines_fit_the_terminal(snapshot: Path) -> None:
    """At 80 characters no line of prose or bars is longer, commands aside."""
    lines = pair_layout.text(explained(snapshot, "crm:4", "crm:1"), 80).splitlines()
    assert not [line for line in lines if len(line) > 80 and "cdp " not in line]


def test_a_page_loads_nothing_and_is_private(snapshot: Path, tmp_path: Path) -> None:
    """The page is whole in itself, holds the same reasons, and only its owner may read it."""
    path = tmp_path / "why.html"
    pair_layout.write_page(explained(snapshot, "crm:4", "crm:1"), path)
    text = path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Ruled out: their first names differ" in text
    assert not [word for word in ("<script", "://", "url(", "@import", " src=") if word in text]


def test_a_page_escapes_what_people_type(snapshot: Path) -> None:
    """Markup inside a name is shown, not obeyed."""
    found = explained(snapshot, "crm:4", "crm:1")
    found.matches[0].left.values["name"] = "<img src=x>"
    try:
        assert "&lt;img src=x&gt;" in pair_layout.page(found)
    finally:
        found.matches[0].left.values["name"] = "Koen Bakker"
