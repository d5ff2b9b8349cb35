"""One spelling per e-mail address and phone number."""

from __future__ import annotations

import pytest

from cdp_pipeline.identifier_keys import e164
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
