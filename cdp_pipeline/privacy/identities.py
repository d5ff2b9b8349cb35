"""The identifiers in rows of core tables, in one spelling each.

What belongs here: reading them out of rows, and the one spelling of an e-mail address, a phone number, an account.
What does not: which columns name somebody (project/registry.py), whose they are (subject.py) and what is kept of
them (tombstones.py).

    kind          value                                     names
    email, phone  the key of identifier_keys.py            whoever uses it
    email+name …  the same, `|`, first and last name        the one of several who use it
    account       <system that issued it>:<id>              its holder
    device_id     as written                                whoever uses the browser or device
    event_order   order number as written                   whoever ordered, in a system that only measures
    record_id     <system>:<record id>                      one people record
    order_id …    <system>:<order or ticket id>             whoever ordered or asked
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import duckdb
import pyarrow as pa

from cdp_pipeline.identity.normalise.contacts import says_nothing
from cdp_pipeline.identity.normalise.placeholders import Placeholders
from cdp_pipeline.project.country_names import add_country_codes, folded
from cdp_pipeline.project.identifier_keys import account, add_emails, add_phones
from cdp_pipeline.project.registry import SHAREABLE, Contracts, Fact, facts_of
from cdp_pipeline.project.words import Words, macros


def facts_sql(
    facts: Sequence[Fact], relation: str, text: Callable[[str], str], keep: str, columns: Collection[str]
) -> str:
    """SELECT of the facts in a relation with the columns of a core table: one row a filled column.

    Columns: those of `keep` (SQL), then kind, system, value, country, first_name, last_name; all text.
    `text` gives the SQL of a column as text; `columns` are those that the relation has.
    """
    selects = []
    described = set(_DESCRIBED) <= set(columns)
    for fact in facts:
        system = text(fact.system)
        when = f"and {text('namespace')} = '{fact.namespace}'" if fact.namespace else ""
        country = text("country") if described else "null::varchar"
        first, last = _names(text) if described else ("null::varchar", "null::varchar")
        selects.append(
            f"select {keep}, '{fact.kind}' as kind, {system} as system, trim({text(fact.column)}) as value, "
            f"{country} as country, {first} as first_name, {last} as last_name "
            f"from {relation} where trim({text(fact.column)}) <> '' {when}"
        )
    return " union all ".join(selects)


_DESCRIBED = ("country", "full_name", "first_name", "last_name")
"""What tells one of several who share an address, and how numbers of a row are read."""


def columns_of(table: str, contracts: Contracts) -> list[str]:
    """The columns of a core table that its facts are made of."""
    columns = {column for fact in facts_of(table, contracts) for column in fact.columns}
    return sorted(columns | (set(_DESCRIBED) if set(_DESCRIBED) <= set(contracts[table].columns) else set()))


def _names(text: Callable[[str], str]) -> tuple[str, str]:
    whole = text("full_name")
    first = folded(f"coalesce({text('first_name')}, split_part({whole}, ' ', 1))")
    last = folded(f"coalesce({text('last_name')}, regexp_extract({whole}, '([^ ]+)$', 1))")
    return first, last


def spell(
    con: duckdb.DuckDBPyConnection,
    facts: str,
    placeholders: Placeholders,
    country: str,
    systems: Collection[str],
    words: Words = Words(),  # noqa: B008  (frozen)
) -> None:
    """Table `spelled` from relation `facts`: its columns with `identity`, a key of `value`: a row a key.

    `identity` is null where the value is no identifier (a placeholder, half a number). `named` is the
    key with the name behind it, null without a name. `country` (ISO alpha-2) is assumed for phone
    numbers of rows without a known country; `systems` are those that issue accounts.
    """
    for macro in macros(words):
        con.execute(macro)
    con.register("systems_arrow", pa.table({"source": pa.array(sorted(systems), pa.string())}))
    con.execute("create or replace temp table systems as from systems_arrow")
    con.unregister("systems_arrow")
    add_country_codes(con, facts)
    con.execute(f"""create or replace temp table placed_facts as
        select f.*, coalesce(c.code, '{country}') as country_code
        from {facts} f left join country_codes c on c.country = f.country""")
    con.execute("create or replace temp table raw_emails as select distinct value as email from placed_facts "
                "where kind = 'email'")  # fmt: skip
    con.execute("create or replace temp table raw_phones as select distinct value as phone, country_code "
                "from placed_facts where kind = 'phone'")  # fmt: skip
    add_emails(con)
    add_phones(con)
    con.execute(f"""create or replace temp table spelled as
        with told as (
            select f.* exclude (country, country_code), unnest(case f.kind
                when 'email' then e.email_keys when 'phone' then p.phone_keys
                else [case f.kind when 'account' then {account("f.value", "f.system", "systems")}
                when 'device_id' then f.value when 'event_order' then f.value
                else f.system || ':' || f.value end] end) as identity
            from placed_facts f
            left join email_keys e on f.kind = 'email' and e.email = f.value
            left join phone_keys p on f.kind = 'phone' and p.phone = f.value and p.country_code = f.country_code)
        select *, case when kind in {SHAREABLE} and first_name <> '' and last_name <> ''
                       then identity || '|' || first_name || '|' || last_name end as named
        from told where not ({says_nothing("kind", "coalesce(identity, '')", placeholders)})""")
    for table in ("placed_facts", "raw_emails", "raw_phones", "email_keys", "phone_keys", "country_codes"):
        con.execute(f"drop table if exists {table}")
