"""Which column of a foreign file is which column of `people`.

What belongs here: synonyms of headers, and the checks on `--map`. What does not: reading files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cdp_pipeline.errors import InputError, nearest
from cdp_pipeline.identity.normalise import PEOPLE_COLUMNS

TARGETS = tuple(column for column in PEOPLE_COLUMNS if column not in ("source", "record_id"))
SYNONYMS: dict[str, str] = {  # header without anything but letters and digits -> people column
    "name": "full_name", "fullname": "full_name", "customername": "full_name", "contactname": "full_name",
    "naam": "full_name", "primarynamefull": "full_name", "namefull": "full_name", "displayname": "full_name",
    "firstname": "first_name", "givenname": "first_name", "forename": "first_name", "fname": "first_name",
    "voornaam": "first_name", "vorname": "first_name", "prenom": "first_name", "namefirst": "first_name",
    "primarynamefirst": "first_name", "fnamec1": "first_name", "first": "first_name",
    "middlename": "middle_name", "tussenvoegsel": "middle_name", "primarynamemiddle": "middle_name",
    "namemiddle": "middle_name", "fnamec2": "middle_name", "infix": "middle_name",
    "lastname": "last_name", "surname": "last_name", "familyname": "last_name", "lname": "last_name",
    "achternaam": "last_name", "nachname": "last_name", "namelast": "last_name",
    "primarynamelast": "last_name",
    "lnamec1": "last_name", "last": "last_name",
    "birthdate": "birth_date", "dob": "birth_date", "dateofbirth": "birth_date", "birthday": "birth_date",
    "geboortedatum": "birth_date", "geburtsdatum": "birth_date", "datenaissance": "birth_date",
    "gender": "gender", "sex": "gender", "geslacht": "gender",
    "email": "email", "emailaddress": "email", "mail": "email", "emailadres": "email", "emailaddr": "email",
    "phone": "phone", "phonenumber": "phone", "telephone": "phone", "mobile": "phone", "mobilephone": "phone",
    "telefoon": "phone", "tel": "phone", "cellphone": "phone", "telefon": "phone",
    "company": "company", "companyname": "company", "organisation": "company", "organization": "company",
    "employer": "company", "bedrijf": "company", "firma": "company",
    "street": "street", "address": "street", "address1": "street", "addressline1": "street",
    "addrline1": "street",
    "streetaddress": "street", "straat": "street", "strasse": "street", "adres": "street",
    "addrfull": "street",
    "streetname": "street",
    "housenumber": "house_number", "streetnumber": "house_number", "huisnummer": "house_number",
    "hausnummer": "house_number",
    "postcode": "postcode", "postalcode": "postcode", "zip": "postcode", "zipcode": "postcode",
    "plz": "postcode",
    "addrpostalcode": "postcode", "postcodefake": "postcode",
    "city": "city", "town": "city", "suburb": "city", "plaats": "city", "woonplaats": "city", "ort": "city",
    "addrcity": "city", "locality": "city", "ville": "city", "birthplace": "city",
    "region": "region", "state": "region", "province": "region", "county": "region", "addrstate": "region",
    "country": "country", "countrycode": "country", "land": "country", "addrcountry": "country",
    "language": "language", "taal": "language", "loginid": "login_id", "accountid": "login_id",
    "createdat": "created_at", "updatedat": "updated_at",
}  # fmt: skip
BIRTH_PARTS = {"year": ("by", "birthyear", "yearofbirth"), "month": ("bm", "birthmonth"), "day": ("bd", "birthday")}
IDS = ("recordid", "recid", "uniqueid", "id", "customerid", "contactid", "rowid", "key")


def plain(header: str) -> str:
    """Letters and digits of a header, lower case: `E-mail Address` -> `emailaddress`."""
    return re.sub(r"[^a-z0-9]", "", header.lower())


def choose(headers: Sequence[str], said: Mapping[str, str], id_column: str | None) -> tuple[str, dict[str, str]]:
    """(id column, header -> people column or `attributes.<name>`).

    What `said` maps wins, then equal names, then synonyms; a people column is filled once. Raises
    InputError with every impossible mapping, and when no column can be the record id.
    """
    problems = [
        f"--map {header}=…: no such column{nearest(header, headers)}" for header in said if header not in headers
    ]
    for header, target in said.items():
        if target not in (*TARGETS, "record_id") and not re.fullmatch(r"attributes\.[a-z][a-z0-9_]*", target):
            problems.append(
                f"--map {header}={target}: not a people column{nearest(target, TARGETS)}, nor attributes.<name>"
            )
    targets = list(said.values())
    problems += [f"--map: {target} is given twice" for target in sorted({t for t in targets if targets.count(t) > 1})]
    if id_column is not None and id_column not in headers:
        problems.append(f"--id {id_column}: no such column{nearest(id_column, headers)}")
    if problems:
        raise InputError(problems)
    wished = id_column or next((h for h, target in said.items() if target == "record_id"), None)
    found_id = wished or next((h for word in IDS for h in headers if plain(h) == word and h not in said), None)
    if found_id is None:
        raise InputError("no column looks like a record id: name it with --id COLUMN")
    mapped = {header: target for header, target in said.items() if target != "record_id"}
    for known in ({plain(target): target for target in TARGETS}, SYNONYMS):
        for header in headers:
            meant = known.get(plain(header))
            if meant and header not in mapped and header != found_id and meant not in mapped.values():
                mapped[header] = meant
    return found_id, mapped


def birth_parts(headers: Sequence[str], mapped: Mapping[str, str]) -> tuple[str, str, str] | None:
    """(year, month, day) columns when the birth date comes in three columns."""
    if "birth_date" in mapped.values():
        return None
    found = [
        next((h for h in headers if plain(h) in words and h not in mapped), None) for words in BIRTH_PARTS.values()
    ]
    year, month, day = found
    return (year, month, day) if year and month and day else None
