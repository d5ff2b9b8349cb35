"""docs/glossary.md held up to the product: one word for one thing, and every thing it names exists.

What belongs here: the table of the glossary. What does not: links, commands and examples of pages (test_docs.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import click
import pytest
from pydantic import BaseModel

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.pipeline import build_pipeline
from cdp_pipeline.project.project import read_project
from cdp_pipeline.project.shapes import (
    Audience,
    Contract,
    Destination,
    Expectations,
    Segmentation,
    Settings,
    Source,
    Survivorship,
)
from cdp_pipeline.run.steps import Table
from cdp_pipeline_tests.test_docs import every_command

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "glossary.md"
SHAPES: Mapping[str, type[BaseModel]] = {
    "project.yml": Settings,
    "1_sources": Source,
    "2_staging": Contract,
    "3_identity/matching.yml": Matching,
    "3_identity/placeholders.yml": Placeholders,
    "4_profiles/survivorship.yml": Survivorship,
    "5_segments": Segmentation,
    "5_segments/audiences": Audience,
    "6_activation": Destination,
    "checks/expectations.yml": Expectations,
}


class Term(NamedTuple):
    """A line of the table: our word, the field's words, the sentence, and the places."""

    word: str
    elsewhere: tuple[str, ...]
    sentence: str
    places: tuple[str, ...]


@cache
def terms() -> tuple[Term, ...]:
    """The lines of the glossary, in order."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return tuple(
        Term(word, tuple(re.split(", (?![^(]*\\))", field)), sentence, tuple(re.findall("`([^`]+)`", places)))
        for word, field, sentence, places in cells
    )


@cache
def tables() -> Mapping[str, Table]:
    """Every table of the shipped project, but those that are called after an export or a destination."""
    project = read_project(ROOT / "dbt_like_sql")
    families = {
        *(f"raw.{name}" for name in project.sources),
        *(f"activation.{name}" for name in project.destinations),
        *(f"quarantine.{name}" for name in project.contracts),
    }
    return {name: table for name, table in build_pipeline(project).tables.items() if name not in families}


def shapes_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The shapes that the value of a YAML key may have, inside lists and mappings too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from shapes_in(part)


def has_key(shape: type[BaseModel], path: list[str]) -> bool:
    """Whether files of a shape may have a key, given with the keys above it."""
    fields = {field.alias or name: field for name, field in shape.model_fields.items()}
    if path[0] not in fields:
        return False
    return len(path) == 1 or any(has_key(inner, path[1:]) for inner in shapes_in(fields[path[0]].annotation))


@cache
def engine() -> str:
    """All that the package and the project say, to find the names of files in."""
    files = [*(ROOT / "cdp_pipeline").rglob("*.py"), ROOT / "dbt_like_sql" / "project.yml"]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def exists(place: str) -> bool:
    """Whether a place of the glossary is one of the product."""
    if place.startswith("cdp "):
        command, _, option = place.removeprefix("cdp ").partition(" --")
        known = every_command().get(command)
        options = (
            {opt for param in known.params if isinstance(param, click.Option) for opt in param.opts} if known else {}
        )
        return known is not None and (not option or f"--{option}" in options)
    if place.startswith("DATA/"):
        return all(f'"{part}"' in engine() for part in place.removeprefix("DATA/").split("/"))
    if ": " in place:
        file, key = place.split(": ")
        return file in SHAPES and has_key(SHAPES[file], key.split("."))
    if re.fullmatch("(raw|quarantine|activation)[.]<[a-z]+>", place):
        return True
    table, column = re.fullmatch(r"(\w+\.\w+)(?:\.(\w+))?", place).groups() if place.count(".") in {1, 2} else ("", "")
    return table in tables() and (not column or column in tables()[table].columns)


@pytest.mark.parametrize("place", ["cdp run --sideways", "cdp", "DATA/x.csv", "project.yml: nam", "2_staging: columns.ke",
                                   "identity.person", "identity.persons.id", "raw.x.y.z"])  # fmt: skip
def test_a_wrong_place_is_noticed(place: str) -> None:
    """A table, column, key, command, option or file that does not exist is not taken for one."""
    assert not exists(place)


def test_every_place_exists() -> None:
    """Each table, column, YAML key, command, option and file that the glossary names is one of the product."""
    assert not [f"{term.word}: {place}" for term in terms() for place in term.places if not exists(place)]


def test_every_table_has_its_word() -> None:
    """Each table of the shipped project stands in the glossary: what its rows are has a word."""
    named = {place for term in terms() for place in term.places}
    assert not set(tables()) - named


def test_a_word_is_one_thing() -> None:
    """No word is explained twice, the words are in the order of the alphabet, and none lacks its sentence or its place."""
    words = [term.word for term in terms()]
    assert words == sorted(set(words), key=str.lower)
    assert not [term.word for term in terms() if not term.sentence.endswith(".") or not term.places]


def test_a_word_of_the_field_is_one_thing() -> None:
    """No word of the field stands beside two of ours, or is one of ours for another thing."""
    elsewhere = Counter(word.lower() for term in terms() for word in term.elsewhere)
    assert not [word for word, times in elsewhere.items() if times > 1]
    assert not {term.word.lower() for term in terms()} & set(elsewhere)
