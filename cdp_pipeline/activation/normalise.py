"""How each destination wants an e-mail address, a phone number, a name or a place written.

What belongs here: one SQL macro a rule, and the phone rule that SQL cannot say. What does not:
which column of which file uses which rule (6_activation), hashing and writing (export.py).

Every macro takes (value, country), where country is the ISO-2 code of the row, and gives text, or
null when the value cannot be used: a wrong key finds the wrong person, an empty one finds nobody.
All bring text to Unicode NFC first, for two spellings of one accent hash to two different values.

Sources: the customer-file pages of Google Customer Match, Meta (parameters of the Conversions API),
Mailchimp and Klaviyo imports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import duckdb

_SPACES = r"[\s\p{Z}\p{Cf}]+"
_MARKS = r"[\p{P}\p{S}\p{Z}\p{Cf}\s]+"
_ENDS = r"^[\s\p{Z}]+|[\s\p{Z}]+$"
_ATOM = r"[\p{L}\p{M}\p{N}!#$%&''*+/=?^_`{|}~-]+"  # RFC 5322 dot-atom, and letters beyond ASCII (RFC 6531)
_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?"
_MAIL = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?:\p{{L}}[\p{{L}}\p{{M}}]+|xn--[a-z0-9-]*[a-z0-9])$"
_PLAIN = "nfc_normalize(lower(nfc_normalize(value)))"

_FEMALE = (
    "f",
    "female",
    "v",
    "vrouw",
    "w",
    "weiblich",
    "frau",
    "woman",
    "femme",
    "féminin",
    "mujer",
    "femenino",
    "donna",
    "girl",
)
_MALE = (
    "m",
    "male",
    "man",
    "mann",
    "männlich",
    "maennlich",
    "herr",
    "homme",
    "masculin",
    "hombre",
    "masculino",
    "uomo",
    "boy",
)

MACROS: Mapping[str, str] = {
    # NFC, without spaces at the ends and with single ones inside
    "text": f"nullif(trim(regexp_replace(nfc_normalize(value), '{_SPACES}', ' ', 'g')), '')",
    # at most 255 bytes, cut on a whole character: the limit of a Mailchimp text field
    "text_255_bytes": """case when strlen(normalise_text(value, country)) <= 255
        then normalise_text(value, country)
        else list_extract(list_filter(list_transform(range(255, 0, -1),
            lambda n: left(normalise_text(value, country), n)), lambda t: strlen(t) <= 255), 1) end""",
    # lower case, no spaces at the ends, nothing invisible; nothing when no mailbox can be called so
    "email": "nullif(regexp_extract(regexp_replace(regexp_replace("
    f"{_PLAIN}, '\\p{{Cf}}+', '', 'g'), '{_ENDS}', '', 'g'), '{_MAIL}'), '')",
    # the same without dots before @gmail.com; Google's pages disagree, so it is a choice of the file
    "email_without_gmail_dots": """case split_part(normalise_email(value, country), '@', 2)
        when 'gmail.com' then
            replace(split_part(normalise_email(value, country), '@', 1), '.', '') || '@gmail.com'
        when 'googlemail.com' then
            replace(split_part(normalise_email(value, country), '@', 1), '.', '') || '@googlemail.com'
        else normalise_email(value, country) end""",
    # Mailchimp takes letters beyond ASCII only after the @
    "email_ascii_local": "case when regexp_full_match(normalise_email(value, country), '[\\x21-\\x7e]+@.+') "
    "then normalise_email(value, country) end",
    # E.164 with +; phones that are not in that form yet pass through `e164` before
    "phone_e164": "nullif(regexp_extract(value, '^\\+[1-9][0-9]{6,14}$'), '')",
    # E.164 without +
    "phone_digits": "ltrim(normalise_phone_e164(value, country), '+')",
    # Google: lower case, no extra spaces, accents and punctuation kept
    "google_name": "normalise_text(lower(nfc_normalize(value)), country)",
    # Meta: lower case, no punctuation, accents kept, single spaces inside
    "meta_name": "nullif(trim(regexp_replace(regexp_replace("
    f"{_PLAIN}, '[\\p{{P}}\\p{{S}}]+', '', 'g'), '{_SPACES}', ' ', 'g')), '')",
    # Meta: lower case, no punctuation, no spaces, accents kept
    "meta_city": f"nullif(regexp_replace({_PLAIN}, '{_MARKS}', '', 'g'), '')",
    # Meta: two letters in the United States, elsewhere as a city
    "meta_state": "case when upper(country) is distinct from 'US' "
    "or length(normalise_meta_city(value, country)) = 2 then normalise_meta_city(value, country) end",
    # Meta: no spaces and dashes; United States first five, United Kingdom area, district and sector
    "meta_zip": """case replace(upper(country), 'UK', 'GB')
        when 'US' then nullif(left(normalise_meta_city(value, country), 5), '')
        when 'GB' then case when length(normalise_meta_city(value, country)) > 4
            then left(normalise_meta_city(value, country), length(normalise_meta_city(value, country)) - 2)
            else normalise_meta_city(value, country) end
        else normalise_meta_city(value, country) end""",
    # ISO 3166; the European Union's own codes of two countries are read as well
    "country_upper": "case upper(trim(value)) when 'UK' then 'GB' when 'EL' then 'GR' "
    "else nullif(regexp_extract(upper(trim(value)), '^[A-Z]{2}$'), '') end",
    "country_lower": "lower(normalise_country_upper(value, country))",
    # Meta: f or m; every other answer gives nothing, never a guess
    "meta_gender": f"case when normalise_meta_name(value, country) in {_FEMALE} then 'f' "
    f"when normalise_meta_name(value, country) in {_MALE} then 'm' end",
    "date_yyyymmdd": "strftime(try_cast(value as date), '%Y%m%d')",
    "date_mm_dd": "strftime(try_cast(value as date), '%m/%d')",
    "date_iso": "strftime(try_cast(value as date), '%Y-%m-%d')",
}

_USED = re.compile(r"normalise_(\w+)\(")
_ISO = {"UK": "GB", "EL": "GR"}


def create_macros(con: duckdb.DuckDBPyConnection, names: Iterable[str] = MACROS) -> None:
    """Make rules macros `normalise_<name>(value, country)` of this connection: all, or those wanted and what they use."""
    waiting, needed = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += _USED.findall(MACROS[name])
    for name, body in MACROS.items():
        if name in needed:
            con.execute(f"create or replace temp macro normalise_{name}(value, country) as {body}")


def e164(phone: str | None, country: str | None) -> str | None:
    """A phone number as E.164 with its plus sign, or None when nobody can have it.

    `country` (ISO-2) tells what a number without a country code means; without it such a number is
    not guessed. A trunk zero is dropped. The number must be valid by the numbering plan of its
    country (libphonenumber), not just of a possible length.

    >>> e164("+31 (0)6 12345678", None), e164("06 12345678", "NL"), e164("06 12345678", None)
    ('+31612345678', '+31612345678', None)
    """
    if phone is None:
        return None
    import phonenumbers

    region = _ISO.get(country.upper(), country.upper()) if country and len(country) == 2 else None
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def rewrite_phones(con: duckdb.DuckDBPyConnection, table: str, column: str, country: str | None) -> None:
    """Bring `column` of a table to E.164 in place: numbers that cannot be read become null.

    Works on distinct values; those in E.164 already are read again, for not all of them exist.
    """
    region = f"t.{country}" if country else "null"
    statements = con.execute(
        f"select distinct {column}, {region} from {table} as t where {column} is not null order by all"
    ).fetchall()
    odd = [(phone, where, read) for phone, where in statements if (read := e164(phone, where)) != phone]
    if not odd:
        return
    con.execute("create or replace temp table phones_read (phone varchar, region varchar, number varchar)")
    con.executemany("insert into phones_read values (?, ?, ?)", odd)
    con.execute(
        f"update {table} as t set {column} = p.number from phones_read p "
        f"where t.{column} = p.phone and {region} is not distinct from p.region"
    )
    con.execute("drop table phones_read")
