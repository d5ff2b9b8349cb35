"""The one key of an e-mail address, of a phone number and of an account id.

What belongs here: one spelling each, however people and spreadsheets write it. Permissions, identity, erasure,
access and activation all use these. What does not: which values are placeholders or over-shared (identity), and
which columns of which core table hold one (`keys` in 2_staging).

A cell may hold several addresses or numbers: then it has several keys. What cannot be read has none.
"""

from __future__ import annotations

import re

import pyarrow as pa
from duckdb import DuckDBPyConnection

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

# What may stand before the @ (RFC 5322 dot-atom, and letters beyond ASCII) and does not divide two addresses in a list.
_LOCAL = r"[\p{L}\p{M}\p{N}!#$%&*+=^_{}~.-][\p{L}\p{M}\p{N}!#$%&''*+=^_`{}~.-]*"
_DOMAIN = r"(?:[\p{L}\p{M}\p{N}_-]+\.)+\p{L}[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}]"
_ADDRESS = f"{_LOCAL}@{_DOMAIN}"
_SCIENTIFIC = r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+"


def add_emails(con: DuckDBPyConnection, *, in_text: bool = False) -> None:
    """raw_emails(email) -> email_keys(email, address, email_keys VARCHAR[]).

    address: the first address in the cell, in lower case and without what only surrounds it (a name, quotes, <>,
    mailto:, invisible characters, a full-width @). email_keys: each address of the cell once, in order, without the
    `+tag` of the local part, gmail.com for googlemail.com, domains in ASCII (IDNA). Dots are kept: only some
    providers ignore them. None of it when the cell holds an @ that belongs to no address, or a bracket that is never
    closed, for what is read in part is not read; but `in_text` takes every address of a longer text. Needs the macro
    `visible` of words.py.
    """
    con.execute(f"""create or replace temp table email_parts as
        with shown as (
            select email, regexp_replace(regexp_replace(replace(lower(nfc_normalize(visible(email))), '%40', '@'),
                '\\s*[\\[(] ?at ?[\\])]\\s*', '@', 'g'), '[\\s\\x{{00a0}}]*@[\\s\\x{{00a0}}]*', '@', 'g') as text
            from raw_emails where email is not null)
        select email, case when {str(in_text).lower()} or len(text) - len(replace(text, '@', '')) = len(addresses)
                and not regexp_matches(text, '[(][^)]*$')
            then addresses else [] end as addresses
        from (select email, text, regexp_extract_all(text, '{_ADDRESS}') as addresses from shown)""")
    foreign = con.execute("""select distinct split_part(unnest(addresses), '@', 2) as domain from email_parts
        where list_bool_or(list_transform(addresses, lambda a: regexp_matches(a, '[^\\x00-\\x7f]')))""").fetchall()
    names = [str(row[0]) for row in foreign]
    con.register("ascii_arrow", pa.table({"domain": names, "plain": [_ascii(name) for name in names]},
                                         schema=pa.schema([("domain", pa.string()), ("plain", pa.string())])))  # fmt: skip
    con.execute("""create or replace temp table email_keys as
        with each as (
            select email, unnest(addresses) as address, unnest(range(1, len(addresses) + 1)) as place from email_parts),
        keyed as (
            select email, address, place, case when split_part(address, '+', 1) in ('', address) then split_part(address, '@', 1)
                else split_part(split_part(address, '@', 1), '+', 1) end || '@' ||
                replace(coalesce(a.plain, split_part(address, '@', 2)), 'googlemail.com', 'gmail.com') as email_key
            from each left join ascii_arrow a on a.domain = split_part(address, '@', 2)),
        first_seen as (select email, email_key, min(place) as place from keyed group by all),
        listed as (select email, list(email_key order by place) as email_keys from first_seen group by email)
        select p.email, p.addresses[1] as address, coalesce(l.email_keys, []) as email_keys
        from email_parts p left join listed l on l.email = p.email""")
    con.unregister("ascii_arrow")
    con.execute("drop table email_parts")


