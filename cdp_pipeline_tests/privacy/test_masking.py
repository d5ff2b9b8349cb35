"""What the analysts' warehouse shows of a column."""

from __future__ import annotations

import hashlib
import hmac

import duckdb
import pytest

from cdp_pipeline.privacy.masking import MASK, masked

KEY = b"a key of these tests"


def shown(value: object, name: str = "page", kind: str = "VARCHAR", *, is_personal: bool = False) -> object:
    """What is left of a value in a column of this name and type."""
    select = f"select {masked('x', name, kind, is_personal, KEY)} from (select ?::{kind} as x)"
    return duckdb.execute(select, [value]).fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/reset/ann.b+c@mail.example/x", f"/reset/{MASK}/x"),
        ("/a?mail=ann%40mail.example&b=1", f"/a?mail={MASK}&b=1"),
        ("call +31 6 1234 5678 now", f"call {MASK} now"),
        ("tel:0031612345678", MASK),
        ("/call/%2B31612345678", f"/call/{MASK}"),
        ("C++ 11 and 4+4", "C++ 11 and 4+4"),
        ("2026-01-01 10:00:00+02", "2026-01-01 10:00:00+02"),
        ("order 1234567890", "order 1234567890"),
        ("@home sale", "@home sale"),
        ("", ""),
        (None, None),
    ],
)
def test_addresses_and_numbers_leave_every_text(text: str | None, left: str | None) -> None:
    """An e-mail address or an international number in a column nobody calls personal is taken out; the rest stays."""
    assert shown(text) == left


def test_lists_are_looked_into() -> None:
    """Also the texts of a list."""
    assert shown(["ann@mail.example", "Email"], kind="VARCHAR[]") == [MASK, "Email"]


def test_personal_columns_are_hidden_whole() -> None:
    """A personal text is a mask, a key a keyed pseudonym, another type nothing."""
    assert shown("Ann", "first_name", is_personal=True) == MASK
    assert shown("1980-01-01", "birth_date", "DATE", is_personal=True) is None
    found = shown("r1", "record_id", is_personal=True)
    assert found == hmac.new(KEY, b"r1", hashlib.sha256).hexdigest()[:16]
    assert shown(7, "orders", "BIGINT") == 7
