"""The shape of a section of the page.

What belongs here: what every section has. What does not: any particular section.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup


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
    """A part of the page: its anchor, its title, the finding in one sentence, and what shows it."""

    anchor: str
    title: str
    finding: str
    blocks: tuple[Block, ...]
    menu: str = ""

    def rows(self) -> Iterator[tuple[bool, tuple[Block, ...]]]:
        """Blocks in order; narrow ones that follow each other share the width, unless there is but one."""
        for is_wide, blocks in groupby(self.blocks, key=lambda block: block.wide or block.folded):
            together = tuple(blocks)
            yield is_wide or len(together) == 1, together
