"""Text to values: what is one is read exactly, what is none is NULL and never a wrong value."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline.project.shapes import Column, FileFormat
from cdp_pipeline.staging.currencies import ISO_4217
from cdp_pipeline.staging.parsing import TYPES, typed
from cdp_pipeline_tests.staging.reading import con, one, read

AMOUNTS = st.decimals(-(10**13), 10**13, places=4, allow_nan=False, allow_infinity=False)
CENTS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False, allow_infinity=False)
quick = settings(max_examples=40, deadline=None)


def written(amount: Decimal, decimal: str, is_grouped: bool) -> str:
    """An amount as a shop writes it, with or without marks between thousands."""
    text = f"{amount:,f}" if is_grouped else f"{amount:f}"
    return text if decimal == "." else text.translate(str.maketrans(",.", ".,"))


# ---- amounts and numbers ---------------------------------------------------------------------


@quick
@given(amounts=st.lists(AMOUNTS | CENTS, min_size=1), decimal=st.sampled_from([".", ","]), is_grouped=st.booleans())
def test_an_amount_comes_back_to_the_last_digit(amounts: list[Decimal], decimal: str, is_grouped: bool) -> None:
    """Both decimal conventions, with and without thousands marks, exactly."""
    texts = [written(amount, decimal, is_grouped) for amount in amounts]
    assert read(texts, "money", decimal=decimal) == amounts


@quick
@given(
    amount=CENTS,
    currency=st.sampled_from([*ISO_4217, "€", "$", "£", "US$", "kr", "zł", "Kč"]),
    decimal=st.sampled_from([".", ","]),
    blank=st.sampled_from(["", " ", "\t"]),
    is_before=st.booleans(),
)
def test_a_currency_beside_an_amount_changes_nothing(
    amount: Decimal, currency: str, decimal: str, blank: str, is_before: bool
) -> None:
    """A code, a sign or a country's word, before or after: the amount is the same."""
    text = written(amount, decimal, is_grouped=False)
    assert (
        one(f"{currency}{blank}{text}" if is_before else f"{text}{blank}{currency}", "money", decimal=decimal) == amount
    )


@quick
@given(amount=st.decimals(Decimal("0.01"), Decimal("999999.99"), places=2))
def test_the_other_convention_is_never_a_wrong_amount(amount: Decimal) -> None:
    """12,50 in a file of points and 12.50 in a file of commas are NULL: never 1250."""
    assert one(written(amount, ",", is_grouped=False), "money", decimal=".") is None
    assert one(written(amount, ".", is_grouped=False), "money", decimal=",") is None


NO_AMOUNTS = (
    "12- --12 +-1 - + . , 1. 1, 1.2.3 1,2,3 1,23,456 1e3 nan inf infinity 0x10 1_000 (12.50) (12,50) 12% a1 "
    "1a 5k 1k n/a EUR € ５ ٣ 12/5 12:30 =1+1 1'000 999999999999999999 0.00001 0,00001"
).split()


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("text", [*NO_AMOUNTS, "", "1 000", "12 34", "N/A 5", "12 pieces", "1 2", "5 EUR x"])
def test_what_is_no_amount_is_null(text: str, decimal: str) -> None:
    """Accountants' brackets, exponents, percents, words, other scripts, too many digits: no value."""
    assert one(text, "money", decimal=decimal) is None


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234,56", ".", None),
        ("1,234.56", ",", None),
        ("12.5", ",", None),
        ("12,5", ".", None),
        ("1.234", ",", Decimal(1234)),
        ("1,234", ".", Decimal(1234)),
        ("1.234", ".", Decimal("1.234")),
        ("-€12.50", ".", Decimal("-12.5")),
        ("€ -12.50", ".", Decimal("-12.5")),
        ("+5", ".", Decimal(5)),
        (".5", ".", Decimal("0.5")),
        (",5", ",", Decimal("0.5")),
        ("0.123400000", ".", Decimal("0.1234")),
        ("99999999999999.9999", ".", Decimal("99999999999999.9999")),
    ],
)
def test_amounts_by_example(text: str, decimal: str, value: Decimal | None) -> None:
    """What each convention makes of a text that both may meet."""
    assert one(text, "money", decimal=decimal) == value


@quick
@given(st.lists(st.decimals(-(10**11), 10**11, places=6), min_size=1))
def test_a_decimal_has_six_places(numbers: list[Decimal]) -> None:
    """A decimal column holds six decimals exactly, two more than money."""
    assert read([f"{number:f}" for number in numbers], "decimal") == numbers


@quick
@given(st.lists(st.integers(-(10**18) + 1, 10**18 - 1), min_size=1))
def test_a_whole_number_comes_back(numbers: list[int]) -> None:
    """Up to eighteen digits, also as a spreadsheet writes them, with `.0`."""
    assert read([str(number) for number in numbers], "integer") == numbers
    assert read([f"{number}.00" for number in numbers], "integer") == numbers


@pytest.mark.parametrize("text", ["1.5", "1e3", "1,000", "0x10", "1_000", "9" * 19, "٣", "1.", "-", "", "one"])
def test_what_is_no_whole_number_is_null(text: str) -> None:
    """A fraction is not rounded, and nothing is guessed."""
    assert one(text, "integer") is None


def test_yes_and_no() -> None:
    """The ways of exports and spreadsheets to say yes and no, in any case and language; every other word is neither."""
    yes = "true T Yes y 1 1.0 on JA j Oui sí Sì WAHR WAAR vrai verdadero tak igen ναι kyllä ✓ yes!".split()
    no = "FALSE f no N 0 0.0 off nee Nein non FALSCH ONWAAR faux falso nie nem όχι ei não nej".split()
    assert read(yes, "boolean") == [True] * len(yes)
    assert read(no, "boolean") == [False] * len(no)
    assert read(["2", "-1", "null", "", "١", "perhaps", "yes and no", "x"], "boolean") == [None] * 8


@quick
@given(st.text(max_size=12))
def test_any_text_is_read_or_null(text: str) -> None:
    """No text whatever stops a run, and whitespace or letters alone are never a value."""
    text = text.replace("\x00", "")
    for kind in TYPES:
        if kind not in {"text", "attributes"}:
            value = one(text, kind, dates=("%d/%m/%Y", "%Y-%m-%d %H:%M %z"))
            if kind != "boolean" and not any(sign.isascii() and sign.isdigit() for sign in text):
                assert value is None


# ---- all kinds -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "attributes"])
def test_a_value_has_the_type_of_its_column(kind: str) -> None:
    """What comes out has exactly the published type, with or without formats; nothing stays nothing."""
    for dates in ((), ("%d/%m/%Y",), ("%d/%m/%Y", "%Y-%m-%d %z")):
        sql = typed("text", Column(type=kind, description=""), FileFormat(dates=dates))
        relation = con().sql(f"select {sql} as value from (select null::varchar as text)")
        assert str(relation.types[0]) == TYPES[kind].replace(" ", "")
        assert relation.fetchall() == [(None,)]


def test_an_unknown_kind_is_a_mistake_of_ours() -> None:
    """A type that no contract may have is an error, not NULL."""
    with pytest.raises(ValueError, match="colour"):
        typed("text", Column.model_construct(type="colour", words=None), FileFormat())


def test_a_guard_against_spreadsheets_is_taken_off() -> None:
    """Shopify writes an apostrophe before ids and postcodes; inside a name it stays."""
    rows = con().execute("select unquote('''0612'), unquote('O''Neil')").fetchall()
    assert rows == [("0612", "O'Neil")]
