"""One spelling per address, and another one for another address."""

from __future__ import annotations

import pytest

from cdp_pipeline.identity.normalise.addresses import house, take_apart
from cdp_pipeline_tests.identity.one_record import keys

SAME = {  # country -> groups of one address in several spellings; every group is another address
    "NL": [
        [("Dorpsstraat 12 A", None), ("Dorpsstr. 12a", None), ("Dorpsstraat", "12-A"), ("dorpsstraat 12", "a")],
        [("Dorpsstraat 12", None), ("Dorpsstraat", "12"), ("Dorpsstraat", "12.0"), ("Dorpsstraat 12", "12")],
        [("Kerkstraat 12-a bis", None), ("Kerkstraat 12 A BIS", None), ("Kerkstr", "12 a-bis")],
        [("Kerkstraat 12-3", None), ("Kerkstraat 12 III", None), ("Kerkstraat", "12-3"), ("Kerkstraat 12 3 hoog", None)],
        [("Kerkstraat 123", None)],
        [("Plein 1944 12", None), ("Plein 1944", "12")],
        [("2e Jan Steenstraat 5", None), ("2e Jan Steenstr.", "5")],
        [("Laan van Meerdervoort 5", None), ("Ln van Meerdervoort", "5")],
        [("Postbus 90801", None), ("P.O. Box 90801", None)],
    ],
    "BE": [
        [("Wetstraat 16 bus 3", None), ("Wetstraat 16/3", None), ("Wetstraat", "16 bus 3")],
        [("Rue de la Loi 16 bte 3", None), ("Rue de la Loi 16, boîte 3", None), ("R. de la Loi 16/3", None)],
        [("Avenue Louise 5", None), ("Av. Louise 5", None), ("5, avenue Louise", None)],
    ],
    "DE": [
        [("Müllerstraße 5a", None), ("Muellerstr. 5 a", None), ("MÜLLERSTRASSE", "5A")],
        [("Straße des 17. Juni 135", None), ("Strasse des 17. Juni", "135")],
        [("Marienplatz 1", None), ("Marienpl. 1", None)],
    ],
    "FR": [
        [("12 rue de la Paix", None), ("12, Rue de la Paix", None), ("r. de la Paix 12", None), ("Rue de la Paix", "12")],
        [("12 bis rue de la Paix", None), ("12bis, rue de la Paix", None)],
        [("3 bd Saint-Michel", None), ("3 boulevard St Michel", None), ("3, Bld St. Michel", None)],
    ],
    "ES": [
        [("Calle Mayor 5, 3º B", None), ("C/ Mayor, 5, 3ºB", None), ("Calle Mayor nº 5, piso 3 puerta B", None)],
        [("Avda. de América 7", None), ("Avenida de America, 7", None), ("Av de América", "7")],
        [("Plaza de España 1", None), ("Pza. de España, 1", None)],
    ],
    "IT": [[("Via Roma 5/A", None), ("Via Roma, 5 a", None)], [("Piazza Duomo 1", None), ("Pza Duomo, 1", None)]],
    "GB": [
        [("Flat 2, 12 High Street", None), ("12 High St, Flat 2", None), ("12 High Street Flat 2", None)],
        [("12 High Street", None), ("High Street", "12"), ("12, High St.", None)],
        [("12-14 High Street", None), ("12 - 14 High St", None)],
    ],
    "DK": [[("Vesterbrogade 12, 3. tv", None), ("Vesterbrogade 12 3 TV", None)], [("Nørregade 1", None), ("Norregade 1", None)]],
    "SE": [
        [("Storgatan 1 lgh 1201", None), ("Storgatan 1, Lgh 1201", None)],
        [("Drottninggatan 3", None), ("Drottninggatan", "3")],
    ],
    "NO": [[("Karl Johans gate 1 B", None), ("Karl Johans gt. 1b", None)]],
    "FI": [[("Mannerheimintie 5 A 12", None), ("Mannerheimintie 5a-12", None)]],
    "US": [
        [("100 Main St Apt 4B", None), ("100 Main Street #4B", None), ("Apt. 4B, 100 Main St.", None)],
        [("100 Main St", None), ("100 Main Street", None)],
        [("100 W 42nd St", None), ("100 West 42nd Street", None)],
        [("100 County Road 12", None)],
        [("100 County Road 14", None)],
        [("12 5th Avenue", None), ("12 5th Ave", None)],
    ],
}  # fmt: skip


@pytest.mark.parametrize("country", sorted(SAME))
def test_one_key_per_address(country):
    """Usual spellings of one address give one key, two addresses two."""
    found = [
        {keys(street=street, country=country, **({"house_number": number} if number else {}))["address_key"]
         for street, number in group}
        for group in SAME[country]
    ]  # fmt: skip
    assert [len(group) for group in found] == [1] * len(found)
    assert len(set.union(*found)) == len(found)
    assert None not in set.union(*found)


