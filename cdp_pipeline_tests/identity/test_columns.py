"""Headers of other people's files."""

from __future__ import annotations

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.identity import columns


@pytest.mark.parametrize(
    "headers",
    [
        ("id", "Voornaam", "Tussenvoegsel", "Achternaam", "Geboortedatum", "Straat", "Huisnummer", "Postcode", "Woonplaats"),
        ("id", "Vorname", "Zweiter Vorname", "Nachname", "Geburtsdatum", "Straße", "Hausnummer", "PLZ", "Ort"),
        ("id", "Prénom", "Deuxième prénom", "Nom de famille", "Date de naissance", "Rue", "Numéro", "Code postal", "Ville"),
        ("id", "Nombre", "Segundo nombre", "Apellidos", "Fecha de nacimiento", "Calle", "Número", "Código postal", "Ciudad"),
        ("id", "Nome", "Secondo nome", "Cognome", "Data di nascita", "Indirizzo", "Numero civico", "CAP", "Città"),
        ("id", "Fornavn", "Mellemnavn", "Efternavn", "Fødselsdato", "Vej", "Husnummer", "Postnr", "By"),
        ("id", "Förnamn", "Mellannamn", "Efternamn", "Födelsedatum", "Gata", "Gatunummer", "Postnummer", "Ort"),
        ("id", "Fornavn", "Mellomnavn", "Etternavn", "Fødselsdato", "Gateadresse", "Husnr", "Postnummer", "Poststed"),
        ("id", "first_name", "middle_name", "last_name", "date_of_birth", "address_1", "street_number", "zip", "town"),
        ("id", "customer_first_name", "customerMiddleName", "cust.surname", "client_dob", "home_address",
         "home_house_number", "billing_zip", "billing_city"),
    ],
)  # fmt: skip
def test_headers_in_many_languages(headers):
    """Usual headers are understood without a mapping."""
    _, mapped = columns.choose(headers, {}, None)
    wanted = "first_name middle_name last_name birth_date street house_number postcode city".split()
    assert [mapped.get(header) for header in headers[1:]] == wanted


def test_the_most_usual_header_wins():
    """Where two columns mean one thing, initials and birth places are the second choice."""
    _, mapped = columns.choose(("id", "Initials", "Birth place", "First name", "City"), {}, None)
    assert mapped == {"First name": "first_name", "City": "city"}


def test_name_beside_surname_is_a_first_name():
    """`name` is a full name, unless only a last name stands beside it."""
    assert columns.choose(("id", "name", "surname"), {}, None)[1] == {"name": "first_name", "surname": "last_name"}
    assert columns.choose(("id", "name"), {}, None)[1] == {"name": "full_name"}


def test_a_birth_date_in_three_columns():
    """Year, month and day columns are not taken for anything else."""
    headers = ("id", "lname_c1", "by", "bm", "bd")
    _, mapped = columns.choose(headers, {}, None)
    assert (mapped, columns.birth_parts(headers, mapped)) == ({"lname_c1": "last_name"}, ("by", "bm", "bd"))


def test_the_record_id():
    """Named, else by its header, else the first column that names every row and is no people column."""
    assert columns.choose(("email", "nr"), {}, None, ("email", "nr"))[0] == "nr"
    assert columns.choose(("nr", "Record ID"), {}, None, ("nr", "Record ID"))[0] == "Record ID"
    with pytest.raises(InputError, match="--id COLUMN"):
        columns.choose(("email", "phone"), {}, None, ("email",))
