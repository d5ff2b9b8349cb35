"""E-mail addresses and phone numbers as keys that can be compared.

What belongs here: one spelling per address or number, and what counts as a placeholder. What does
not: guarding against shared values (guard.py).

Both functions make a table of one row a distinct raw value: a cheap rule in SQL first, Python only
for what is left.
"""

from __future__ import annotations

import pyarrow as pa
from duckdb import DuckDBPyConnection

NOBODYS_MAILBOX = (
    "test none noemail no-email nomail unknown na n/a null example geen geenemail onbekend noreply no-reply "
    "donotreply dummy fake asdf xxx nobody anonymous keine invalid"
).split()

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
    ("SE", "46", "0", 7, 9),
    ("DK", "45", "", 8, 8),
    ("NO", "47", "", 8, 8),
    ("PL", "48", "", 9, 9),
    ("IE", "353", "0", 7, 9),
    ("LU", "352", "", 6, 9),
    ("US", "1", "1", 10, 10),
    ("CA", "1", "1", 10, 10),
    ("AU", "61", "0", 9, 9),
)


def add_emails(con: DuckDBPyConnection) -> None:
    """raw_emails(email) -> email_keys(email, email_key, email_local).

    The key is NFC, lower case, without blanks, `mailto:`, angle brackets and the `+tag` of the local
    part. Dots are kept: only some providers ignore them. Not an address, or a placeholder: null.
    """
    placeholders = ", ".join(f"'{word}'" for word in NOBODYS_MAILBOX)
    con.execute(f"""create or replace temp table email_keys as
    with trimmed as (
        select email, regexp_replace(lower(nfc_normalize(email)), '^.*<|>.*$|^mailto:|\\s+', '', 'g')
            as address
        from raw_emails),
    parts as (
        select email, regexp_extract(address, '^([^@+]+)(\\+[^@]*)?@', 1) as local,
               regexp_extract(address, '@([^@]+\\.[^@.]+)$', 1) as domain
        from trimmed)
    select email,
           case when is_address then local || '@' || domain end as email_key,
           case when is_address then local end as email_local
    from (select *, local <> '' and domain <> '' and local not in ({placeholders}) as is_address
        from parts)""")


def add_phones(con: DuckDBPyConnection) -> None:
    """raw_phones(phone, country_code) -> phone_keys(phone, country_code, phone_key E.164).

    A number the fast rule cannot place, or that no numbering plan knows, goes to phonenumbers. What
    that finds invalid stands behind a `?`, so that two equal spellings still meet: evidence for
    identity, never a number to call.
    """
    con.register("dialling_arrow", _dialling())
    con.execute("create or replace temp table dialling as select * from dialling_arrow")
    con.unregister("dialling_arrow")
    con.execute(
        """create or replace temp table phone_fast as
    with cleaned as (
        select phone, country_code,
               regexp_replace(regexp_replace(phone, '\\(0\\)', '', 'g'), '[^0-9+]', '', 'g') as dialled
        from raw_phones),
    digits as (
        select *, case when starts_with(dialled, '+') then replace(dialled, '+', '')
                       when starts_with(dialled, '00') then substr(dialled, 3) end as abroad,
               case when not starts_with(dialled, '+') and not starts_with(dialled, '00')
                   then dialled end as home
        from cleaned),
    numbers as (
        select d.phone, d.country_code, coalesce(d.abroad, d.home) as digits,
               case when d.home is not null and (t.trunk = '' or starts_with(d.home, t.trunk))
                    then substr(d.home, len(t.trunk) + 1) end as at_home, t.code, t.shortest, t.longest,
               d.abroad
        from digits d left join dialling t on t.country = d.country_code),
    placed as (
        select n.phone, n.country_code, n.digits,
               coalesce(min('+' || n.code || n.at_home)
                            filter (len(n.at_home) between n.shortest and n.longest),
                        min('+' || n.abroad) filter (len(n.abroad) - len(a.code) between a.shortest
                            and a.longest
                                                     and substr(n.abroad, len(a.code) + 1, 1) <> '0'))
                                            as phone_key
        from numbers n left join dialling a on starts_with(n.abroad, a.code)
        group by all)
    select phone, country_code, digits,
           case when regexp_full_match(phone_key, $valid) then phone_key end as phone_key,
           len(digits) < 6 or len(list_distinct(string_split(digits[-6:], ''))) <= 1
               or digits in ('123456', '1234567', '12345678', '123456789', '1234567890', '0123456789')
               as is_placeholder
    from placed""",
        {"valid": valid_numbers()},
    )
    rest = con.execute("""select phone, country_code, digits from phone_fast
                          where phone_key is null and not is_placeholder order by 1, 2""").fetchall()
    table = pa.table(
        {
            "phone": pa.array([row[0] for row in rest], pa.string()),
            "country_code": pa.array([row[1] for row in rest], pa.string()),
            "slow_key": pa.array([_placed(*row) for row in rest], pa.string()),
        }
    )
    con.register("phone_slow", table)
    con.execute("""create or replace temp table phone_keys as
        select f.phone, f.country_code,
               case when not f.is_placeholder then coalesce(f.phone_key, s.slow_key) end as phone_key
        from phone_fast f left join phone_slow s
             on s.phone = f.phone and s.country_code is not distinct from f.country_code""")
    con.unregister("phone_slow")


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
