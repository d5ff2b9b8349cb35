"""Filling the templates of the pages, which stand beside this file.

What belongs here: the one way a page is rendered, and the heading that every page has. What does not: which
facts a page shows (page.py, checks_page.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cdp_pipeline.reports import figures


def fill(template: str, name: str, as_of: date, **shown: object) -> str:
    """The text of a page; `name` of the project is its title. Values are escaped, and none may be missing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    title = figures.title(name) if len(name) > 4 else name.upper()
    return environment.get_template(template).render(title=title, as_of=figures.day(as_of), **shown)
