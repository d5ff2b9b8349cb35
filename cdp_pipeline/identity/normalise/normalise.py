"""From people records to comparable records: table `records`, one row a record.

What belongs here: which key comes from which column, and that work is done on distinct values.
What does not: the spelling rules themselves (names, contacts, places) and guarding (guard.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.normalise import contacts, names, places
from cdp_pipeline.project.country_names import add_country_codes, folded

PEOPLE_COLUMNS = (
    "source record_id full_name first_name middle_name last_name birth_date gender email is_email_verified "
    "phone company street house_number postcode city region country language login_id created_at updated_at"
).split()
EXTRA = "extra_"  # prefix of the columns of further evidence, in people and in records
MADE = (  # tables of values as written and their keys, dropped at the end
    "country_codes raw_names name_words word_keys name_keys contacts accounts_of street_keys city_keys postcode_keys "
    "company_keys"
).split()


@dataclass(frozen=True)
class Inputs:
    """Names of the relations the engine reads, and the extra evidence columns of `people`."""

    people: str = "staging.people"  # the columns of staging.people, plus extra_<name> VARCHAR
    identifiers: str | None = "staging.identifiers"
    links: str | None = "staging.links"
    extra: tuple[str, ...] = ()  # names without the prefix


def normalise(con: DuckDBPyConnection, inputs: Inputs, matching: Matching, country: str, key: bytes) -> int:
    """Make temp table `records` (grain record_key, see `record_key`); returns its rows.

    `country` (ISO 3166 alpha-2) is assumed for phone numbers of records without a known country.
    """
    _list(con, inputs, country)
    names.add_names(con, matching.nicknames, matching.placeholders.names)
    contacts.add_contacts(con, "placed", inputs.identifiers, matching.placeholders)
    places.add_places(con, "placed", matching.placeholders)
    con.execute(f"""create or replace temp table company_keys as
        select company, {folded("company")} as company_key from (select distinct company from {inputs.people})""")
    _assemble(con, inputs, matching, key)
    con.execute("drop view placed")
    for table in MADE:
        con.execute(f"drop table if exists {table}")
    rows, keys = con.execute("select count(*), count(distinct record_key) from records").fetchall()[0]
    assert rows == keys, f"{rows - keys} record keys are shared: (source, record_id) is not unique, or two hashes met"
    return int(rows)


def hashed(what: str, content: str) -> str:
    """SQL of a 60-bit number that only the holder of parameter $key can compute from `content` (SQL text)."""
    return f"('0x' || left(sha256($key || '{what}' || chr(31) || {content}), 15))::bigint"


def record_key(source: str, record_id: str) -> str:
    """SQL of the lasting number of a record, from its source and id; needs parameter $key (hex)."""
    return hashed("record", f"{source} || chr(31) || {record_id}")


def _list(con: DuckDBPyConnection, inputs: Inputs, country: str) -> None:
    """View `placed`: people with country_code, phone_country, has_umlauts; table raw_names of distinct names."""
    add_country_codes(con, inputs.people)
    con.execute(f"""create or replace temp view placed as
        select p.*, c.code as country_code, coalesce(c.code, '{country}') as phone_country,
               coalesce(c.code, '{country}') in ({places.UMLAUTS}) as has_umlauts
        from {inputs.people} p left join country_codes c on c.country = p.country""")
    con.execute(f"""create or replace temp table raw_names as
        select distinct full_name, first_name, middle_name, last_name from {inputs.people}""")


def _assemble(con: DuckDBPyConnection, inputs: Inputs, matching: Matching, key: bytes) -> None:
    extra = "".join(f', {folded(f"""p."{EXTRA}{name}" """)} as "{EXTRA}{name}"' for name in inputs.extra)
    con.execute(
        f"""create or replace temp table records as
    with held as (
        select source, record_id,
               arg_min(key, (coalesce(place, 1000), key)) filter (kind = 'email') as email_key,
               list_sort(list(distinct key) filter (kind = 'email')) as emails,
               arg_min(key, (coalesce(place, 1000), key)) filter (kind = 'phone') as phone_key,
               list_sort(list(distinct key) filter (kind = 'phone')) as phones
        from contacts group by source, record_id),
    others as (
        select *, split_part(email_key, '@', 1) as local,
               case when len(local) >= 5 and not list_contains($shared, local) then local end as email_local,
               regexp_replace(email_local, '[^a-z]', '', 'g') as email_letters
        from held),
    joined as (
        select {record_key("p.source", "p.record_id")} as record_key, p.source, p.record_id,
               n.* exclude (full_name, first_name, middle_name, last_name),
               o.email_key, o.email_local, o.email_letters, o.phone_key, o.emails, o.phones,
               case when not list_contains($dates, p.birth_date::varchar) then p.birth_date::varchar end as birth_date,
               coalesce(pc.postcode_key, ip.postcode_key) as postcode_key,
               coalesce(pc.postcode_area, ip.postcode_area) as postcode_area, s.street_key, s.house_key,
               coalesce(ct.city_key, it.city_key) as city_key, p.country_code,
               case when len(co.company_key) > 1 and not list_contains($companies, co.company_key)
                    then co.company_key end as company_key,
               a.account_key as login_id,
               p.updated_at {extra}
        from placed p
        left join name_keys n on n.full_name is not distinct from p.full_name
             and n.first_name is not distinct from p.first_name
             and n.middle_name is not distinct from p.middle_name
             and n.last_name is not distinct from p.last_name
        left join street_keys s on s.has_umlauts = p.has_umlauts and s.street is not distinct from p.street
             and s.house_number is not distinct from p.house_number
        left join city_keys ct on ct.city = p.city and ct.has_umlauts = p.has_umlauts
        left join city_keys it on it.city = s.inner_city and it.has_umlauts = p.has_umlauts
        left join postcode_keys pc on pc.postcode = p.postcode and pc.country_code is not distinct from p.country_code
        left join postcode_keys ip on ip.postcode = s.inner_postcode and ip.country_code is not distinct from p.country_code
        left join company_keys co on co.company = p.company
        left join accounts_of a on a.source = p.source and a.record_id = p.record_id
        left join others o on o.source = p.source and o.record_id = p.record_id)
    select * exclude (birth_date, street_key, house_key, updated_at, emails, phones, email_letters, postcode_area),
           nullif(list_filter(emails, lambda v: v <> email_key), []) as other_emails,
           nullif(list_filter(phones, lambda v: v <> phone_key), []) as other_phones,
           coalesce(contains(email_letters, replace(name_last, ' ', '')), false)
               or coalesce(email_letters = name_first, false) as is_local_name,
           birth_date, left(birth_date, 4) as birth_year, substr(birth_date, 6) as birth_day,
           postcode_area,
           street_key, house_key,
           street_key || coalesce(' ' || house_key, '') as address_key,
           postcode_key || ' ' || house_key as place_key, updated_at
    from joined""",
        {
            "key": key.hex(),
            "dates": list(matching.placeholders.birth_dates),
            "companies": list(matching.placeholders.companies),
            "shared": list(matching.placeholders.shared_email_names),
        },
    )
