"""The keys of candidate rows: `<column>_keys` for every column whose contract says `keys`.

What belongs here: which rows get which keys, and from which country a phone number is read. What does not: how a
key is made (identifier_keys.py).
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from cdp_pipeline.project.country_names import add_country_codes
from cdp_pipeline.project.identifier_keys import account, add_emails, add_phones
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Contract

KIND_OF_NAMESPACE = (
    "case {0} when 'email' then 'email' when 'phone' then 'phone' when 'device_id' then 'device' else 'account' end"
)


def key_columns(contract: Contract) -> dict[str, str]:
    """Column with keys → the column that holds them (VARCHAR[]); empty when the cell cannot be read, or is empty."""
    return {column: f"{column}_keys" for column, spec in contract.columns.items() if spec.keys}


def no_keys(contract: Contract) -> str:
    """SQL columns for candidate rows that have no keys yet; with a comma before each."""
    return "".join(f", []::varchar[] as {keys}" for keys in key_columns(contract).values())


def add_keys(con: duckdb.DuckDBPyConnection, project: Project, contract: Contract, table: str = "candidates") -> None:
    """Make the keys of a table of candidate rows, and put the address itself where a cell holds more than it.

    The country of a number is that of the row, else that of its people record (view staging.people, when there is
    one), else that of the project.
    """
    columns = key_columns(contract)
    if not columns:
        return
    systems = sorted({project.system(name) for name, source in project.sources.items() if "people" in source.into})
    con.register("systems_arrow", pa.table({"source": pa.array(systems, pa.string())}))
    con.execute("create or replace temp table systems as from systems_arrow")
    con.unregister("systems_arrow")
    _add_countries(con, project, contract, table)
    kinds = {c: KIND_OF_NAMESPACE.format("namespace") if contract.columns[c].keys == "namespace"
             else f"'{contract.columns[c].keys}'" for c in columns}  # fmt: skip
    emails = " union ".join(
        f"select distinct {c} as email from placed where {kind} = 'email'" for c, kind in kinds.items()
    )
    phones = " union ".join(
        f"select distinct {c}, phone_country from placed where {kind} = 'phone'" for c, kind in kinds.items()
    )
    con.execute(f"create or replace temp table raw_emails as {emails}")
    con.execute(f"create or replace temp table raw_phones as select * from ({phones}) as t(phone, country_code)")
    add_emails(con)
    add_phones(con)
    joins, keys, addresses = [], [], []
    for number, (column, kind) in enumerate(kinds.items()):
        joins.append(f"left join email_keys e{number} on {kind} = 'email' and e{number}.email = p.{column}")
        joins.append(f"left join phone_keys f{number} on {kind} = 'phone' and f{number}.phone = p.{column} "
                     f"and f{number}.country_code = p.phone_country")  # fmt: skip
        own = account(f"p.{column}", "p.source", "systems")
        keys.append(f"case {kind} when 'email' then coalesce(e{number}.email_keys, []) "
                    f"when 'phone' then coalesce(f{number}.phone_keys, []) "
                    f"when 'device' then if(p.{column} is null, [], [p.{column}]) "
                    f"else list_filter([{own}], lambda k: k is not null) end as {columns[column]}")  # fmt: skip
        addresses.append(f"if({kind} = 'email', e{number}.address, p.{column}) as {column}")
    con.execute(
        f"create or replace temp table keyed as select p.* exclude (phone_country) replace ({', '.join([*keys, *addresses])}) "
        f"from placed p {' '.join(joins)}"
    )
    con.execute("drop view placed")
    con.execute(f"create or replace table {table} as from keyed")
    for name in ("keyed", "raw_emails", "raw_phones", "email_keys", "phone_keys", "systems"):
        con.execute(f"drop table {name}")


def _add_countries(con: duckdb.DuckDBPyConnection, project: Project, contract: Contract, table: str) -> None:
    """View `placed`: the rows with phone_country."""
    home = project.settings.country
    views = con.execute(
        "select 1 from information_schema.tables where table_schema = 'staging' and table_name = 'people'"
    ).fetchall()
    if "country" in contract.columns and "phone" in {spec.keys for spec in contract.columns.values()}:
        add_country_codes(con, table)
        join, code = "left join country_codes c on c.country = t.country", "c.code"
    elif "record_id" in contract.columns and views:
        add_country_codes(con, "staging.people")
        join = """left join (select source, record_id, min(c.code) as code from staging.people p
            join country_codes c on c.country = p.country group by all) as c using (source, record_id)"""
        code = "c.code"
    else:
        join, code = "", "null"
    con.execute(
        f"create or replace temp view placed as select t.*, coalesce({code}, '{home}') as phone_country from {table} t {join}"
    )
