"""The record of processing activities: the same words as Markdown and as a page."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from cdp_pipeline.privacy.records_of_processing import as_markdown, as_page, parts
from cdp_pipeline.project.project import Project, read_project

FOLDER = Path(__file__).parents[2] / "dbt_like_sql"


@pytest.fixture(scope="module")
def project() -> Project:
    return read_project(FOLDER)


def test_the_page_has_every_part_with_its_sentences_and_cells(project: Project) -> None:
    """All headings in order, and under each what the part says, without the marks of Markdown."""
    html = as_page(project)
    assert "<h1>Record of processing activities</h1>" in html
    titles = [part.title for part in parts(project)]
    assert re.findall(r'<h2 id="[^"]*">(.*?)</h2>', html) == titles
    sections = re.findall(r"<section id=.*?</section>", html, re.DOTALL)
    for part, text in zip(parts(project), sections, strict=True):
        assert [unescape(item) for item in re.findall("<li>(.*?)</li>", text)] == [
            sentence.replace("`", "") for sentence in part.sentences
        ]
        cells = [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", text)]
        assert cells == [cell for row in part.rows for cell in row]


def test_markdown_says_the_same(project: Project) -> None:
    """Every part is a heading there too, with a line a sentence and a row."""
    text = as_markdown(project)
    for part in parts(project):
        assert f"## {part.title}\n" in text
        assert all(f"- {sentence}\n" in text for sentence in part.sentences)
    assert text.count("\n| ") == sum(len(part.rows) for part in parts(project))
