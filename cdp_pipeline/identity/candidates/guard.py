"""Identifiers that identify nobody, and records that are exact copies of one another.

What belongs here: taking linking power from shared values, and one node for copies. What does not:
weights (a guarded value simply is not compared) and the sources' own word (hard_links.py).
"""

from __future__ import annotations

import hashlib
import hmac

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.normalise.normalise import EXTRA, hashed

SAME_WHEN_EQUAL = (  # a copy agrees on all of these
    "name_first name_middle name_last name_words email_key phone_key birth_date postcode_key address_key "
    "house_key city_key country_code company_key login_id other_emails other_phones"
).split()
LISTS = ("name_words", "other_emails", "other_phones")


def guard(con: DuckDBPyConnection, matching: Matching, key: bytes) -> int:
    """Null over-shared values in `records`, list them in `blocked_identifiers`; returns how many.

    blocked_identifiers: kind, value_hash (keyed), records, distinct_names, reason; grain kind, value_hash.
    """
    limits = matching.junk
    found: list[tuple[str, str, int, int]] = []
    for kind, column in (("email", "email_key"), ("phone", "phone_key"), ("login_id", "login_id")):
        shared = con.execute(f"""with often as (
                select {column} from records where {column} is not null group by 1 having count(*) > {limits.records})
            select {column}, count(*), count(distinct name_last) from records where {column} in (from often)
            group by 1 having count(distinct name_last) > {limits.last_names} order by 1""").fetchall()
        found += [(kind, *row) for row in shared]
        if not shared:
            continue
        junk = {"junk": [row[0] for row in shared]}
        con.execute(f"update records set {column} = null where list_contains($junk, {column})", junk)
        if kind == "email":
            con.execute("update records set email_local = null, is_local_name = false where email_key is null")
        if other := {"email": "other_emails", "phone": "other_phones"}.get(kind):
            con.execute(
                f"""update records set {other} = list_filter({other}, lambda v: not list_contains($junk, v))
                    where len({other}) > 0""",
                junk,
            )
    found += _crowded_dates(con, matching)
    table = pa.table(
        {
            "kind": pa.array([row[0] for row in found], pa.string()),
            "value_hash": pa.array([value_hash(key, row[0], row[1]) for row in found], pa.string()),
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


def _crowded_dates(con: DuckDBPyConnection, matching: Matching) -> list[tuple[str, str, int, int]]:
    """Null birth dates that a system filled in, birth year and all: (birth_date, value, records, last names).

    Far more people have such a date than the average date, and than the same day of other years (a
    source that knows only years writes 1 January for all of them: that is no placeholder).
    """
    times = matching.placeholders.crowded_birth_date
    crowded = con.execute(
        """with dates as (
            select birth_date, count(*) as records, count(distinct name_last) as names from records
            where birth_date is not null group by 1),
        days as (
            select *, avg(records) over () as average, (sum(records) over (partition by right(birth_date, 5)) - records)
                / greatest(count(*) over (partition by right(birth_date, 5)) - 1, 1) as same_day from dates)
        select birth_date, records, names from days
        where records > $times * greatest(average, same_day) and records > $records and names > $names order by 1""",
        {"times": times, "records": matching.junk.records, "names": matching.junk.last_names},
    ).fetchall()
    if crowded:
        con.execute(
            """update records set birth_date = null, birth_year = null, birth_day = null
                where list_contains($dates, birth_date)""",
            {"dates": [row[0] for row in crowded]},
        )
    return [("birth_date", *row) for row in crowded]


def collapse(con: DuckDBPyConnection, extra: tuple[str, ...], key: bytes) -> int:
    """Add `node_key` to `records`: one number for all exact copies of one content; returns the nodes.

    A keyed hash of what is compared (SAME_WHEN_EQUAL and the further evidence), so equal content has
    one node for ever. Copies are only collapsed when what they agree on could join two records by
    itself: an e-mail, or a name with a phone, a birth date or an address; otherwise the record's own
    key goes into the hash.
    """
    parts = [f"array_to_string({c}, chr(29))" if c in LISTS else c for c in SAME_WHEN_EQUAL]
    parts += [f'"{EXTRA}{name}"' for name in extra]
    said = ", ".join(f"'{chr(65 + at)}' || {part}" for at, part in enumerate(parts))  # a null is left out whole
    alone = """case when email_key is null
                and (name_full is null or (phone_key is null and birth_date is null
                    and (postcode_key is null or address_key is null))) then record_key::varchar end"""
    con.execute("alter table records add column node_key bigint")
    content = f"concat_ws(chr(31), {said}, {alone})"
    con.execute(f"update records set node_key = {hashed('node', content)}", {"key": key.hex()})
    return int(con.execute("select count(distinct node_key) from records").fetchall()[0][0])


def value_hash(key: bytes, kind: str, value: str) -> str:
    """How `blocked_identifiers` names a value: keyed, so that the table gives nothing away."""
    return hmac.new(key, f"blocked\x1f{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()[:32]
