"""E-mail addresses and phone numbers as keys that can be compared.

What belongs here: one spelling per address or number, and what counts as a placeholder. What does
not: guarding against shared values (guard.py).

Both functions make a table of one row a distinct raw value: a cheap rule in SQL first, Python only
for what is left.
"""

from __future__ import annotations

import re

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.placeholders import Placeholders

# country, calling code, trunk prefix to drop, digits of a national number without it
DIALLING: tuple[tuple[str, str, str, int, int], ...] = (
    ("NL", "31", "0", 9, 9),
    ("BE", "32", "0", 8, 9),
    ("DE", "49", "0", 7, 11),
    ("FR", "33", "0", 9, 9),
    ("GB", "44", "0", 9, 10),
    ("AT", "43", "0", 7, 12),
    ("CH", "41", "0", 9, 9),
    ("ES", "34", "", 9, 9),
    ("PT", "351", "", 9, 9),
    ("IT", "39", "", 8, 11),  # a first 0 belongs to the number
    ("SE", "46", "0", 7, 9),
    ("DK", "45", "", 8, 8),
    ("NO", "47", "", 8, 8),
    ("FI", "358", "0", 6, 10),
    ("IS", "354", "", 7, 7),
    ("PL", "48", "", 9, 9),
    ("IE", "353", "0", 7, 9),
    ("LU", "352", "", 6, 9),
    ("CZ", "420", "", 9, 9),
    ("SK", "421", "0", 9, 9),
    ("HU", "36", "06", 8, 9),
    ("RO", "40", "0", 9, 9),
    ("BG", "359", "0", 8, 9),
    ("GR", "30", "", 10, 10),
    ("HR", "385", "0", 8, 9),
    ("SI", "386", "0", 8, 8),
    ("EE", "372", "", 7, 8),
    ("LV", "371", "", 8, 8),
    ("TR", "90", "0", 10, 10),
    ("US", "1", "1", 10, 10),
    ("CA", "1", "1", 10, 10),
    ("AU", "61", "0", 9, 9),
    ("NZ", "64", "0", 8, 10),
    ("ZA", "27", "0", 9, 9),
    ("IN", "91", "0", 10, 10),
)


def add_emails(con: DuckDBPyConnection, placeholders: Placeholders) -> None:
    """raw_emails(email) -> email_keys(email, email_key, email_local, email_letters).

    The key is NFC, lower case, without blanks, `mailto:`, angle brackets and the `+tag` of the local
    part; of several addresses the first. Dots are kept: only some providers ignore them. Not an
    address, or a placeholder: null. email_local is null where it says nothing at another domain;
    email_letters are its letters.
    """
    con.execute(
        """create or replace temp table email_keys as
    with trimmed as (
        select email, regexp_replace(lower(nfc_normalize(email)), '^.*<|>.*$|^mailto:|\\s+|[;,].*$|\\.$', '', 'g')
            as address
        from raw_emails),
    parts as (
        select email, regexp_extract(address, '^([^@+]+)(\\+[^@]*)?@', 1) as local,
               replace(regexp_extract(address, '@([^@]+\\.[^@.]+)$', 1), 'googlemail.com', 'gmail.com') as domain
        from trimmed)
    select email, case when is_address then local || '@' || domain end as email_key,
           case when is_address and len(local) >= 5 and not list_contains($shared, local) then local end as email_local,
           regexp_replace(email_local, '[^a-z]', '', 'g') as email_letters
    from (select *, local <> '' and domain <> '' and not list_contains($nobody, local) as is_address from parts)""",
        {"shared": list(placeholders.shared_email_names), "nobody": list(placeholders.email_names)},
    )