def test_the_rule_in_sql_agrees_with_the_slow_one():
    """Plain shapes are placed alike by SQL and by addresses.py."""
    for text in ("kerkstraat 12a", "kerkstraat 12-a", "kerkstraat 012"):
        assert keys(street=text)["house_key"] == take_apart(text).house


@pytest.mark.parametrize(
    ("written", "country", "key"),
    [
        ("1234 ac", "NL", "1234AC"),
        ("NL-1234AC", "NL", "1234AC"),
        ("D-80331", "DE", "80331"),
        ("B-1000", "BE", "1000"),
        ("F-75001", None, "75001"),
        ("SE-123 45", "SE", "12345"),
        ("123 45", "SE", "12345"),
        ("1000-001", "PT", "1000001"),
        ("00-950", "PL", "00950"),
        ("sw1a2aa", "GB", "SW1A2AA"),
        ("E1 6AN", "GB", "E16AN"),
        ("89111-1234", None, "89111"),
        ("891111234", "US", "89111"),
        ("2134", "US", "02134"),
        ("8001", "ES", "08001"),
        ("8001", "CH", "8001"),
        ("150", "NO", "0150"),
        ("80331.0", "DE", "80331"),
        ("1234AB", "NL", None),
        ("99999", "US", None),
        ("0000", "NL", None),
        ("xxxx", None, None),
    ],
)
def test_postcodes(written, country, key):
    """Without blanks, country, ZIP+4 and what spreadsheets do to digits; placeholders are empty."""
    assert keys(postcode=written, **({"country": country} if country else {}))["postcode_key"] == key


@pytest.mark.parametrize(
    ("country", "spellings"),
    [
        ("NL", ("'s-Gravenhage", "Den Haag", "DEN HAAG")),
        ("NL", ("Sint Pancras", "St. Pancras")),
        ("DE", ("München", "Muenchen", "Munich")),
        ("DE", ("Köln", "Koeln", "Cologne")),
        ("FR", ("Saint-Denis", "St Denis")),
        ("FR", ("Paris", "PARIS CEDEX 08", "Paris 8e")),
        ("DK", ("Århus C", "Aarhus")),
        ("DK", ("København K", "Copenhagen")),
        ("US", ("Saint Louis", "St. Louis")),
    ],
)
def test_towns(country, spellings):
    """Other languages, saints, lost accents and district letters do not matter."""
    assert len({keys(city=city, country=country)["city_key"] for city in spellings}) == 1


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("111 First St, Las Vegas NV 89111", ("first st", "111", "89111", "las vegas")),
        ("111 First St, Las Vegas, NV 89111-1234, USA", ("first st", "111", "89111", "las vegas")),
        ("123 Main Street Las Vegas NV 89132", ("main st", "123", "89132", "las vegas")),
        ("Flat 2, 12 High Street, Oxford, OX1 4AB", ("high st", "12-2", "OX14AB", "oxford")),
        ("12 Smith St, Sydney NSW 2000", ("smith st", "12", "2000", "sydney")),
        ("18 High St, Leeds, United Kingdom, LS1 1UU", ("high st", "18", "LS11UU", "leeds")),
        ("Kerkstraat 7, 3511 AC Utrecht", ("kerkstr", "7", "3511AC", "utrecht")),
        ("Kerkstraat 7 3511AC Utrecht, Nederland", ("kerkstr", "7", "3511AC", "utrecht")),
        ("Musterstr. 5, D-80331 Munich", ("musterstr", "5", "80331", "munchen")),
        ("12 rue de la Paix, 75002 Paris", ("r de la paix", "12", "75002", "paris")),
        ("Calle Mayor 5, 3º B, 28013 Madrid", ("c mayor", "5-3b", "28013", "madrid")),
        ("Storgatan 1, 123 45 Stockholm", ("storg", "1", "12345", "stockholm")),
        ("Kerkstraat 7, Utrecht", ("kerkstr", "7", None, "utrecht")),
        ("Glenbar Street", ("glenbar st", None, None, None)),
    ],
)
def test_a_whole_address_in_one_cell(cell, parts):
    """Street, number, postcode and town are found when only one column holds the address."""
    found = keys(street=cell)
    assert tuple(found[name] for name in ("street_key", "house_key", "postcode_key", "city_key")) == parts


def test_columns_of_their_own_win_over_the_street_cell():
    """A postcode inside the street cell is only used where the record has none."""
    found = keys(street="Kerkstraat 7, 3511 AC Utrecht", postcode="1012 AC", city="Amsterdam")
    assert (found["postcode_key"], found["city_key"], found["address_key"]) == ("1012AC", "amsterdam", "kerkstr 7")


def test_a_house_number_without_a_street_counts():
    """Postcode and house number are a place even when the street is missing."""
    assert keys(house_number="12 A", postcode="1234 AC")["place_key"] == "1234AC 12a"


def test_house_numbers_keep_units_apart():
    """12-1 is not 121."""
    assert house("12-1") != house("121")
