"""A page that needs nothing else: its sections, its blocks, and the one way it is filled.

What belongs here: the shapes that every page has. What does not: what a page says (reports/, explain/, privacy/),
drawing (charts.py) and colours (page.css).

Templates stand beside this file: `page.html.j2` is a page of sections, the others extend it. Values are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from cdp_pipeline.pages.charts import facts_table

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class Block:
    """One chart or table with its heading. `folded`: shown when asked for. `wide`: over the whole page."""

    title: str
    body: Markup
    text: str = ""
    wide: bool = False
    folded: bool = False
    is_chart: bool = True


@dataclass(frozen=True)
class Section:
    """A part of the page: its anchor, its title, the finding in one sentence, and what shows it.

    Without a title the blocks stand alone, each with a heading of its own.
    """

    anchor: str
    title: str
    finding: str
    blocks: tuple[Block, ...] = ()
    menu: str = ""

    def rows(self) -> Iterator[tuple[bool, tuple[Block, ...]]]:
        """Blocks in order; narrow ones that follow each other share the width, unless there is but one."""
        for is_wide, blocks in groupby(self.blocks, key=lambda block: block.wide or block.folded):
            together = tuple(blocks)
            yield is_wide or len(together) == 1, together


def section(anchor: str, title: str, menu: str, finding: str, *blocks: Block | None) -> Section:
    """A section of the blocks that have something to show."""
    return Section(anchor, title, finding, tuple(block for block in blocks if block), menu)


def table(
    title: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str | Markup]],
    numeric: Sequence[int] = (),
    text: str = "",
    *,
    caption: str = "",
    wide: bool = True,
    folded: bool = False,
) -> Block | None:
    """A plain table as a block, nothing without rows; the caption is read out in place of the title."""
    if not rows:
        return None
    return Block(title, facts_table(caption or title, head, rows, numeric), text, wide, folded, is_chart=False)


def fill(template: str, heading: str, **values: object) -> str:
    """The text of a page. `values` may hold `title`, `brand`, `lead` (sentences) and `sections`.

    Whatever else its template asks for must be there: a missing value is an error, never a hole.
    """
    return _environment().get_template(template).render({"heading": heading, **values})


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