def add_phones(con: DuckDBPyConnection) -> int:
    """raw_phones(phone, country_code) -> phone_keys(phone, country_code, phone_key E.164).

    A number the fast rule cannot place, or that no numbering plan knows, goes to phonenumbers; returns
    how many did. What that finds invalid stands behind a `?`, so that two equal spellings still meet:
    evidence for identity, never a number to call.
    """
    con.register("dialling_arrow", _dialling())
    con.execute("create or replace temp table dialling as select * from dialling_arrow")
    con.unregister("dialling_arrow")
    con.execute(
        """create or replace temp table phone_fast as
    with cleaned as (
        select phone, country_code, regexp_matches(phone, '[a-zA-Z#;,|]') as is_text,
               regexp_replace(replace(case when ends_with(phone, '.0') then left(phone, -2) else phone end, '(0)', ''),
                              '[^0-9+]', '', 'g') as dialled
        from raw_phones),
    digits as (
        select *, case when starts_with(dialled, '+') then replace(dialled, '+', '')
                       when starts_with(dialled, '00') then substr(dialled, 3) end as abroad,
               case when not starts_with(dialled, '+') and not starts_with(dialled, '00')
                   then dialled end as home
        from cleaned),
    numbers as (
        select d.*, coalesce(d.abroad, d.home) as digits, t.code, t.shortest, t.longest,
               case when starts_with(d.home, t.trunk) then substr(d.home, len(t.trunk) + 1) else d.home end as at_home
        from digits d left join dialling t on t.country = d.country_code),
    placed as (
        select phone, country_code, digits, case when not is_text
                and len(at_home) between shortest and longest then '+' || code || at_home end as here,
               case when not is_text then '+' || coalesce(abroad, case when starts_with(home, code) then home end)
                   end as away
        from numbers),
    known as (
        select *, case when regexp_full_match(here, $valid) then here
                       when regexp_full_match(away, $valid) then away end as phone_key
        from placed)
    select phone, country_code, digits, phone_key,
           phone_key is null and (len(digits) < 6
               or digits in ('123456', '1234567', '12345678', '123456789', '1234567890', '0123456789'))
           or len(list_distinct(string_split(digits[-6:], ''))) <= 1 as is_placeholder
    from known""",
        {"valid": valid_numbers()},
    )
    rest = con.execute("""select phone, country_code, digits from phone_fast
                          where phone_key is null and not is_placeholder""").fetchall()
    table = pa.table(
        {
            "phone": pa.array([row[0] for row in rest], pa.string()),
            "country_code": pa.array([row[1] for row in rest], pa.string()),
            "slow_key": pa.array([_first(*row) for row in rest], pa.string()),
        }
    )
    con.register("phone_slow", table)
    con.execute("""create or replace temp table phone_keys as
        select f.phone, f.country_code,
               case when not f.is_placeholder then coalesce(f.phone_key, s.slow_key) end as phone_key
        from phone_fast f left join phone_slow s on f.phone_key is null
             and s.phone = f.phone and s.country_code is not distinct from f.country_code""")
    con.unregister("phone_slow")
    return len(rest)


def e164(phone: str, country: str | None) -> str | None:
    """E.164 of a number written in `country` (ISO 3166 alpha-2), or None when it is not valid.

    >>> e164("(415) 555-2671", "US")
    '+14155552671'
    """
    placed = _placed(phone, country, "")
    return placed if placed.startswith("+") else None


def valid_numbers() -> str:
    """A regular expression of the E.164 numbers that the plans of the DIALLING countries know.

    Made of the patterns of libphonenumber's metadata, by which is_valid_number decides as well.
    """
    from phonenumbers import PhoneMetadata

    plans = []
    for country, code, *_ in DIALLING:
        plan = PhoneMetadata.metadata_for_region(country)
        kinds = (plan.fixed_line, plan.mobile, plan.toll_free, plan.voip) if plan else ()
        patterns = [kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern]
        plans.append(f"{code}(?:{'|'.join(patterns)})")
    return rf"\+(?:{'|'.join(plans)})"


def _first(phone: str, country: str | None, digits: str) -> str:
    """The number of a cell; of a cell with several numbers, the first that is valid."""
    whole = _placed(re.sub(r"\.0$", "", phone), country, digits)
    parts = [part for part in re.split(r"[/;,|]|\b(?:of|or|oder|ou|und|en|et|y)\b", phone) if len(part) > 6]
    if whole.startswith("?") and len(parts) > 1:
        return next((key for part in parts if (key := _placed(part, country, "")).startswith("+")), whole)
    return whole


def _placed(phone: str, country: str | None, digits: str) -> str:
    """E.164, or behind a `?` as much of it as can be said of an invalid number."""
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return f"?{digits}"
    if not phonenumbers.is_possible_number(number):
        return f"?{digits}"
    is_valid = phonenumbers.is_valid_number(number)
    return ("" if is_valid else "?") + phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _dialling() -> pa.Table:
    names = ("country", "code", "trunk", "shortest", "longest")
    return pa.table({name: [row[at] for row in DIALLING] for at, name in enumerate(names)})
