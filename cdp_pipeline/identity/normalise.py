"""From people records to comparable records: table `records`, one row a record.

What belongs here: which key comes from which column, and that work is done on distinct values.
What does not: the spelling rules themselves (names, contacts, places) and guarding (guard.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity import contacts, names, places
from cdp_pipeline.identity.matching import Matching

PEOPLE_COLUMNS = (
    "source record_id full_name first_name middle_name last_name birth_date gender email is_email_verified "
    "phone company street house_number postcode city region country language login_id created_at updated_at"
).split()
EXTRA = "extra_"  # prefix of the columns of further evidence, in people and in records
NO_ACCOUNT = "('', '0', '-1', 'null', 'none', 'guest', 'nan', 'n/a', 'anonymous', 'undefined')"


@dataclass(frozen=True)
class Inputs:
    """Names of the relations the engine reads, and the extra evidence columns of `people`."""

    people: str = "staging.people"  # the columns of staging.people, plus extra_<name> VARCHAR
    identifiers: str | None = "staging.identifiers"
    links: str | None = "staging.links"
    extra: tuple[str, ...] = ()  # names without the prefix


def normalise(con: DuckDBPyConnection, inputs: Inputs, matching: Matching, country: str) -> int:
    """Make temp table `records` (grain record_key, dense by source and record_id); returns its rows.

    `country` (ISO 3166 alpha-2) is assumed for phone numbers of records without a known country.
    """
    _raw(con, inputs, country)
    for kind, columns in {
        "names": "full_name, first_name, middle_name, last_name",
        "emails": "email",
        "phones": "phone, phone_country as country_code",
    }.items():
        con.execute(f"create or replace temp table raw_{kind} as select distinct {columns} from raw")
    con.execute("""insert into raw_emails select distinct value from raw_identifiers where namespace = 'email'
                       and value not in (select email from raw_emails where email is not null);
                   insert into raw_phones
                       select distinct i.value, r.phone_country from raw_identifiers i join raw r
                           using (record_key)
                       where i.namespace = 'phone' except select phone, country_code from raw_phones""")
    con.execute("delete from raw_emails where email is null; delete from raw_phones where phone is null")
    names.add_names(con, matching.nicknames)
    contacts.add_emails(con)
    contacts.add_phones(con)
    _places(con)
    _assemble(con, inputs.extra)
    return int(con.execute("select count(*) from records").fetchall()[0][0])


def account(value: str, source: str, systems: str) -> str:
    """SQL of an account id as `<issuer>:<id>`; null for words that are no account.

    `value` may name its issuer that way already, when the issuer is a `source` of relation
    `systems`; otherwise it belongs to `source`. The same rule as 3_identity/accounts.sql.
    """
    value = f"trim({value})"
    is_named = f"contains({value}, ':') and split_part({value}, ':', 1) in (select source from {systems})"
    issuer = f"case when {is_named} then split_part({value}, ':', 1) else {source} end"
    own = f"trim(case when {is_named} then substr({value}, instr({value}, ':') + 1) else {value} end)"
    return f"case when lower({own}) not in {NO_ACCOUNT} then {issuer} || ':' || {own} end"


def _raw(con: DuckDBPyConnection, inputs: Inputs, country: str) -> None:
    countries = pa.table(dict(zip(("name", "code"), map(list, zip(*places.country_rows(), strict=True)), strict=True)))
    con.register("countries_arrow", countries)
    con.execute("create or replace temp table countries as select * from countries_arrow")
    con.unregister("countries_arrow")
    extra = "".join(f', p."{EXTRA}{name}"' for name in inputs.extra)
    con.execute(
        f"""create or replace temp table raw as
        select row_number() over (order by p.source, p.record_id) as record_key, p.source, p.record_id,
               p.full_name, p.first_name, p.middle_name, p.last_name, p.birth_date, p.email, p.phone,
                   p.company,
               p.street, p.house_number, p.postcode, p.city, p.login_id, p.updated_at, c.code as country_code,
               coalesce(c.code, $country) as phone_country {extra}
        from {inputs.people} p left join countries c on c.name = {names.folded("p.country")}""",
        {"country": country},
    )
    identifiers = inputs.identifiers or "(select null source, null record_id, null namespace, null as value)"
    con.execute(f"""create or replace temp table raw_identifiers as
        select distinct r.record_key, i.namespace, i.value
        from {identifiers} i join raw r on r.source = i.source and r.record_id = i.record_id
        where i.value is not null""")


def _places(con: DuckDBPyConnection) -> None:
    con.execute(f"""create or replace temp table street_keys as
        select street, house_number, {places.street("street")} as street_key,
               {places.house_number("street", "house_number")} as house_key
        from (select distinct street, house_number from raw);
        create or replace temp table city_keys as
        select city, {places.city("city")} as city_key from (select distinct city from raw);
        create or replace temp table postcode_keys as
        select postcode, {places.postcode("postcode")} as postcode_key from (select distinct postcode
            from raw);
        create or replace temp table company_keys as
        select company, {names.folded("company")} as company_key from (select distinct company from raw)""")


def _assemble(con: DuckDBPyConnection, extra: Sequence[str]) -> None:
    columns = "".join(f', {names.folded(f"""r."{EXTRA}{name}" """)} as "{EXTRA}{name}"' for name in extra)
    generic = "('info', 'contact', 'sales', 'admin', 'office', 'mail', 'hello', 'support', 'post', 'kontakt')"
    con.execute(f"""create or replace temp table records as
    with others as (
        select i.record_key,
               list_sort(list(distinct e.email_key) filter (e.email_key is not null)) as other_emails,
               list_sort(list(distinct p.phone_key) filter (p.phone_key is not null)) as other_phones
        from raw_identifiers i join raw r using (record_key)
        left join email_keys e on i.namespace = 'email' and e.email = i.value
        left join phone_keys p on i.namespace = 'phone' and p.phone = i.value
            and p.country_code = r.phone_country
        where i.namespace in ('email', 'phone')
        group by i.record_key),
    joined as (
        select r.record_key, r.source, r.record_id,
               n.name_first, n.name_middle, n.name_last, n.name_full, n.name_nick, n.name_nick_full,
                   n.name_forms,
               n.name_words, n.sound_last, n.sound_full,
               coalesce(e.email_key, o.other_emails[1]) as email_key,
               coalesce(p.phone_key, o.other_phones[1]) as phone_key,
               o.other_emails, o.other_phones,
               case when r.birth_date not in (date '1900-01-01', date '1901-01-01', date '1800-01-01')
                    then r.birth_date end as birth_date,
               pc.postcode_key, s.street_key, s.house_key, ct.city_key, r.country_code,
               case when len(co.company_key) > 1 and co.company_key not in ('na', 'none', 'prive',
                   'private', 'test')
                    then co.company_key end as company_key,
               {account("r.login_id", "r.source", "raw")} as login_id,
               r.updated_at {columns}
        from raw r
        left join name_keys n on n.full_name is not distinct from r.full_name
             and n.first_name is not distinct from r.first_name
             and n.middle_name is not distinct from r.middle_name
             and n.last_name is not distinct from r.last_name
        left join email_keys e on e.email = r.email
        left join phone_keys p on p.phone = r.phone and p.country_code = r.phone_country
        left join street_keys s on s.street is not distinct from r.street
             and s.house_number is not distinct from r.house_number
        left join city_keys ct on ct.city = r.city
        left join postcode_keys pc on pc.postcode = r.postcode
        left join company_keys co on co.company = r.company
        left join others o on o.record_key = r.record_key)
    select * exclude (birth_date, street_key, house_key, updated_at, other_emails, other_phones),
           case when len(split_part(email_key, '@', 1)) >= 5 and split_part(email_key, '@',
               1) not in {generic}
                then split_part(email_key, '@', 1) end as email_local,
           list_filter(other_emails, lambda v: v <> email_key) as other_emails,
           list_filter(other_phones, lambda v: v <> phone_key) as other_phones,
           strftime(birth_date, '%Y-%m-%d') as birth_date, strftime(birth_date, '%Y') as birth_year,
           street_key, house_key,
           street_key || coalesce(' ' || house_key, '') as address_key,
           postcode_key || ' ' || house_key as place_key, updated_at
    from joined order by record_key""")
