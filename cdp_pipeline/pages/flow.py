"""The picture of identity: records of each system flowing together into people, as SVG.

What belongs here: the geometry of that one chart. What does not: bars of any kind (charts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDTH, _HEIGHT, _GAP, _BLOCK = 440.0, 300.0, 10.0, 12.0
_LEFT, _RIGHT = 118.0, 318.0


@dataclass(frozen=True)
class Node:
    """One block: its name, the figure under it and its colour class."""

    name: str
    text: str
    tone: str


@dataclass(frozen=True)
class Link:
    """A stream from block `start` (left) to block `end` (right), as wide as `value`."""

    start: int
    end: int
    value: float
    text: str


def flow(title: str, left: Sequence[Node], right: Sequence[Node], links: Sequence[Link]) -> Markup:
    """Streams from the left blocks to the right ones; both sides show the same total."""
    total = sum(link.value for link in links) or 1.0
    room = _HEIGHT - _GAP * (max(len(left), len(right)) - 1)
    scale = room / total
    starts = _tops([sum(k.value for k in links if k.start == i) * scale for i in range(len(left))])
    ends = _tops([sum(k.value for k in links if k.end == i) * scale for i in range(len(right))])
    below_start, below_end = [top for top, _ in starts], [top for top, _ in ends]
    shapes = []
    for link in sorted(links, key=lambda k: (k.start, k.end)):
        width = link.value * scale
        y0, y1 = below_start[link.start], below_end[link.end]
        below_start[link.start] += width
        below_end[link.end] += width
        shapes.append(_stream(y0, y1, width, right[link.end].tone, link.text))
    for node, (top, height) in zip(left, starts, strict=True):
        shapes.append(_block(_LEFT - _BLOCK, top, height, "c6", node, _LEFT - _BLOCK - 8, "end"))
    for node, (top, height) in zip(right, ends, strict=True):
        shapes.append(_block(_RIGHT, top, height, node.tone, node, _RIGHT + _BLOCK + 8, "start"))
    height = max(top + size for top, size in (*starts, *ends)) if shapes else 0.0
    return Markup(
        '<svg class="flow" viewBox="0 -8 {:.0f} {:.0f}" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(_WIDTH, height + 16, title, title, Markup("").join(shapes))


def _tops(sizes: Sequence[float]) -> list[tuple[float, float]]:
    """Top and height of each block; small ones get room for their words."""
    blocks, y = [], 0.0
    for size in sizes:
        blocks.append((y, size))
        y += max(size, 22.0) + _GAP
    return blocks


def _stream(y0: float, y1: float, width: float, tone: str, text: str) -> Markup:
    half = (_LEFT + _RIGHT) / 2
    path = (
        f"M{_LEFT:.1f},{y0:.1f}C{half:.1f},{y0:.1f} {half:.1f},{y1:.1f} {_RIGHT:.1f},{y1:.1f}"
        f"V{y1 + width:.1f}"
        f"C{half:.1f},{y1 + width:.1f} {half:.1f},{y0 + width:.1f} {_LEFT:.1f},{y0 + width:.1f}Z"
    )
    return Markup('<path class="stream {}" d="{}"><title>{}</title></path>').format(tone, path, text)


def _block(x: float, top: float, height: float, tone: str, node: Node, text_x: float, anchor: str) -> Markup:
    middle = top + height / 2
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.0f}" height="{:.1f}" rx="2"/>'
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}'
        '<tspan class="soft" x="{:.1f}" dy="13">{}</tspan></text>'
    ).format(tone, x, top, _BLOCK, max(height, 1.5), text_x, middle - 2, anchor, node.name, text_x, node.text)
