"""The answer to `cdp explain A B` laid out: in plain characters for a terminal, and as a page.

What belongs here: layout. What does not: what is said (pair.py, reasons.py), how bars are measured (evidence.py) and
drawn on a page (pages/). The page is about people: it is written for its reader alone (mode 0600).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

from markupsafe import Markup

from cdp_pipeline.explain.evidence import FIELD_WORDS, bars, unknown
from cdp_pipeline.explain.pair import Comparison, Match, further, headline, surest
from cdp_pipeline.explain.words import chance
from cdp_pipeline.pages.charts import bullets, facts_table, reach, waterfall
from cdp_pipeline.pages.page import Block, fill, section
from cdp_pipeline.run.whole_file import replaced

BARS, FEW_BARS = 32, 22  # characters of the waterfall, on a wide and on a narrow terminal
LABEL = 14


def text(answer: Comparison, width: int = 100) -> str:
    """The whole answer, lines of at most `width` characters where words allow it."""
    lines = [note for who in (answer.a, answer.b) if (note := who.note)]
    lines += _one(answer, width) if answer.is_one else _two(answer, width)
    return "\n".join(lines)


def _one(answer: Comparison, width: int) -> list[str]:
    lines = [*wrap(headline(answer), width), *wrap(surest(answer), width)]
    if len(answer.matches) > 1:
        lines += ["", "The path of evidence", f"  {answer.matches[0].left.label}"]
        for match in answer.matches:
            lines += [f"    │  {line}" for line in wrap(f"{match.reason}; {chance(match.weight)}", width - 7)]
            lines += [f"  {match.right.label}"]
    for match, title in zip(answer.matches, _titles(answer), strict=True):
        lines += ["", title, *_beside(match, width)]
    return lines + _listed("", answer.others, width)


def _two(answer: Comparison, width: int) -> list[str]:
    lines = [*wrap(headline(answer), width)]
    lines += _listed("Why they were kept apart", answer.why, width)
    lines += _listed("Not used", answer.guards, width)
    lines += ["", "The two records that come nearest", *_beside(answer.matches[0], width)]
    lines += _listed(further(answer), answer.others, width)
    return lines + _listed("What would change it", answer.cures, width)


def _titles(answer: Comparison) -> list[str]:
    """What stands over each match of one person."""
    is_path = len(answer.matches) > 1
    return [
        f"{f'Link {number}: ' if is_path else ''}{match.left.label} and {match.right.label}"
        for number, match in enumerate(answer.matches, 1)
    ]


def _listed(title: str, sentences: Sequence[str], width: int) -> list[str]:
    if not sentences:
        return []
    lines = ["", title] if title else [""]
    for sentence in sentences:
        if "cdp " in sentence:  # a command is to be copied: never broken
            words, _, command = sentence.partition(": cdp ")
            lines += [f"  {words}:", f"    cdp {command}"]
        else:
            first, *rest = wrap(sentence, width - 4)
            lines += [f"  {first}", *(f"    {line}" for line in rest)]
    return lines


def _values(match: Match) -> list[tuple[str, str, str]]:
    """Field, left and right value, of the fields that one of the two has."""
    return [
        (FIELD_WORDS.get(field, field), left or "–", right or "–")
        for field, left in match.left.values.items()
        if left or match.right.values[field]
        for right in (match.right.values[field],)
    ]


def _beside(match: Match, width: int) -> list[str]:
    """The two records in two columns, then the waterfall."""
    column = max(min((width - LABEL - 4) // 2, 40), 12)
    rows = [("", match.left.label, match.right.label), *_values(match)]
    lines = [f"  {name:{LABEL}}{_cut(left, column)}  {_cut(right, column)}".rstrip() for name, left, right in rows]
    places = (match.left.place, match.right.place)
    lines += [f"  {'' if at else 'file and line':{LABEL}}{place}" for at, place in enumerate(places) if place]
    if not match.parts:
        return [*lines, "", "  Everything that is compared is equal: the two are copies, and count as one record."]
    title = "  How the evidence adds up (each +1 doubles the odds that they are one person)"
    return [*lines, "", title, *_bars(match, width)]


def _cut(value: str, width: int) -> str:
    value = " ".join(value.split())
    return f"{value if len(value) <= width else value[: width - 1] + '…':{width}}"


def _bars(match: Match, width: int) -> list[str]:
    rows = bars(match.parts, match.weight)
    low, high = reach(rows)
    cells = BARS if width >= 96 else FEW_BARS
    scale = (cells - 1) / (high - low or 1)
    zero = round(-low * scale)
    lines = []
    for at, bar in enumerate(rows):
        left, right = (round((edge - low) * scale) for edge in bar.edges)
        row = ["│" if place == zero else " " for place in range(cells)]
        if bar.value:
            row[left : max(right, left + 1)] = ("█" if bar.value > 0 else "░") * max(right - left, 1)
        first, *rest = wrap(bar.note, max(width - LABEL - cells - 12, 20)) or [""]
        mark = "=" if at == len(rows) - 1 else " "
        lines.append(f" {mark}{bar.label:{LABEL}}{bar.text:>6}  {''.join(row)}  {first}")
        lines += [f"  {'':{LABEL}}{'':6}  {' ' * zero}│{' ' * (cells - zero - 1)}  {line}" for line in rest]
    return [*lines, *(f"  {line}" for line in wrap(unknown(match.parts), width - 2))]


# ---- as a page -----------------------------------------------------------------------------------


def write_page(answer: Comparison, path: Path) -> None:
    """Write the page for its owner's eyes only, all or nothing."""
    with replaced(path, "explanation") as temporary:
        temporary.touch(0o600)
        temporary.write_text(page(answer), encoding="utf-8")


