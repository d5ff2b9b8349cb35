"""Addresses, phone numbers and accounts of people records as evidence: their keys, without placeholders.

What belongs here: which keys a record has, and what of them says nothing. What does not: how a key is made
(identifier_keys.py), and guarding against shared values (guard.py).
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.project.identifier_keys import account, add_emails, add_phones
from cdp_pipeline.project.quoting import literals
from cdp_pipeline.project.words import Words, macros

_EVEN = "('123456', '1234567', '12345678', '123456789', '1234567890', '0123456789')"


def add_contacts(con: DuckDBPyConnection, people: str, identifiers: str | None, placeholders: Placeholders) -> int:
    """Tables contacts(source, record_id, kind, key, place) and accounts_of(source, record_id, account_key).

    kind is email or phone; place counts the keys of the record's own cell from 1 and is null for those of
    `identifiers`. `people` has the columns of staging.people and phone_country (ISO alpha-2). Keys that staging
    made are taken as they are; for relations without them they are made here. Returns the phones that the fast
    rule could not place.
    """
    told = f"""select source, record_id, phone_country, email, phone, login_id from {people}"""
    further = f"""select i.source, i.record_id, i.namespace as kind, i.value, p.phone_country from {identifiers} i
        join {people} p using (source, record_id) where i.namespace in ('email', 'phone')""" if identifiers else ""  # fmt: skip
    unplaced = 0
    if "email_keys" in {str(row[0]) for row in con.execute(f"describe {people}").fetchall()}:
        own = f"select source, record_id, email_keys, phone_keys, login_id_keys[1] as account_key from {people}"
        more = further.replace("i.value, p.phone_country", "i.value_keys as keys")
    else:
        unplaced = _make_keys(con, told, further)
        own = f"""select t.source, t.record_id, e.email_keys, f.phone_keys,
            {account("t.login_id", "t.source", f"(select distinct source from {people})")} as account_key
            from ({told}) t left join email_keys e on e.email = t.email
            left join phone_keys f on f.phone = t.phone and f.country_code = t.phone_country"""
        more = f"""select t.source, t.record_id, t.kind, coalesce(e.email_keys, f.phone_keys) as keys from ({further}) t
            left join email_keys e on t.kind = 'email' and e.email = t.value
            left join phone_keys f on t.kind = 'phone' and f.phone = t.value and f.country_code = t.phone_country"""
    con.execute(f"create or replace temp table keyed_people as {own}")
    more = f"union all select source, record_id, kind, unnest(keys), null::bigint from ({more})" if identifiers else ""
    con.execute(
        f"""create or replace temp table contacts as
        with held as (
            select source, record_id, 'email' as kind, unnest(email_keys) as key,
                unnest(range(1, len(email_keys) + 1)) as place from keyed_people
            union all select source, record_id, 'phone', unnest(phone_keys), unnest(range(1, len(phone_keys) + 1))
            from keyed_people {more}),
        select source, record_id, kind, key, place from held where not ({says_nothing("kind", "key", placeholders)})"""
    )
    con.execute("create or replace temp table accounts_of as "
                "select source, record_id, account_key from keyed_people where account_key is not null")  # fmt: skip
    for table in ("keyed_people", "email_keys", "phone_keys", "raw_emails", "raw_phones"):
        con.execute(f"drop table if exists {table}")
    return unplaced


def says_nothing(kind: str, key: str, placeholders: Placeholders) -> str:
    """SQL: whether the key of an e-mail address or a phone number stands for none; of other kinds never."""
    nobody = literals(placeholders.email_names)
    digits = f"ltrim({key}, '?+')"
    return (
        f"case {kind} when 'email' then coalesce(split_part({key}, '@', 1) in ({nobody}), false) "
        f"when 'phone' then starts_with({key}, '?') and (len({digits}) < 6 or {digits} in {_EVEN}) "
        f"or len(list_distinct(string_split({digits}[-6:], ''))) <= 1 else false end"
    )


def _make_keys(con: DuckDBPyConnection, people: str, further: str) -> int:
    """Tables email_keys and phone_keys of relations that did not come out of staging."""
    for macro in macros(Words()):
        con.execute(macro)
    emails = f"union select value from ({further}) where kind = 'email'" if further else ""
    phones = f"union select value, phone_country from ({further}) where kind = 'phone'" if further else ""
    con.execute(f"create or replace temp table raw_emails as select distinct email from ({people}) {emails}")
    con.execute(
        f"create or replace temp table raw_phones as "
        f"select distinct phone, phone_country as country_code from ({people}) {phones}"
    )
    add_emails(con)
    return add_phones(con)
