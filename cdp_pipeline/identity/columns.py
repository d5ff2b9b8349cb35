"""Which column of a foreign file is which column of `people`.

What belongs here: synonyms of headers, and the checks on `--map`. What does not: reading files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from cdp_pipeline.errors import InputError, nearest
from cdp_pipeline.identity.normalise.normalise import PEOPLE_COLUMNS

TARGETS = tuple(column for column in PEOPLE_COLUMNS if column not in ("source", "record_id"))
# headers without anything but letters and digits (accents folded), most usual first: of two columns
# that mean one thing, the earlier word is taken
HEADERS: dict[str, str] = {
    "full_name": "fullname name customername contactname displayname personname completename naam volledigenaam "
    "klantnaam vollernamen nomcomplet nombrecompleto nombreyapellidos nominativo nomecompleto fuldtnavn navn namn "
    "fulltnavn fullstandigtnamn primarynamefull namefull",
    "first_name": "firstname givenname givennames forename forenames christianname fname voornaam voornamen roepnaam "
    "vorname rufname prenom prenoms nombre nombredepila nombres nome fornavn fornamn tilltalsnamn etunimi namefirst "
    "primarynamefirst fnamec1 first given voorletters initialen initials",
    "middle_name": "middlename middlenames secondname tussenvoegsel tussenvoegsels infix voorvoegsel zweitername zweitervorname "
    "deuxiemeprenom segundonombre secondonome mellemnavn mellomnavn mellannamn middleinitial middle namemiddle "
    "primarynamemiddle fnamec2",
    "last_name": "lastname surname familyname lname achternaam familienaam nachname familienname zuname nomdefamille "
    "nom apellidos apellido primerapellido cognome efternavn etternavn efternamn sukunimi namelast primarynamelast "
    "lnamec1 last family",
    "birth_date": "birthdate dateofbirth dob birthday geboortedatum gebdatum geburtsdatum geburtstag datedenaissance "
    "datenaissance fechadenacimiento fechanacimiento datadinascita datanascita fodselsdato fodselsdag fodelsedatum "
    "fodelsedag syntymaaika gebdat born",
    "gender": "gender sex geslacht geschlecht sexe sexo genero sesso kon kjonn gendercode",
    "email": "email emailaddress mail emailadres emailaddr emailadresse mailadresse mailadres adresseemail courriel "
    "adressemail correo correoelectronico correoe indirizzoemail epost epostadresse epostadress sahkoposti",
    "phone": "mobile mobilephone mobilenumber cellphone cell phone phonenumber telephone telephonenumber mobiel "
    "mobielnummer gsm telefoon telefoonnummer telefoonnr tel telefon telefonnummer handy handynummer mobil mobilnummer "
    "portable telephoneportable movil telefono numerodetelefono cellulare telefonnr tlf tlfnr mobiltelefon puhelin "
    "fullphonenumber phonenum phone1 homephone workphone",
    "company": "company companyname organisation organization employer bedrijf bedrijfsnaam firma unternehmen "
    "entreprise societe empresa azienda virksomhed bedrift foretag yritys",
    "street": "street streetaddress address address1 addressline1 addrline1 streetname fulladdress addrfull addressfull "
    "straat straatnaam adres adresregel1 strasse strassenname anschrift adresse adresse1 rue voie calle direccion "
    "domicilio via indirizzo vej gade vejnavn gate gateadresse gatuadress gata adress osoite homeaddress "
    "residentialaddress resstreetaddress mailingaddress billingaddress billingaddress1 shippingaddress",
    "house_number": "housenumber houseno streetnumber streetno huisnummer huisnr hausnummer hausnr numerodevoie "
    "numerorue numero numerocivico civico husnummer husnr gatunummer",
    "postcode": "postcode postalcode zip zipcode postalzip plz postleitzahl codepostal codigopostal cp cap "
    "codicepostale postnummer postnr postinumero addrpostalcode postcodefake billingzip shippingzip",
    "city": "city town suburb plaats woonplaats plaatsnaam stad gemeente ort wohnort stadt ville commune localite "
    "ciudad localidad municipio poblacion citta comune by poststed ort postort stad kaupunki locality cityname "
    "addrcity rescitydesc billingcity shippingcity birthplace placeofbirth",
    "region": "region state province provincie county bundesland departement provincia comunidad regione landsdel "
    "fylke lan addrstate statecd statecode",
    "country": "country countrycode land landcode pays pais paese nazione maa addrcountry countryname",
    "language": "language taal sprache langue idioma lingua sprog sprak locale",
    "login_id": "loginid accountid",
    "created_at": "createdat",
    "updated_at": "updatedat",
}
BIRTH_PARTS = {
    "year": ("by", "birthyear", "yearofbirth", "yob", "dobyear", "geboortejaar", "geburtsjahr"),
    "month": ("bm", "birthmonth", "monthofbirth", "mob", "dobmonth", "geboortemaand", "geburtsmonat"),
    "day": ("bd", "birthday", "dayofbirth", "dobday", "geboortedag", "geburtstag"),
}
IDS = ("recordid", "recid", "uniqueid", "id", "customerid", "contactid", "rowid", "key", "klantnummer", "kundennummer")
OWNERS = {
    "customer",
    "client",
    "cust",
    "person",
    "contact",
    "patient",
    "member",
    "user",
    "klant",
    "kunde",
    "home",
    "billing",
}
NOT_COMPARED = {
    "gender": "no evidence of its own", "region": "postcode and town say more", "language": "no evidence of its own",
    "country": "only tells how phones, postcodes and streets are written", "is_email_verified": "not compared",
    "created_at": "not compared", "updated_at": "not compared",
}  # fmt: skip
COMPARED_AS = {
    "full_name": "name", "first_name": "name", "middle_name": "name", "last_name": "name", "birth_date": "birth_date",
    "email": "email", "phone": "phone", "company": "company", "street": "address", "house_number": "address",
    "postcode": "address", "city": "address",
}  # fmt: skip
USEFUL = (  # further evidence by the name of its column
    "ssn", "socsec", "socialsecurity", "bsn", "nationalid", "taxid", "passport", "licen", "iban", "nif", "dni", "insurance",
    "occupation", "profession", "jobtitle", "beroep", "beruf", "birthplace", "placeofbirth", "birthcity", "maiden",
    "mother", "father", "spouse", "suffix", "address2", "addressline2", "unitnumber", "state", "county", "region",
    "race", "ethnic", "nationality",
)  # fmt: skip


def plain(header: str) -> str:
    """Letters and digits of a header, lower case, no accents: `E-mail Address` -> `emailaddress`.

    >>> plain("Prénom"), plain("Straße"), plain("Fødselsdato")
    ('prenom', 'strasse', 'fodselsdato')
    """
    text = header.lower().replace("ß", "ss").replace("ø", "o").replace("æ", "ae")
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text))


def _without_owner(header: str) -> str:
    """`customer_first_name` -> `firstname`: whose it is says nothing."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header).replace("_", " ").replace(".", " ").split()
    return plain("".join(words[1:])) if len(words) > 1 and words[0].lower() in OWNERS else plain(header)