def page(answer: Comparison) -> str:
    """The whole page; every value from the data is escaped."""
    lead = [who.note for who in (answer.a, answer.b) if who.note]
    if answer.is_one:
        lead.append(surest(answer))
        blocks = [
            _path(answer),
            *map(_pair, answer.matches, _titles(answer)),
            _sentences("Beside the path", answer.others),
        ]
    else:
        blocks = [
            _sentences("Why they were kept apart", answer.why),
            _sentences("Not used", answer.guards),
            _pair(answer.matches[0], "The two records that come nearest"),
            _sentences(further(answer), answer.others),
            _sentences("What would change it", answer.cures),
        ]
    return fill(
        "page.html.j2",
        headline(answer),
        title="One person" if answer.is_one else "Two people",
        lead=lead,
        sections=[section("evidence", "", "", "", *blocks)],
        closing=["About people: for your eyes only. Delete it when you have read it."],
    )


def _path(answer: Comparison) -> Block | None:
    if len(answer.matches) < 2:
        return None
    items = [Markup("<li>{}</li>").format(answer.matches[0].left.label)]
    for match in answer.matches:
        items.append(Markup('<li class="link">{}<br>{}</li>').format(match.reason, chance(match.weight)))
        items.append(Markup("<li>{}</li>").format(match.right.label))
    return Block("The path of evidence", Markup('<ol class="path">{}</ol>').format(Markup("").join(items)), wide=True)


def _sentences(title: str, sentences: Sequence[str]) -> Block | None:
    shaped: list[str | Markup] = []
    for sentence in sentences:
        words, colon, command = sentence.partition(": cdp ")
        shaped.append(Markup("{}:<br><code>cdp {}</code>").format(words, command) if colon else sentence)
    return Block(title, bullets(shaped), wide=True) if shaped else None


def _pair(match: Match, title: str) -> Block:
    rows: list[tuple[str | Markup, ...]] = [*_values(match)]
    if match.left.place or match.right.place:
        small = Markup("<small>{}</small>")
        rows.append(("file and line", small.format(match.left.place), small.format(match.right.place)))
    body = facts_table("", ("", match.left.label, match.right.label), rows)
    if not match.parts:
        return Block(title, body + Markup("<h4>Copies: everything that is compared is equal</h4>"), wide=True)
    heading = Markup("<h4>How the evidence adds up: each +1 doubles the odds that they are one person</h4>")
    drawn = waterfall("", bars(match.parts, match.weight))
    missing = unknown(match.parts)
    aside = Markup('<p class="aside">{}</p>').format(missing) if missing else ""
    return Block(title, body + heading + drawn + aside, wide=True)
