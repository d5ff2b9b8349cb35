"""Person ids that outlive a run: inherited, minted, retired.

What belongs here: giving ids to clusters. What does not: clustering, and the account of what
happened (changes.py).

A cluster takes the previous id with which it shares most records (ties: lowest id); an id goes
once, to its largest heir (ties: smallest record); everyone else gets a new id, a keyed hash of
(source, record_id, generation) that is in no ledger. Nothing depends on the order of the input.
A record that was away and comes back gets the id of the person it joins; on its own it gets a new
one, since a retired id is never given out again: what was said about it meanwhile would be wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.ids import changes


@dataclass(frozen=True)
class Previous:
    """Names of the relations of the last published state; None for a first run."""

    person_records: str | None = None
    persons: str | None = None
    changes: str | None = None
    redirects: str | None = None
    records: str | None = None  # record_key, node_key: tells whether a record's content has changed


EMPTY = {
    "person_records": "select null::varchar source, null::varchar record_id, null::varchar person_id where false",
    "persons": "select null::varchar person_id, null::bigint records, null::date since where false",
    "changes": """select null::date as_of, null::varchar change, null::varchar person_id,
        null::varchar other_person_id, null::bigint records, null::varchar cause, null::double weakest_weight,
        null::varchar weakest_evidence where false""",
    "redirects": "select null::varchar person_id, null::varchar to_person_id, null::date since where false",
    "records": "select null::bigint record_key, null::bigint node_key where false",
}


def assign(
    con: DuckDBPyConnection, previous: Previous, key: bytes, as_of: date, largest_person: int = 50
) -> dict[str, int | float]:
    """Records, clusters, pairs -> person_records, persons, changes, redirects (temp tables); returns counts."""
    for name, empty in EMPTY.items():
        relation = getattr(previous, name)
        con.execute(f"create or replace temp view previous_{name} as {f'from {relation}' if relation else empty}")
    con.execute("create or replace temp table run_day as select $day::date as day", {"day": as_of})
    _members(con)
    _inherit(con)
    _mint(con, key)
    _outcome(con)
    changes.add_changes(con)
    changes.add_redirects(con)
    return _numbers(con, largest_person)


def new_id(key: bytes, source: str, record_id: str, generation: int) -> str:
    """'P' and 26 characters (130 bits) of lower-case base32.

    >>> len(new_id(b"k", "shop", "1", 0))
    27
    """
    text = f"person\x1f{source}\x1f{record_id}\x1f{generation}"
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return "P" + base64.b32encode(digest).decode().lower()[:26]


def _members(con: DuckDBPyConnection) -> None:
    """members(record_key, node_key, cluster, source, record_id, old_id), one row a record."""
    con.execute("""create or replace temp table members as
        select r.record_key, r.node_key, c.cluster, r.source, r.record_id, p.person_id as old_id
        from records r join clusters c using (node_key)
        left join previous_person_records p on p.source = r.source and p.record_id = r.record_id""")


def _inherit(con: DuckDBPyConnection) -> None:
    """heirs(cluster, person_id). A cluster of one old person that nobody shares needs no contest."""
    con.execute("""create or replace temp table overlap as
        select cluster, old_id, count(*) as shared, min(record_key) as first_record from members
        where old_id is not null group by all;
    create or replace temp table heirs as
    with contested as (
        select distinct old_id from overlap
        where cluster in (select cluster from overlap group by 1 having count(*) > 1)
           or old_id in (select old_id from overlap group by 1 having count(*) > 1)),
    rest as (from overlap semi join contested using (old_id)),
    wished as (
        select *, row_number() over (partition by cluster order by shared desc, old_id) as wish from rest),
    given as (
        select *, row_number() over (partition by old_id order by shared desc, first_record) as turn
        from wished where wish = 1)
    select cluster, old_id as person_id from given where turn = 1
    union all
    select cluster, old_id from overlap anti join contested using (old_id)""")


def _mint(con: DuckDBPyConnection, key: bytes) -> None:
    """minted(cluster, person_id) for clusters without an heirloom, from their first record (by source and id)."""
    fresh = con.execute("""select cluster, min((source, record_id)) as first from members
        anti join heirs using (cluster) group by cluster order by first""").fetchall()
    candidates = [new_id(key, first[0], first[1], 0) for _, first in fresh]
    used = _used(con, candidates)
    minted = []
    for at, (_, first) in enumerate(fresh):
        candidate, generation = candidates[at], 0
        while candidate in used:
            generation += 1
            candidate = new_id(key, first[0], first[1], generation)
            used |= _used(con, [candidate])
        used.add(candidate)
        minted.append(candidate)
    table = pa.table(
        {"cluster": pa.array([row[0] for row in fresh], pa.int64()), "person_id": pa.array(minted, pa.string())}
    )
    con.register("minted_arrow", table)
    con.execute("create or replace temp table minted as select * from minted_arrow")
    con.unregister("minted_arrow")


def _used(con: DuckDBPyConnection, candidates: list[str]) -> set[str]:
    """Which of the candidates the ledger knows: ids living, retired, or ever told of."""
    con.register("candidates_arrow", pa.table({"person_id": pa.array(candidates, pa.string())}))
    ledger = " union all ".join(
        f"select {column} as person_id from previous_{table} where {column} in (select person_id from candidates_arrow)"
        for table, column in (
            ("persons", "person_id"), ("redirects", "person_id"), ("redirects", "to_person_id"),
            ("changes", "person_id"), ("changes", "other_person_id"),
        )
    )  # fmt: skip
    found = {row[0] for row in con.execute(ledger).fetchall()}
    con.unregister("candidates_arrow")
    return found


def _outcome(con: DuckDBPyConnection) -> None:
    """person_records, persons and best_links. Confidence: see the table's documentation in tables.py.

    The best link of a node is to another node of its person, where the person has several.
    """
    con.execute("""create or replace temp table given_ids as
        select cluster, person_id from heirs union all select cluster, person_id from minted;
    create or replace temp table best_links as
    with ends as (
        select node_key_l as node_key, match_weight, is_kept from pairs
        union all select node_key_r, match_weight, is_kept from pairs)
    select node_key, max(match_weight) filter (is_kept) as kept, max(match_weight) filter (not is_kept) as refused
    from ends group by 1;
    create or replace temp table node_facts as
    with sizes as (select node_key, min(cluster) as cluster, count(*) as records from members group by 1)
    select s.*, coalesce(b.kept, case when s.records > 1 then 40.0 end) as kept, b.refused
    from sizes s left join best_links b using (node_key);
    create or replace temp table person_records as
    select m.source, m.record_id, g.person_id,
           round(case when f.kept is not null then 1 / (1 + pow(2.0, -greatest(-60, least(60, f.kept))))
                      else 1 - 1 / (1 + pow(2.0, -greatest(-60, least(60, coalesce(f.refused, -60))))) end, 6)
               as confidence
    from members m join given_ids g using (cluster) join node_facts f using (node_key);
    create or replace temp table persons as
    select g.person_id, sum(f.records)::bigint as records,
           case when sum(f.records) > 1 then min(f.kept) end as weakest_weight,
           coalesce(min(p.since), (select day from run_day)) as since
    from node_facts f join given_ids g using (cluster)
    left join previous_persons p on p.person_id = g.person_id
    group by 1""")


def _numbers(con: DuckDBPyConnection, largest_person: int) -> dict[str, int | float]:
    row = con.execute(f"""select (select count(*) from persons), (select count(*) from minted),
        (select coalesce(sum(records), 0)::bigint from moves),
        (select count(old_id) from members), (select coalesce(max(records), 0) from persons),
        (select count(*) from persons where records > {largest_person})""").fetchall()[0]
    events = con.execute("""select change, count(*) from changes c, run_day where c.as_of = day
                            group by 1 order by 1""").fetchall()
    return {
        "persons": row[0],
        "new_ids": row[1],
        "records_with_changed_id": row[2],
        "churn_share": round(row[2] / row[3], 6) if row[3] else 0.0,
        "largest_person": row[4],
        "persons_too_large": row[5],
        **{f"changes_{change}": count for change, count in events},
    }
