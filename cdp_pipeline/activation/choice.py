"""Under which e-mail and phone a person goes to a destination: the best of theirs that may go there.

What belongs here: choosing among the identifiers that the permission gate lets pass. What does not: whether one may
pass (gate.py, which looks at the chosen one again), and which is golden (4_profiles/survivorship.yml).

The golden one goes first. Else: one that a source calls verified, the one whose record changed last, the one that most
records carry, the smaller. Whoever has none that may go keeps the golden one, and the gate says why it may not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from cdp_pipeline.activation.gate import NEVER_ASKED, as_permitted, audiences_in
from cdp_pipeline.activation.normalise import rewrite_phones
from cdp_pipeline.project.quoting import literal

ADDRESSES = "_addresses"
"""Column that `choose` adds: each identifier that may go, and why it is not the golden one."""


def choose(
    con: duckdb.DuckDBPyConnection, table: str, identifiers: Sequence[str], similar_goods: Collection[str]
) -> None:
    """Put the best permitted identifier into each column of `table` that is named in `identifiers` (email, phone).

    `table` has one row an audience and person, with golden identifiers. Reads the temporary table judged_identifiers
    and profiles.identifiers.
    """
    con.execute(f"alter table {table} add column {ADDRESSES} varchar")
    for name in identifiers:
        golden = as_permitted(name)
        value = "normalise_email(a, null)" if name == "email" else "trim(a)"
        con.execute(f"""
            create or replace temp table candidates as
            select j.person_id, j.value, j.value as number, coalesce(j.is_existing_customer, false) as is_existing_customer,
                coalesce(i.is_verified, false) as is_verified, i.changed_at, coalesce(i.records, 0) as records
            from judged_identifiers j
            join profiles.identifiers i
                on i.person_id = j.person_id and i.namespace = j.namespace
                and list_contains(list_transform(list_append(i.addresses, i.value), lambda a: {value}), j.value)
            where j.namespace = '{name}' and j.reason = 'granted'
        """)
        if name == "phone":
            rewrite_phones(con, "candidates", "number", None)
        con.execute(f"""
            create or replace temp table chosen as
            select m.audience, m.person_id, c.value, coalesce(c.value = {golden}, false) as is_golden,
                case when m.{name} is null then 'no golden one' when {golden} is null then 'golden one cannot be used'
                    else 'golden one: ' || coalesce(j.reason, {literal(NEVER_ASKED)}) end as why
            from {table} m
            join candidates c on c.person_id = m.person_id and c.number = c.value
                and (not c.is_existing_customer or {audiences_in(similar_goods)})
            left join judged_identifiers j
                on j.person_id = m.person_id and j.namespace = '{name}' and j.value = {golden}
            qualify row_number() over (
                partition by m.audience, m.person_id
                order by is_golden desc, c.is_verified desc, c.changed_at desc nulls last, c.records desc, c.value
            ) = 1
        """)
        con.execute(f"""
            update {table} as m set {name} = if(c.is_golden, m.{name}, c.value),
                {ADDRESSES} = concat_ws('; ', m.{ADDRESSES}, '{name} ' || c.value || if(c.is_golden, '', ' (' || c.why || ')'))
            from chosen c where c.audience = m.audience and c.person_id = m.person_id
        """)


def spread(con: duckdb.DuckDBPyConnection, table: str, identifiers: Sequence[str]) -> None:
    """Give `table` a row more for every other e-mail and phone of its people: all under which they may have been sent."""
    for name in identifiers:
        con.execute(f"""
            create or replace temp table {table} as
            select * from {table}
            union
            select m.* replace (i.address as {name})
            from {table} m join (
                select person_id, unnest(list_append(addresses, value)) as address
                from profiles.identifiers where namespace = '{name}'
            ) i on i.person_id = m.person_id
        """)
