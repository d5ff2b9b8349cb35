"""Charts as plain HTML and SVG: crisp at any size, readable without colour, drawn by no script.

What belongs here: one function a kind of chart; each gives markup. What does not: what is drawn
(section.py), colours and sizes (page.css).

A bar is a table row, so that a screen reader and a copy-paste get the numbers. Colours are classes
`c1` to `c6`, defined for light and dark in page.css.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Tone = str


@dataclass(frozen=True)
class Bar:
    """One row of a bar chart: `value` sets the length, `text` is what is read, `note` explains."""

    label: str
    value: float
    text: str
    note: str = ""
    tone: Tone = "c1"
    mark: str = ""


@dataclass(frozen=True)
class Part:
    """One piece of a stacked bar."""

    name: str
    value: float
    text: str
    tone: Tone


@dataclass(frozen=True)
class Stack:
    """One row of a stacked bar chart; the pieces fill the row, `text` stands behind it."""

    label: str
    parts: Sequence[Part]
    text: str
    note: str = ""


def bars(title: str, rows: Sequence[Bar], most: float = 0.0) -> Markup:
    """Horizontal bars; `most` is the value of a full row (the largest one when it is 0)."""
    top = most or max((row.value for row in rows), default=0.0) or 1.0
    lines = [
        Markup('<tr><th scope="row">{}{}</th><td class="track">{}</td><td class="figure">{}{}</td></tr>').format(
            row.label, _note(row.note), _bar(row, top), row.text, _note(row.mark)
        )
        for row in rows
    ]
    return _table("bars", title, lines)


def stacks(title: str, rows: Sequence[Stack]) -> Markup:
    """Stacked bars of equal length: how each row divides."""
    lines = []
    for row in rows:
        whole = sum(part.value for part in row.parts) or 1.0
        pieces = [
            Markup('<span class="bar {}" style="width:{}%" title="{}"></span>').format(
                part.tone, _share(part.value, whole), f"{part.name}: {part.text}"
            )
            for part in row.parts
            if part.value > 0
        ]
        told = "; ".join(f"{part.name} {part.text}" for part in row.parts if part.value > 0)
        lines.append(
            Markup(
                '<tr><th scope="row">{}{}</th><td class="track stack"><span class="unseen">{}</span>{}</td>'
                '<td class="figure">{}</td></tr>'
            ).format(row.label, _note(row.note), told, Markup("").join(pieces), row.text)
        )
    return Markup("{}{}").format(_legend([part for row in rows for part in row.parts]), _table("bars", title, lines))


def columns(title: str, rows: Sequence[Stack], axis: Sequence[str], scale: Callable[[float], str]) -> Markup:
    """Standing stacked columns, one a period; `axis` holds the text under each column, often empty.

    `scale` writes the values of the two lines behind the columns.
    """
    top = _round_up(max((sum(max(part.value, 0) for part in row.parts) for row in rows), default=0.0))
    lines = []
    for row, tick in zip(rows, axis, strict=True):
        pieces = [
            Markup('<span class="bar {}" style="height:{}%"></span>').format(part.tone, _share(max(part.value, 0), top))
            for part in reversed(row.parts)
        ]
        told = "; ".join([row.text, *(f"{part.name} {part.text}" for part in row.parts)])
        lines.append(
            Markup(
                '<li title="{0}: {1}"><span class="unseen">{0}: {1}</span>{2}<i aria-hidden="true">{3}</i></li>'
            ).format(row.label, told, Markup("").join(pieces), tick)
        )
    legend = _legend([part for row in rows for part in row.parts])
    lined = Markup('<p class="scale" aria-hidden="true"><span>{}</span><span>{}</span></p>').format(
        scale(top), scale(top / 2)
    )
    return Markup('{}<div class="plot">{}<ol class="columns" aria-label="{}">{}</ol></div>').format(
        legend, lined, title, Markup("").join(lines)
    )


def _round_up(value: float) -> float:
    """The next round number: 13,500 → 15,000."""
    if value <= 0:
        return 1.0
    power = float(10 ** math.floor(math.log10(value)))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


def weights(title: str, groups: Sequence[tuple[str, Sequence[Bar]]]) -> Markup:
    """Bars that go left for evidence against and right for evidence for, in groups."""
    top = max((abs(bar.value) for _, rows in groups for bar in rows), default=0.0) or 1.0
    lines = []
    for name, rows in groups:
        lines.append(Markup('<tr class="group"><th scope="rowgroup" colspan="3">{}</th></tr>').format(name))
        for bar in rows:
            side, tone = ("against", "c5") if bar.value < 0 else ("for", "c1")
            lines.append(
                Markup(
                    '<tr><th scope="row">{}</th><td class="track zero">'
                    '<span class="bar {} {}" style="width:{}%"></span></td>'
                    '<td class="figure">{}</td></tr>'
                ).format(bar.label, side, tone, _share(abs(bar.value), top * 2), bar.text)
            )
    return _table("bars weights", title, lines)


def funnel(title: str, steps: Sequence[Bar]) -> Markup:
    """Narrowing bars; `note` of a step tells who stayed behind before it."""
    top = max((step.value for step in steps), default=0.0) or 1.0
    lines = [
        Markup(
            '<li>{}<span class="step">{}</span>'
            '<span class="name">{}</span> <b>{}</b></li>'
        ).format(
            Markup('<span class="lost">{}</span>').format(step.note) if step.note else "",
            _bar(step, top), step.label, step.text,
        )
        for step in steps
    ]  # fmt: skip
    return Markup('<ol class="funnel" aria-label="{}">{}</ol>').format(title, Markup("").join(lines))


def heat(title: str, across: Sequence[str], rows: Sequence[tuple[str, Sequence[tuple[float, str] | None]]]) -> Markup:
    """A grid of shares (0 to 1), darker for more; None where the question makes no sense."""
    head = Markup("").join(Markup('<th scope="col"><span>{}</span></th>').format(name) for name in across)
    lines = [Markup('<tr><th scope="col"><span class="unseen">Field</span></th>{}</tr>').format(head)]
    for label, cells in rows:
        tds = [
            Markup('<td style="--heat:{}%">{}</td>').format(round(cell[0] * 100), cell[1])
            if cell
            else Markup("<td></td>")
            for cell in cells
        ]
        lines.append(Markup('<tr><th scope="row">{}</th>{}</tr>').format(label, Markup("").join(tds)))
    return Markup('<div class="scroll">{}</div>').format(_table("heat", title, lines))


def _table(kind: str, title: str, lines: Sequence[Markup]) -> Markup:
    body = Markup("\n").join(lines)
    return Markup('<table class="chart {}"><caption class="unseen">{}</caption>{}</table>').format(kind, title, body)


def _legend(parts: Sequence[Part]) -> Markup:
    tones = {part.name: part.tone for part in parts if part.value > 0}
    items = Markup("").join(
        Markup('<li><span class="key {}"></span>{}</li>').format(tone, name) for name, tone in tones.items()
    )
    return Markup('<ul class="legend" aria-hidden="true">{}</ul>').format(items)


def _note(note: str) -> Markup:
    return Markup("<small>{}</small>").format(note) if note else Markup("")


def _bar(bar: Bar, top: float) -> Markup:
    """A figure that is told as a bound (`< 20`, `> 80`) is drawn hatched: its length is no measure."""
    if bar.value <= 0:
        return Markup("")
    hatched = " vague" if bar.text.startswith(("<", ">")) else ""
    return Markup('<span class="bar {}{}" style="width:{}%"></span>').format(bar.tone, hatched, _share(bar.value, top))


def _share(value: float, whole: float) -> str:
    """Percent of the whole; what is not nothing can be seen."""
    return f"{max(100 * value / whole, 0.4 if value else 0):.2f}"


def facts_table(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str | Markup]], numeric: Sequence[int] = ()
) -> Markup:
    """A plain table; columns whose positions are in `numeric` are set as figures."""
    cells = [
        Markup('<td class="{}">{}</td>') if position in numeric else Markup("<td>{1}</td>")
        for position in range(len(head))
    ]
    titles = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(Markup(' class="figure"') if i in numeric else "", escape(h))
        for i, h in enumerate(head)
    )
    lines = [Markup("<tr>{}</tr>").format(titles)]
    for row in rows:
        tds = [cell.format("figure", value) for cell, value in zip(cells, row, strict=True)]
        lines.append(Markup("<tr>{}</tr>").format(Markup("").join(tds)))
    return Markup('<div class="scroll">{}</div>').format(_table("plain", title, lines))
