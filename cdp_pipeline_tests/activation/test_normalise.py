"""Normalisation against the values that the platforms print, and the European ones they forget."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline.activation.normalise import MACROS, create_macros, e164, rewrite_phones


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_macros(connection)
        yield connection


def normalised(con: duckdb.DuckDBPyConnection, rule: str, value: str | None, country: str | None = None) -> str | None:
    found = con.execute(f"select normalise_{rule}(?::varchar, ?::varchar)", [value, country]).fetchall()[0][0]
    return None if found is None else str(found)


VECTORS = [
    ("email", " John_Smith@Gmail.com", None, "john_smith@gmail.com"),
    ("email", " Jan.de.Vries@Outlook.com", None, "jan.de.vries@outlook.com"),
    ("email", "no address", None, None),
    ("email", "", None, None),
    ("email", None, None, None),
    ("email", "a\u200bb@x.org\u00a0", None, "ab@x.org"),
    ("email", "o'neil+news@sub-1.example.co.uk", None, "o'neil+news@sub-1.example.co.uk"),
    *(
        ("email", wrong, None, None)
        for wrong in (
            "jan<jan@x.nl>",
            "jan@x.nl,",
            "mailto:jan@x.nl",
            "a@b..c",
            "a b@c.nl",
            "a@b",
            ".a@x.nl",
            "a.@x.nl",
            "a..b@x.nl",
            "a@-x.nl",
            "a@x-.nl",
            "a@x.nl.",
            "a@x.n",
            "a@x.12",
            "a@b@x.nl",
            "a@x_y.nl",
            '"a"@x.nl',
        )
    ),
    ("email_without_gmail_dots", "A.B.C@gmail.com", None, "abc@gmail.com"),
    ("email_without_gmail_dots", "a.b.c@googlemail.com", None, "abc@googlemail.com"),
    ("email_without_gmail_dots", "a.b.c@example.org", None, "a.b.c@example.org"),
    ("email_ascii_local", "zoë@example.org", None, None),
    ("email_ascii_local", "zoe@münchen.example", None, "zoe@münchen.example"),
    ("phone_e164", "+31612345678", "NL", "+31612345678"),
    ("phone_e164", "0612345678", "NL", None),
    ("phone_digits", "+16505551212", "US", "16505551212"),
    ("google_name", "Zoë ", None, "zoë"),
    ("google_name", " Anne  Marie ", None, "anne marie"),
    ("meta_name", "Mary", None, "mary"),
    ("meta_name", "정", None, "정"),
    ("meta_name", "Valéry", None, "valéry"),
    ("meta_name", unicodedata.normalize("NFD", "Valéry"), None, "valéry"),
    ("meta_name", "D’Angelo", None, "dangelo"),
    ("meta_name", "O'Brien-Smith", None, "obriensmith"),
    ("meta_city", "München", "DE", "münchen"),
    ("meta_city", "São Paulo", "BR", "sãopaulo"),
    ("meta_city", "'s-Gravenhage", "NL", "sgravenhage"),
    ("meta_state", "CA", "US", "ca"),
    ("meta_state", "California", "US", None),
    ("meta_state", "Noord-Holland", "NL", "noordholland"),
    ("meta_zip", "100-0001", "JP", "1000001"),
    ("meta_zip", "94035-1234", "US", "94035"),
    ("meta_zip", "SW1A 1AA", "GB", "sw1a1"),
    ("meta_zip", "1012 AB", "NL", "1012ab"),
    ("meta_zip", "1012 AB", None, "1012ab"),
    ("country_upper", "nl", None, "NL"),
    ("country_upper", "Nederland", None, None),
    ("country_upper", "uk", None, "GB"),
    ("country_upper", "EL", None, "GR"),
    ("country_lower", "UK", None, "gb"),
    ("meta_zip", "SW1A 1AA", "UK", "sw1a1"),
    ("country_lower", "US", None, "us"),
    ("meta_gender", "V", "NL", "f"),
    ("meta_gender", "weiblich", "DE", "f"),
    ("meta_gender", "Männlich", "DE", "m"),
    ("meta_gender", "divers", "DE", None),
    ("meta_gender", "unknown", None, None),
    ("date_yyyymmdd", "1997-02-16", None, "19970216"),
    ("date_mm_dd", "1997-02-16", None, "02/16"),
    ("date_iso", "soon", None, None),
    ("text_255_bytes", "é" * 200, None, "é" * 127),
]


@pytest.mark.parametrize(("rule", "value", "country", "expected"), VECTORS)
def test_golden_vectors(
    con: duckdb.DuckDBPyConnection, rule: str, value: str | None, country: str | None, expected: str | None
) -> None:
    """Every rule gives the value that its platform documents, also for European data."""
    assert normalised(con, rule, value, country) == expected


HASHES = [
    ("email", "John_Smith@gmail.com", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
    ("phone_digits", "+16505551212", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
    ("meta_name", "Mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
    ("meta_name", "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
    ("meta_name", "Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
    ("date_yyyymmdd", "1997-02-16", "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c"),
    ("country_lower", "US", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
]


@pytest.mark.parametrize(("rule", "value", "expected"), HASHES)
def test_documented_hashes(con: duckdb.DuckDBPyConnection, rule: str, value: str, expected: str) -> None:
    """Hashing a normalised value gives the digest that Meta prints for it."""
    found = con.execute(f"select sha256(normalise_{rule}(?, null))", [value]).fetchall()[0][0]
    assert found == expected


@pytest.mark.parametrize(
    ("phone", "country", "expected"),
    [
        ("+31 (0)6 12345678", None, "+31612345678"),
        ("06 12345678", "NL", "+31612345678"),
        ("06 12345678", "nl", "+31612345678"),
        ("06 12345678", None, None),
        ("0049 30 901820", "DE", "+4930901820"),
        ("call me", "NL", None),
        ("+310612345678", None, "+31612345678"),
        ("+31612345678", "BE", "+31612345678"),
        ("020 7946 0958", "UK", "+442079460958"),
        ("06 12345678", "US", None),
        ("06 12345678", "ES", None),
        ("+3221234567", "BE", None),
        ("12", "NL", None),
        (None, "NL", None),
    ],
)
def test_e164(phone: str | None, country: str | None, expected: str | None) -> None:
    """A number is read with the country of its row, and never guessed without one."""
    assert e164(phone, country) == expected


def test_rewrite_phones(con: duckdb.DuckDBPyConnection) -> None:
    """Phones of a table become E.164 in place, each read with its own country."""
    con.execute(
        "create or replace temp table t as select * from (values (1, '06 12345678', 'NL'), "
        "(2, '06 12345678', null), "
        "(3, '+4930901820', 'DE'), (4, null, 'NL'), (5, '+310612345678', 'NL')) v(id, phone, country)"
    )
    rewrite_phones(con, "t", "phone", "country")
    assert con.execute("select phone from t order by id").fetchall() == [
        ("+31612345678",),
        (None,),
        ("+4930901820",),
        (None,),
        ("+31612345678",),
    ]


@settings(max_examples=60, deadline=None)
@given(value=st.text(max_size=20), rule=st.sampled_from(sorted(MACROS)))
def test_normalising_twice_changes_nothing(value: str, rule: str) -> None:
    """A normalised value is its own normalised value, and is never the empty text."""
    if rule.startswith("date") or rule in {"meta_zip", "phone_digits"}:
        return
    con = _shared()
    once = normalised(con, rule, value)
    assert once != ""
    assert once is None or normalised(con, rule, once) == once


_CONNECTIONS: list[duckdb.DuckDBPyConnection] = []


def _shared() -> duckdb.DuckDBPyConnection:
    if not _CONNECTIONS:
        _CONNECTIONS.append(duckdb.connect())
        create_macros(_CONNECTIONS[0])
    return _CONNECTIONS[0]
