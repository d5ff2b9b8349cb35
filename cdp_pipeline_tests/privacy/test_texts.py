"""Addresses and numbers inside texts: which are found, how they are compared, and what is left when they go."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from cdp_pipeline.privacy.texts import BLANK, find_written, plain, without
from cdp_pipeline.project.identifier_keys import add_phones
from cdp_pipeline.project.words import Words, macros


def found(text: str, country: str = "NL") -> list[tuple[str, str, str]]:
    """(kind, as written, value) of everything found in a text."""
    with duckdb.connect() as con:
        con.register("told", pa.table({"number": [1], "text": [text]}))
        find_written(con, "told", country)
        return con.execute("select kind, as_written, value from written order by all").fetchall()


@pytest.mark.parametrize(
    "written",
    [
        "ann@mail.example", "Ann@Mail.example", "an\u200bn@mail.example", "\ufeffann@mail.example", "ann@mail.exam\u00adple",
        "ann＠mail.example", "ann﹫mail.example", "ａｎｎ@mail.example", "ann@mail．example", "ann%40mail.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "I am a friend of {}, she said", "<{}>", "“{}”", "see https://x.example/?m={}&b=1",
                                    "mailto:{}.", "（{}）", "a@b.example;{}"])  # fmt: skip
def test_an_address_is_found_as_it_looks(written: str, around: str) -> None:
    """Whatever stands around it, and whichever signs it is written with."""
    values = {value.lower() for kind, _, value in found(around.format(written)) if kind == "email"}
    assert "ann@mail.example" in {plain(value) for value in values} & values


@pytest.mark.parametrize(
    "written",
    ["+31687654321", "+31 6 87 65 43 21", "0031687654321", "+31 (0)6 87654321", "06-87654321", "(06) 8765 4321",
     "06 87.65.43.21", "06/87654321", "31687654321", "06\u200b87654321", "06\u00a087654321", "%2B31687654321"],
)  # fmt: skip
@pytest.mark.parametrize(
    "around", ["{}", "call {} 2 times", "on 2026-05-02 10:00 {}", "700002 {} 14", "tel:{}", "({})"]
)
def test_a_number_is_found_by_its_digits(written: str, around: str) -> None:
    """The whole number is among what is found, however it is spaced and whatever digits stand beside it."""
    with duckdb.connect() as con:
        rows = found(around.format(written))
        con.register("raw_phones", pa.table({"phone": [row[2] for row in rows], "country_code": ["NL"] * len(rows)}))
        for macro in macros(Words()):
            con.execute(macro)
        add_phones(con)
        keys = {row[0] for row in con.execute("select unnest(phone_keys) from phone_keys").fetchall()}
    assert "+31687654321" in keys


@pytest.mark.parametrize(
    "text",
    ["order 1687654321", "87654321", "687654321", "990687654321", "068765432100", "7000687654321", "2026-05-02 10:00:00",
     "8.765,43", "06-8765", "NL91ABNA0417164300"],
)  # fmt: skip
def test_what_is_no_whole_number_is_left(text: str) -> None:
    """Ids, amounts, days and parts of longer numbers are not taken for a number."""
    assert "0687654321" not in {value.replace("+31", "0") for kind, _, value in found(text) if kind == "phone"}


@pytest.mark.parametrize(("country", "expected"), [("NL", 0), ("DE", 1), ("ES", 0)])
def test_a_national_number_is_one_of_the_country_of_the_project(country: str, expected: int) -> None:
    """Twelve digits with a 0 are a German number in Germany; elsewhere they may be anything."""
    assert len([row for row in found("061234567890", country) if row[0] == "phone"]) == expected


def test_what_goes_leaves_its_neighbours() -> None:
    """Only the very address or number goes, each time it stands there, and not where it is part of another."""
    written = {"ann@mail.example": "email", "06-87654321": "phone", "0687654321": "phone"}
    texts = pa.chunked_array([[
        "ann@mail.example ann@mail.example, joann@mail.example. ann@mail.example.org <ann@mail.example>.",
        "0687654321 0687654321 0687654321, 990687654321 06876543210 06-87654321.", None, "nothing",
    ]])  # fmt: skip
    assert without(texts, written).to_pylist() == [
        f"{BLANK} {BLANK}, joann@mail.example. ann@mail.example.org <{BLANK}>.",
        f"{BLANK} {BLANK} {BLANK}, 990687654321 06876543210 {BLANK}.", None, "nothing",
    ]  # fmt: skip