def _ascii(domain: str) -> str:
    """A domain in the letters of the domain name system (IDNA 2003, as Python has it); itself when it has no such form."""
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def add_phones(con: DuckDBPyConnection) -> int:
    """raw_phones(phone, country_code) -> phone_keys(phone, country_code, phone_keys VARCHAR[], E.164 each).

    A number the fast rule cannot place, or that no numbering plan knows, goes to phonenumbers; returns
    how many did. What that finds invalid stands behind a `?`, so that two equal spellings still meet:
    evidence for identity, never a number to call. A number that a spreadsheet rounded (3.16E+10) and a
    cell without digits have no key. Needs the macro `visible` of words.py.
    """
    con.register("dialling_arrow", _dialling())
    con.execute("create or replace temp table dialling as select * from dialling_arrow")
    con.unregister("dialling_arrow")
    con.execute(
        f"""create or replace temp table phone_fast as
    with shown as (
        select phone, country_code, translate(visible(phone), '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', '01234567890123456789') as text
        from raw_phones where phone is not null),
    cleaned as (
        select phone, country_code, text, regexp_matches(text, '[a-zA-Z#;,|]') as is_text,
               regexp_full_match(trim(text), '{_SCIENTIFIC}') as is_rounded,
               regexp_replace(replace(case when ends_with(text, '.0') then left(text, -2) else text end, '(0)', ''),
                              '[^0-9+]', '', 'g') as dialled
        from shown),
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
        select phone, country_code, text, digits, is_rounded or not regexp_matches(dialled, '[0-9]') as is_unreadable,
               case when not is_text
                and len(at_home) between shortest and longest then '+' || code || at_home end as here,
               case when not is_text then '+' || coalesce(abroad, case when starts_with(home, code) then home end)
                   end as away
        from numbers)
    select phone, country_code, text, digits, is_unreadable,
           case when is_unreadable then null when regexp_full_match(here, $valid) then here
                when regexp_full_match(away, $valid) then away end as phone_key
    from placed""",
        {"valid": valid_numbers()},
    )
    rest = con.execute("""select phone, country_code, text, digits from phone_fast
                          where phone_key is null and not is_unreadable""").fetchall()
    table = pa.table(
        {
            "phone": pa.array([row[0] for row in rest], pa.string()),
            "country_code": pa.array([row[1] for row in rest], pa.string()),
            "slow_keys": pa.array([_numbers(*row[1:]) for row in rest], pa.list_(pa.string())),
        }
    )
    con.register("phone_slow", table)
    con.execute("""create or replace temp table phone_keys as
        select f.phone, f.country_code,
               case when f.phone_key is not null then [f.phone_key] else coalesce(s.slow_keys, []) end as phone_keys
        from phone_fast f left join phone_slow s on f.phone_key is null
             and s.phone = f.phone and s.country_code is not distinct from f.country_code""")
    con.unregister("phone_slow")
    con.execute("drop table phone_fast")
    con.execute("drop table dialling")
    return len(rest)


def account(value: str, source: str, systems: str) -> str:
    """SQL of an account id as `<issuer>:<id>`; null for a text without a letter or digit, and for who is nobody.

    `value` may name its issuer that way already, when the issuer is a `source` of relation
    `systems`; otherwise it belongs to `source`. Needs the macros of words.py.
    """
    value = f"trim(visible({value}))"
    is_named = f"contains({value}, ':') and split_part({value}, ':', 1) in (select source from {systems})"
    issuer = f"case when {is_named} then split_part({value}, ':', 1) else {source} end"
    own = f"trim(case when {is_named} then substr({value}, instr({value}, ':') + 1) else {value} end)"
    is_some = f"not is_no_id({own}) and regexp_matches({own}, '[\\p{{L}}\\p{{N}}]')"
    return f"case when {is_some} then {issuer} || ':' || {own} end"


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


def _numbers(country: str | None, text: str, digits: str) -> list[str]:
    """The numbers of a cell; of a cell with several those that are valid, of any other the one that it may be."""
    whole = _placed(re.sub(r"\.0$", "", text), country, digits)
    parts = [part for part in re.split(r"[/;,|]|\b(?:of|or|oder|ou|und|en|et|y|and|e)\b", text) if len(part) > 6]
    if whole.startswith("?") and len(parts) > 1:
        valid = [key for part in parts if (key := _placed(part, country, "")).startswith("+")]
        return list(dict.fromkeys(valid)) or [whole]
    return [whole]


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