def choose(
    headers: Sequence[str], said: Mapping[str, str], id_column: str | None, unique: Sequence[str] = ()
) -> tuple[str, dict[str, str]]:
    """(id column, header -> people column or `attributes.<name>`).

    What `said` maps wins, then equal names, then synonyms; a people column is filled once. Raises
    InputError with every impossible mapping, and when no column can be the record id: without a
    usual header for one, the first of `unique` that is no people column.
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
    known = {*(plain(target) for target in TARGETS), *" ".join(HEADERS.values()).split()}
    found_id = found_id or next((h for h in unique if h not in said and plain(h) not in known), None)
    if found_id is None:
        raise InputError("no column looks like a record id: name it with --id COLUMN")
    mapped = {header: target for header, target in said.items() if target != "record_id"}
    parts = birth_parts(headers, mapped) or ()
    for spelled in (plain, _without_owner):
        for target in TARGETS:
            if target in mapped.values():
                continue
            left = [header for header in headers if header not in (*mapped, *parts, found_id)]
            free = {spelled(header): header for header in reversed(left)}
            words = [plain(target), *HEADERS.get(target, "").split()]
            if meant := next((free[word] for word in words if word in free), None):
                mapped[meant] = target
    if "last_name" in mapped.values() and "first_name" not in mapped.values():
        whole = next(
            (header for header, target in mapped.items() if target == "full_name" and header not in said), None
        )
        if whole and plain(whole) in ("name", "naam", "navn", "namn"):
            mapped[whole] = "first_name"  # `name` beside `surname`
    return found_id, mapped


def not_compared(mapped: Mapping[str, str], compared: Sequence[str]) -> dict[str, str]:
    """Columns that were read and are no evidence -> why; `compared` are the names of the comparisons made."""
    found = {header: NOT_COMPARED[target] for header, target in mapped.items() if target in NOT_COMPARED}
    for header, target in mapped.items():
        if COMPARED_AS.get(target, target.removeprefix("attributes.")) not in (*compared, *NOT_COMPARED, "login_id"):
            found[header] = "empty, or the same in every row"
    return found


def hints(left: Sequence[str], mapped: Mapping[str, str]) -> list[str]:
    """`--map` options that would make evidence of columns that are not compared, by their names.

    >>> hints(["Occupation", "cluster"], {"state": "region"})
    ['--map Occupation=attributes.occupation', '--map state=attributes.state']
    """
    regions = [header for header, target in mapped.items() if target == "region"]
    useful = [header for header in left if any(word in plain(header) for word in USEFUL)]
    names = {header: re.sub(r"\W+", "_", header.strip().lower()).strip("_") for header in [*useful, *regions]}
    return [f"--map {header}=attributes.{name}" for header, name in names.items() if re.match("[a-z]", name)]


def birth_parts(headers: Sequence[str], mapped: Mapping[str, str]) -> tuple[str, str, str] | None:
    """(year, month, day) columns when the birth date comes in three columns."""
    if "birth_date" in mapped.values():
        return None
    found = [
        next((h for h in headers if plain(h) in words and h not in mapped), None) for words in BIRTH_PARTS.values()
    ]
    year, month, day = found
    return (year, month, day) if year and month and day else None
