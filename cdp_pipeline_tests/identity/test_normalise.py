"""One spelling per name, address and number."""

from __future__ import annotations

import pytest

from cdp_pipeline.identity.contacts import e164
from cdp_pipeline.identity.normalise import Inputs, normalise
from cdp_pipeline_tests.identity import people as invented


def _keys(**columns: str) -> dict[str, object]:
    con = invented.con_with([{"record_id": "1", **columns}])
    normalise(con, Inputs(), invented.MATCHING, "NL")
    cursor = con.execute("select * from records")
    return dict(zip([d[0] for d in cursor.description], cursor.fetchall()[0], strict=True))


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ({"full_name": "Jan van der Berg"}, "jan", "berg"),
        ({"full_name": "BERG, Jan van der"}, "jan", "berg"),
        ({"first_name": "Zoë", "last_name": "O'Brien-Smith"}, "zoe", "obrien smith"),
        ({"full_name": "Dr. Jürgen Groß"}, "jurgen", "gross"),
        ({"full_name": "van Dunnewoldt"}, None, "dunnewoldt"),
        ({"first_name": "Test", "last_name": "-"}, None, None),
        ({"full_name": "Мария Иванова"}, "мария", "иванова"),
    ],
)
def test_names(written, first, last):
    """Case, accents, titles, particles and order do not matter; placeholders are nobody."""
    found = _keys(**written)
    assert (found["name_first"], found["name_last"]) == (first, last)


def test_nicknames_have_a_formal_form():
    """Bob and Robert block together."""
    assert _keys(full_name="Bob Smit")["name_nick_full"] == _keys(full_name="Robert Smit")["name_nick_full"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (" Anna.B+News@Mail.Example ", "anna.b@mail.example"),
        ("mailto:a@b.example", "a@b.example"),
        ("test@mail.example", None),
        ("not an address", None),
        ("-", None),
    ],
)
def test_emails(written, key):
    """Lower case, no tag; what is no address or a placeholder is empty."""
    assert _keys(email=written)["email_key"] == key


@pytest.mark.parametrize(
    ("written", "country", "key"),
    [
        ("06-12345678", "NL", "+31612345678"),
        ("+31 (0)6 1234 5678", None, "+31612345678"),
        ("0031612345678", "Duitsland", "+31612345678"),
        ("(415) 555-2671", "USA", "+14155552671"),
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
    assert _keys(**columns)["phone_key"] == key


def test_the_fast_rule_agrees_with_phonenumbers():
    """What SQL places, the library places alike."""
    for written, country in (
        ("0612345678", "NL"),
        ("02 512 34 56", "BE"),
        ("01 44 45 67 81", "FR"),
        ("0151 23456789", "DE"),
    ):
        assert _keys(phone=written, country=country)["phone_key"] == e164(written, country)


def test_addresses():
    """House numbers are found inside the street, and streets are shortened."""
    found = _keys(street="Dorpsstraat 12 A", postcode="1234 ac")
    assert (found["street_key"], found["house_key"], found["place_key"]) == ("dorpsstr", "12a", "1234AC 12a")
    assert _keys(street="Dorpsstr.", house_number="12a")["address_key"] == found["address_key"]
