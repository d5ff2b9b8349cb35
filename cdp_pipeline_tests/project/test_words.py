"""The tables of words: what stands for yes, no, a permission, an empty cell, and what a spreadsheet made of an id."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.shapes import Contract
from cdp_pipeline.project.words import Words, macros, read_words
from cdp_pipeline.project.yaml_file import read_shape
from cdp_pipeline_tests.whole_project import ROOT

WORDS = read_words(ROOT / "dbt_like_sql" / "2_staging")


@cache
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    for macro in macros(WORDS):
        made.execute(macro)
    return made


def ask(macro: str, text: str | None) -> Any:
    return con().execute(f"select {macro}($1)", [text]).fetchall()[0][0]


@pytest.mark.parametrize(
    "text", ["yes", "Ja", " OUI ", "WAHR", "sí", "'1'", "tak.", "ｙｅｓ", "y\u200bes", "Subscribed", "opted-in"]
)
def test_a_plain_yes_grants(text: str) -> None:
    """In any language, case and dress."""
    assert ask("permission_status", text) == "granted"


@pytest.mark.parametrize(
    "text", ["no", "FALSE", "nee", "0", "FALSCH", "N", "Denied ", "refusé", "Do not contact", "nie"]
)
def test_a_plain_no_denies(text: str) -> None:
    """As spreadsheets and people of other countries write it."""
    assert ask("permission_status", text) == "denied"


@pytest.mark.parametrize(
    ("text", "status"), [("Withdrawn", "withdrawn"), ("Abgemeldet", "withdrawn"), ("SPAM", "complaint")]
)
def test_a_state_has_its_words(text: str, status: str) -> None:
    """The states of newsletters are statuses, whatever their case."""
    assert ask("permission_status", text) == status


@pytest.mark.parametrize("text", ["perhaps", "yes and no", "#NV", "-", "2"])
def test_a_word_that_nobody_knows_stays_what_it_is(text: str) -> None:
    """It is no grant: the contract does not know it either, and so it denies."""
    assert ask("permission_status", text) == text
    assert ask("answer", text) is None


@pytest.mark.parametrize("text", [None, "", "  ", "\u200b", "."])
def test_a_blank_cell_says_nothing(text: str | None) -> None:
    """Neither yes nor no."""
    assert ask("permission_status", text) is None


@pytest.mark.parametrize(
    "text",
    [
        "7E+12",
        "7.00001E+12",
        "7,00001e+12",
        "7.00001e12",
        "7E12",
        "1E-05",
        "7000007919317.0",
        "7,000,000,800,012",
        "########",
        "#NV",
        "#N/A",
        "#WERT!",
        "#¿NOMBRE?",
        "Err:502",
        "shopify:7E+12",
        "order:#REF!",
        "a:b:7000.0",
    ],
)
def test_what_a_spreadsheet_made_of_an_id_is_no_id(text: str) -> None:
    """In every form of a number and every language of an error, behind any prefix."""
    assert not ask("is_whole_id", text)


@pytest.mark.parametrize(
    "text", ["1", "#1001", "12E45", "A-1.0", "0031E00000abcdeQAA", "order:#1001", "1.2.3", "2,5", None]
)
def test_ids_that_only_look_odd_are_ids(text: str | None) -> None:
    """Order names, article numbers and ids of other systems are left alone."""
    assert ask("is_whole_id", text)


@pytest.mark.parametrize("text", ["0", "None", "undefined", "shopify:0", "GUEST", "n/a", "-"])
def test_words_for_nobody_name_nobody(text: str) -> None:
    """A guest is no account that guests share."""
    assert ask("is_no_id", text)


def test_a_word_has_one_meaning() -> None:
    """No word of the shipped table stands there twice, and each status is one that the contract knows."""
    problems: list[str] = []
    contract = read_shape(ROOT / "dbt_like_sql" / "2_staging" / "permissions.yml", Contract, problems)
    assert not problems
    assert contract is not None
    allowed = contract.columns["status"].is_in
    assert allowed is not None
    assert {status for _, status in WORDS.statuses} <= set(allowed)
    for word, status in WORDS.statuses:
        assert ask("permission_status", word) == status


def test_mistakes_in_the_tables_are_told_at_once(tmp_path: Path) -> None:
    """With file and line: a word twice, a boolean that is none, a place that is none, a header that is another."""
    (tmp_path / "words.csv").write_text(
        "word,languages,boolean,status\nja,nl,true,granted\nJa,de,true,granted\nno,en,nope,denied\n"
    )
    (tmp_path / "empty_cells.csv").write_text("text,stands_in,origin\nn/a,typd,people\n")
    with pytest.raises(ProjectError) as told:
        read_words(tmp_path)
    assert [p.rpartition("/")[2].split(" ")[0] for p in told.value.problems] == [
        "words.csv:3:",
        "words.csv:4:",
        "empty_cells.csv:2:",
    ]
    assert "did you mean typed" in told.value.problems[2]
    assert read_words(tmp_path / "nowhere") == Words(booleans=())
