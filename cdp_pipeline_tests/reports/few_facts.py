"""Facts of a few rows, and a section as a reader reads it.

What belongs here: making and reading them. What does not: assertions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from html import unescape
from typing import Any

from markupsafe import Markup

from cdp_pipeline.pages.page import Section
from cdp_pipeline.reports.facts import Facts

AS_OF = date(2026, 6, 30)


def rows(columns: str, *values: tuple[Any, ...]) -> tuple[Mapping[str, Any], ...]:
    """Rows of a report table: the names of its columns, then the values of each row."""
    return tuple(dict(zip(columns.split(), row, strict=True)) for row in values)


def facts(
    *, floor: int = 20, segments: Mapping[str, str] | None = None, **tables: tuple[Mapping[str, Any], ...]
) -> Facts:
    """Facts of a shop with the given report tables and no others."""
    return Facts("shop", AS_OF, "run-1", floor, "EUR", tables, segments=segments or {})


def lines(body: Markup) -> list[str]:
    """The rows of a chart or table as text, cells parted by a bar."""
    text = re.sub(r"</t[hd]>\s*<t[hd][^>]*>", " | ", str(body))
    text = re.sub(r"</(tr|caption|li|p|h4|ul)>|<br>", "\n", text)
    text = re.sub(r"<(?!/?b>)[^>]+>", " ", text)
    return [
        line
        for part in unescape(text.replace("<b>", "").replace("</b>", "")).split("\n")
        if (line := " ".join(part.split()))
    ]


def block(section: Section | None, title: str) -> list[str]:
    """The lines of one block of a section, without its caption."""
    assert section
    (one,) = (block for block in section.blocks if block.title == title)
    return lines(Markup(re.sub(r"<caption.*?</caption>", "", str(one.body))))


def titles(section: Section | None) -> list[str]:
    """The titles of the blocks of a section, in order."""
    assert section
    return [block.title for block in section.blocks]


def figures(section: Section | None, title: str) -> list[str]:
    """The columns of a table block that are set as figures, in its head and in each of its rows."""
    assert section
    (body,) = (str(block.body) for block in section.blocks if block.title == title)
    names = re.findall(r'<th scope="col" class="figure">(.*?)</th>', body)
    cells = {len(re.findall('<td class="figure">', row)) for row in re.findall("<tr>(?!<th).*?</tr>", body)}
    assert cells == {len(names)}
    return names
