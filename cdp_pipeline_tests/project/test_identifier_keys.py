"""One spelling per e-mail address and phone number."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline.project.identifier_keys import add_emails, add_phones, e164
from cdp_pipeline.project.words import Words, macros
from cdp_pipeline_tests.identity.one_record import keys


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (" Anna.B+News@Mail.Example ", "anna.b@mail.example"),
        ("mailto:a@b.example", "a@b.example"),
        ("Anna Bakker <anna@b.example>", "anna@b.example"),
        ("anna@b.example; anna@c.example", "anna@b.example"),
        ("anna@b.example.", "anna@b.example"),
        ("anna@googlemail.com", "anna@gmail.com"),
        ("test@mail.example", None),
        ("not an address", None),
        ("-", None),
    ],
)
def test_emails(written, key):
    """Lower case, no tag, the first of several; what is no address or a placeholder is empty."""
    assert keys(email=written)["email_key"] == key


def test_shared_mailboxes_say_nothing_elsewhere():
    """info@ counts as an address, but not as a name that may return at another domain."""
    found = keys(email="contact@b.example"), keys(email="annabakker@b.example")
    assert [(row["email_key"], row["email_local"]) for row in found] == [
        ("contact@b.example", None),
        ("annabakker@b.example", "annabakker"),
    ]


@pytest.mark.parametrize(
    ("written", "country", "key"),
    [
        ("06-12345678", "NL", "+31612345678"),
        ("+31 (0)6 1234 5678", None, "+31612345678"),
        ("0031612345678", "Duitsland", "+31612345678"),
        ("612345678", "NL", "+31612345678"),
        ("31612345678", "NL", "+31612345678"),
        ("612345678.0", "NL", "+31612345678"),
        ("06-12345678 / 020-1234567", "NL", "+31612345678"),
        ("020 123 4567 ext. 12", "NL", "+31201234567"),
        ("(415) 555-2671", "USA", "+14155552671"),
        ("1-415-555-2671", "USA", "+14155552671"),
        ("415.555.2671 x12", "USA", "+14155552671"),
        ("030 901820", "DE", "+4930901820"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("347 123 4567", "IT", "+393471234567"),
        ("32 12 34 56", "DK", "+4532123456"),
        ("412 34 567", "NO", "+4741234567"),
        ("070-123 45 67", "SE", "+46701234567"),
        ("040 123 4567", "FI", "+358401234567"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("912 345 678", "PT", "+351912345678"),
        ("020 7946 0958", "UK", "+442079460958"),
        ("0470 12 34 56", "BE", "+32470123456"),
        ("601 234 567", "CZ", "+420601234567"),
        ("06 30 123 4567", "HU", "+36301234567"),
        ("0000000000", "NL", None),
        ("n/a", "NL", None),
        ("+310612345678", None, "+31612345678"),
        ("02 123 45 67", "BE", "?+3221234567"),
        ("+32 2 123 45 67", "BE", "?+3221234567"),
        ("06-12345", "NL", "?+31612345"),
    ],
)
def test_phones(written, country, key):
    """E.164 with the record's country; a ? before invalid numbers; placeholders are empty."""
    columns = {"phone": written} | ({"country": country} if country else {})
    assert keys(**columns)["phone_key"] == key


def test_the_fast_rule_agrees_with_phonenumbers():
    """What SQL places, the library places alike."""
    for written, country in (
        ("0612345678", "NL"),
        ("02 512 34 56", "BE"),
        ("01 44 45 67 81", "FR"),
        ("0151 23456789", "DE"),
        ("040 123 4567", "FI"),
        ("347 123 4567", "IT"),
        ("415 555 2671", "US"),
        ("612345678", "NL"),
    ):
        assert keys(phone=written, country=country)["phone_key"] == e164(written, country)


def cells(texts: list[str]) -> dict[str, list[str]]:
    """Text of a cell → its keys of e-mail addresses."""
    with duckdb.connect() as con:
        for macro in macros(Words()):
            con.execute(macro)
        con.execute("create table raw_emails as select unnest($1::varchar[]) as email", [texts])
        add_emails(con)
        return dict(con.execute("select email, email_keys from email_keys").fetchall())


