"""Identifiers that identify nobody, and records that are exact copies of one another.

What belongs here: taking linking power from shared values, collapsing copies, and must-links from
account ids. What does not: weights; a guarded value simply is not compared.
"""

from __future__ import annotations

import hashlib
import hmac

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity import pairs
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.normalise import EXTRA, Inputs, account

SAME_WHEN_EQUAL = (  # a copy agrees on all of these
    "name_first name_middle name_last name_words email_key phone_key birth_date postcode_key address_key "
    "house_key city_key country_code company_key login_id other_emails other_phones"
).split()


def guard(con: DuckDBPyConnection, matching: Matching, key: bytes) -> int:
    """Null over-shared values in `records`, list them in `blocked_identifiers`; returns how many.

    blocked_identifiers: kind, value_hash (keyed), records, distinct_names, reason; grain kind, value_hash.
    """
    limits = matching.junk
    found: list[tuple[str, str, int, int]] = []
    for kind, column in (("email", "email_key"), ("phone", "phone_key"), ("login_id", "login_id")):
        shared = con.execute(f"""select {column}, count(*), count(distinct name_last) from records
            where {column} is not null group by 1
            having count(*) > {limits.records} and count(distinct name_last) > {limits.last_names}
            order by 1""").fetchall()
        found += [(kind, *row) for row in shared]
        if not shared:
            continue
        junk = {"junk": [row[0] for row in shared]}
        con.execute(f"update records set {column} = null where list_contains($junk, {column})", junk)
        if kind == "email":
            con.execute("update records set email_local = null where email_key is null")
        if other := {"email": "other_emails", "phone": "other_phones"}.get(kind):
            con.execute(
                f"""update records set {other} = list_filter({other}, lambda v: not list_contains($junk, v))
                    where len({other}) > 0""",
                junk,
            )
    table = pa.table(
        {
            "kind": pa.array([row[0] for row in found], pa.string()),
            "value_hash": pa.array([_hash(key, row[0], row[1]) for row in found], pa.string()),
            "records": pa.array([row[2] for row in found], pa.int64()),
            "distinct_names": pa.array([row[3] for row in found], pa.int64()),
        }
    )
    con.register("blocked_arrow", table)
    con.execute("""create or replace temp table blocked_identifiers as
        select *, 'on ' || records || ' records with ' || distinct_names || ' last names' as reason
        from blocked_arrow order by kind, value_hash""")
    con.unregister("blocked_arrow")
    return len(found)


def collapse(con: DuckDBPyConnection, extra: tuple[str, ...]) -> int:
    """Add `node_key` to `records`: the smallest record_key among exact copies; returns the nodes.

    Copies are only collapsed when what they agree on could join two records by itself: an e-mail,
    or a name with a phone, a birth date or an address.
    """
    same = ", ".join([*SAME_WHEN_EQUAL, *(f'"{EXTRA}{name}"' for name in extra)])
    con.execute(f"""create or replace temp table records as
        select * exclude (updated_at), case
                   when email_key is not null
                        or (name_full is not null and (phone_key is not null or birth_date is not null
                            or (postcode_key is not null and address_key is not null)))
                   then min(record_key) over (partition by {same}) else record_key end as node_key, updated_at
        from records order by record_key""")
    return int(con.execute("select count(distinct node_key) from records").fetchall()[0][0])


def must_links(con: DuckDBPyConnection, inputs: Inputs, matching: Matching) -> int:
    """Make `must_links(record_key_l, record_key_r, provenance)`: chains of one account, and trusted links.

    An account id is unique inside its issuer only, and written `<issuer>:<id>`: people.login_id and
    the identifiers login_id and customer_id. A customer_id that nobody logs in with names the record
    of its issuer with that record_id. An account on records that contradict one another is not
    followed: see `refused_accounts`.
    """
    spaces = ", ".join(f"'{name}'" for name in matching.must_link) or "''"
    identifiers = inputs.identifiers or "(select null source, null record_id, null namespace, null as value)"
    links = inputs.links or (
        "(select null source, null record_id, null other_source, null other_record_id, null as kind)"
    )
    kinds = ", ".join(f"'{kind}'" for kind in matching.trusted_links) or "''"
    con.execute(f"""create or replace temp table accounts as
    with written as (
        select record_key, login_id as account, 'login_id' as namespace from records
        where login_id is not null and 'login_id' in ({spaces})
        union
        select r.record_key, {account("i.value", "i.source", "records")}, i.namespace from {identifiers} i
        join records r on r.source = i.source and r.record_id = i.record_id
        where i.namespace in ('login_id', 'customer_id') and i.namespace in ({spaces})),
    by_record_id as (
        select r.record_key, w.account
        from (select distinct account from written where namespace = 'customer_id') w
        join records r on r.source || ':' || r.record_id = w.account
        anti join (select account from written where namespace = 'login_id') l on l.account = w.account),
    everybody as (
        select record_key, account from written where account is not null
        union select record_key, account from by_record_id)
    select e.record_key, e.account from everybody e
    where e.account not in (
        select e2.account from everybody e2 join records r using (record_key) group by 1
        having count(*) > {matching.junk.records}
            and count(distinct r.name_last) > {matching.junk.last_names})""")
    _refuse(con)
    con.execute(f"""create or replace temp table must_links as
    with chains as (
        select lag(record_key) over (partition by account order by record_key) as record_key_l,
               record_key as record_key_r, 'login' as provenance
        from accounts anti join refused_accounts using (account)),
    said as (
        select least(a.record_key, b.record_key), greatest(a.record_key, b.record_key), k.kind
        from {links} k
        join records a on a.source = k.source and a.record_id = k.record_id
        join records b on b.source = k.other_source and b.record_id = k.other_record_id
        where k.kind in ({kinds}) and a.record_key <> b.record_key),
    copies as (
        select node_key, record_key, 'copy' from records where node_key <> record_key)
    select record_key_l, record_key_r, min(provenance) as provenance
    from (select * from chains where record_key_l is not null union all from said union all from copies)
    group by 1, 2 order by 1, 2""")
    return int(con.execute("select count(*) from must_links where provenance <> 'copy'").fetchall()[0][0])


def _refuse(con: DuckDBPyConnection) -> None:
    """Make `refused_accounts(l, r, account)`: two nodes of one account that cannot be one person.

    Their birth dates differ fully and their names contradict one another; l < r, one row a pair and account.
    """
    shown = "name_first, name_last, name_forms, name_words, sound_last, birth_date"
    both = ", ".join(f"a.{c} as {c}_l, b.{c} as {c}_r" for c in shown.split(", "))
    con.execute(f"""create or replace temp table refused_accounts as
    with known as (
        select distinct c.account, r.node_key, {shown} from accounts c join records r using (record_key)
        where r.birth_date is not null),
    both_sides as (
        select a.account, a.node_key as l, b.node_key as r, {both} from known a
        join known b on b.account = a.account and b.node_key > a.node_key and b.birth_date <> a.birth_date)
    select distinct l, r, account from both_sides where {pairs.BIRTH_VETO} and not ({pairs.NAMES_AGREE})
    order by account, l, r""")


def _hash(key: bytes, kind: str, value: str) -> str:
    return hmac.new(key, f"blocked\x1f{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()[:32]