DRESSES = [
    "{}", " {} ", "{}.", "{};", "{},", "'{}'", '"{}"', "\u201c{}\u201d", "<{}>", "Jo Doe <{}>", "Doe, Jo <{}>", "mailto:{}",
    "{} (work)", "e-mail: {}", "\ufeff{}", "\u200e{}", "\u00a0{}\u00a0", "[{}]", "{}\u200b", "({})",
]  # fmt: skip
LETTERS = {"@": ["\uff20", " @", "@ ", "%40", " (at) ", "\ufe6b"], "j": ["J", "j\u00ad", "\u200bj", "\uff4a"]}


@pytest.mark.parametrize("dress", DRESSES)
def test_what_surrounds_an_address_is_not_it(dress: str) -> None:
    """Names, quotes, brackets, marks and characters that nobody sees."""
    cell = dress.format("jo@shop.example")
    assert cells([cell]) == {cell: ["jo@shop.example"]}


@pytest.mark.parametrize(
    ("letter", "other"), [(letter, other) for letter, others in LETTERS.items() for other in others]
)
def test_letters_that_only_look_different(letter: str, other: str) -> None:
    """Full-width and invisible characters, and the at sign as people and web addresses write it."""
    cell = "jo@shop.example".replace(letter, other)
    assert cells([cell]) == {cell: ["jo@shop.example"]}


@pytest.mark.parametrize("between", ["; ", ", ", " / ", "|", " ", " or ", " ::: ", ";", "\n"])
def test_a_cell_with_two_addresses_has_two(between: str) -> None:
    """Both, in order, and none that nobody wrote."""
    cell = f"jo@shop.example{between}ann@post.example"
    assert cells([cell]) == {cell: ["jo@shop.example", "ann@post.example"]}


@pytest.mark.parametrize(
    "cell",
    [
        "a@b@c.example",
        "jo@@shop.example",
        "jo@shop",
        "@shop.example",
        "jo@",
        "jo",
        "jo@shop.example @",
        "jo@1.2.3.4",
        "j(o@shop.example",
    ],
)
def test_what_is_read_in_part_is_not_read(cell: str) -> None:
    """An @ that belongs to no address makes the whole cell unreadable."""
    assert cells([cell]) == {cell: []}


def test_one_domain_in_two_alphabets_is_one() -> None:
    """As people write it and as the domain name system does."""
    assert cells(["jo@b\u00fccher.example", "jo@xn--bcher-kva.example"]) == {
        "jo@b\u00fccher.example": ["jo@xn--bcher-kva.example"], "jo@xn--bcher-kva.example": ["jo@xn--bcher-kva.example"]
    }  # fmt: skip


def test_letters_before_the_at_are_kept() -> None:
    """An apostrophe inside a name, a dot, an underscore: they tell mailboxes apart."""
    for cell in ("o'neil@shop.example", "j.o@shop.example", "j_o-1@shop.example"):
        assert cells([cell]) == {cell: [cell]}


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_makes_an_address_that_is_not_in_it(text: str) -> None:
    """Every key ends in a domain of the text, whatever the text is."""
    text = text.replace("\x00", "")
    for key in cells([text]).get(text, []):
        assert key.count("@") == 1


def numbers(texts: list[str], country: str = "NL") -> dict[str, list[str]]:
    """Text of a cell → its keys of phone numbers."""
    with duckdb.connect() as con:
        for macro in macros(Words()):
            con.execute(macro)
        con.execute(
            "create table raw_phones as select unnest($1::varchar[]) as phone, $2 as country_code", [texts, country]
        )
        add_phones(con)
        return dict(con.execute("select phone, phone_keys from phone_keys").fetchall())


@pytest.mark.parametrize("cell", ["3.16123E+10", "3,16E+10", "31612345678E1", "geen", "-", "#NV"])
def test_a_rounded_number_is_no_number(cell: str) -> None:
    """What a spreadsheet rounded may be anybody's."""
    assert numbers([cell]) == {cell: []}


@pytest.mark.parametrize(
    "cell",
    [
        "06\u200b12345678",
        "\uff10\uff1612345678",
        "\u0660\u066612345678",
        "tel:+31612345678",
        "\u202a+31 6 12345678\u202c",
    ],
)
def test_a_number_in_other_dress_is_the_same(cell: str) -> None:
    """Invisible characters, digits of other scripts, the scheme of a link."""
    assert numbers([cell]) == {cell: ["+31612345678"]}


def test_a_cell_with_two_numbers_has_two() -> None:
    """As a cell with two addresses."""
    assert numbers(["06-12345678 / 020-1234567"]) == {"06-12345678 / 020-1234567": ["+31612345678", "+31201234567"]}
