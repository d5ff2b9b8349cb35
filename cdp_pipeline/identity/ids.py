"""Person ids that outlive a run: inherited, minted, retired; every change recorded.

What belongs here: giving ids to clusters, and the events that follow. What does not: clustering.

A cluster takes the previous id with which it shares most records (ties: lowest id); an id goes
once, to its largest heir (ties: smallest record); everyone else gets a new id, a keyed hash of
(source, record_id, generation) that is in no ledger. Nothing depends on the order of the input.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.cluster import components


@dataclass(frozen=True)
class Previous:
    """Names of the relations of the last published state; None for a first run."""

    person_records: str | None = None
    persons: str | None = None
    changes: str | None = None
    redirects: str | None = None


EMPTY = {
    "person_records": "select null::varchar source, null::varchar record_id, null::varchar person_id where false",
    "persons": "select null::varchar person_id, null::date since where false",
    "changes": """select null::date as_of, null::varchar change, null::varchar person_id,
        null::varchar other_person_id, null::bigint records, null::varchar cause, null::double weakest_weight
        where false""",
    "redirects": "select null::varchar person_id, null::varchar to_person_id, null::date since where false",
}


def assign(con: DuckDBPyConnection, previous: Previous, key: bytes, as_of: date) -> dict[str, int | float]:
    """Records + pairs -> person_records, persons, changes, redirects (temp tables); returns counts."""
    for name, empty in EMPTY.items():
        relation = getattr(previous, name)
        con.execute(f"create or replace temp table previous_{name} as {f'from {relation}' if relation else empty}")
    con.execute("create or replace temp table run_day as select $day::date as day", {"day": as_of})
    _clusters(con)
    _inherit(con)
    _mint(con, key)
    _outcome(con)
    _changes(con)
    _redirects(con)
    return _numbers(con)


def new_id(key: bytes, source: str, record_id: str, generation: int) -> str:
    """'P' and 26 characters (130 bits) of lower-case base32.

    >>> len(new_id(b"k", "shop", "1", 0))
    27
    """
    text = f"person\x1f{source}\x1f{record_id}\x1f{generation}"
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return "P" + base64.b32encode(digest).decode().lower()[:26]


def _clusters(con: DuckDBPyConnection) -> None:
    """cluster_records(record_key, cluster): components over the kept pairs, labelled by smallest record."""
    kept = con.execute("select record_key_l, record_key_r from pairs where is_kept order by 1, 2").fetchnumpy()
    found = con.execute("select record_key from records order by 1").fetchnumpy()
    keys = np.asarray(found["record_key"], dtype=np.int64)
    a = np.searchsorted(keys, np.asarray(kept["record_key_l"], dtype=np.int64))
    b = np.searchsorted(keys, np.asarray(kept["record_key_r"], dtype=np.int64))
    labels = components(len(keys), a, b)
    con.register("labels", pa.table({"record_key": keys, "cluster": keys[labels] if len(keys) else keys}))
    con.execute("""create or replace temp table cluster_records as
        select l.record_key, l.cluster, r.source, r.record_id, p.person_id as old_id
        from labels l join records r using (record_key)
        left join previous_person_records p on p.source = r.source and p.record_id = r.record_id""")
    con.unregister("labels")


def _inherit(con: DuckDBPyConnection) -> None:
    con.execute("""create or replace temp table overlap as
        select cluster, old_id, count(*) as shared from cluster_records where old_id is not null group by all;
    create or replace temp table heirs as
    with wished as (
        select *, row_number() over (partition by cluster order by shared desc, old_id) as wish from overlap),
    given as (
        select *, row_number() over (partition by old_id order by shared desc, cluster) as turn
        from wished where wish = 1)
    select cluster, old_id as person_id from given where turn = 1""")


def _mint(con: DuckDBPyConnection, key: bytes) -> None:
    """minted(cluster, person_id) for clusters without an heirloom."""
    fresh = con.execute("""select c.cluster, r.source, r.record_id
        from (select distinct cluster from cluster_records where cluster not in (select cluster from heirs)) c
        join records r on r.record_key = c.cluster order by c.cluster""").fetchall()
    used = {
        row[0]
        for row in con.execute("""select person_id from previous_persons union select person_id
            from previous_redirects
            union select person_id from previous_changes union select to_person_id from previous_redirects
            union select other_person_id from previous_changes""").fetchall()
    }
    minted = []
    for _, source, record_id in fresh:
        generation = 0
        while (candidate := new_id(key, source, record_id, generation)) in used:
            generation += 1
        used.add(candidate)
        minted.append(candidate)
    table = pa.table(
        {"cluster": pa.array([row[0] for row in fresh], pa.int64()), "person_id": pa.array(minted, pa.string())}
    )
    con.register("minted_arrow", table)
    con.execute("create or replace temp table minted as select * from minted_arrow")
    con.unregister("minted_arrow")


def _outcome(con: DuckDBPyConnection) -> None:
    """person_records and persons. Confidence: see the table's documentation in steps.py."""
    con.execute("""create or replace temp table given_ids as
        select cluster, person_id from heirs union all select cluster, person_id from minted;
    create or replace temp table best_links as
    with both_ends as (
        select record_key_l as record_key, match_weight, is_kept from pairs
            where provenance <> 'copy' or is_kept
        union all select record_key_r, match_weight, is_kept from pairs where provenance <> 'copy' or is_kept)
    select record_key, max(match_weight) filter (is_kept) as kept, max(match_weight)
        filter (not is_kept) as refused
    from both_ends group by 1;
    create or replace temp table person_records as
    select c.source, c.record_id, g.person_id,
           round(case when b.kept is not null then 1 / (1 + pow(2.0, -greatest(-60, least(60, b.kept))))
                      else 1 - 1 / (1 + pow(2.0, -greatest(-60, least(60, coalesce(b.refused, -60))))) end, 6)
               as confidence
    from cluster_records c join given_ids g using (cluster) left join best_links b using (record_key)
    order by 1, 2;
    create or replace temp table persons as
    select g.person_id, count(*) as records,
           case when count(*) > 1 then min(b.kept) end as weakest_weight,
           coalesce(min(p.since), (select day from run_day)) as since
    from cluster_records c join given_ids g using (cluster)
    left join best_links b using (record_key)
    left join previous_persons p on p.person_id = g.person_id
    group by 1 order by 1""")


def _changes(con: DuckDBPyConnection) -> None:
    con.execute("""create or replace temp table moves as
        select c.old_id, g.person_id as new_id, count(*) as records
        from cluster_records c join given_ids g using (cluster)
        where c.old_id is not null and c.old_id <> g.person_id group by all;
    create or replace temp table gone as
        select person_id from previous_persons where person_id not in (select person_id from persons);
    create or replace temp table changes as
    with main_heir as (
        select old_id, arg_max(new_id, (records, new_id)) as new_id from moves
        where old_id in (from gone) group by 1),
    events as (
        select 'created' as change, m.person_id, null::varchar as other_person_id, p.records,
               'new records' as cause, p.weakest_weight
        from minted m join persons p using (person_id) where m.person_id not in (select new_id from moves)
        union all
        select case when v.new_id = h.new_id then 'merged'
                    when v.new_id in (select person_id from minted) then 'split' else 'repointed' end,
               v.old_id, v.new_id, v.records,
               case when v.new_id = h.new_id then 'records of both are now linked'
                    when v.new_id in (select person_id from minted) then 'records no longer hold together'
                    else 'records fit another person better' end,
               p.weakest_weight
        from moves v left join main_heir h on h.old_id = v.old_id join persons p on p.person_id = v.new_id
        union all
        select 'retired', g.person_id, null, 0, 'no record is left', null
        from gone g where g.person_id not in (select old_id from moves))
    select as_of, change, person_id, other_person_id, records, cause, weakest_weight from previous_changes
    union all
    select day, change, person_id, other_person_id, records, cause, weakest_weight from events, run_day""")


def _redirects(con: DuckDBPyConnection) -> None:
    """Retired id -> living id; older redirects follow when their target retires."""
    con.execute("""create or replace temp table redirects as
    with fresh as (
        select old_id as person_id, arg_max(new_id, (records, new_id)) as to_person_id from moves
        where old_id in (from gone) group by 1)
    select p.person_id, coalesce(f.to_person_id, p.to_person_id) as to_person_id, p.since
    from previous_redirects p left join fresh f on f.person_id = p.to_person_id
    where coalesce(f.to_person_id, p.to_person_id) in (select person_id from persons)
    union all
    select person_id, to_person_id, day from fresh, run_day order by 1""")


def _numbers(con: DuckDBPyConnection) -> dict[str, int | float]:
    row = con.execute("""select (select count(*) from persons), (select count(*) from minted),
        (select coalesce(sum(records), 0)::bigint from moves),
        (select count(old_id) from cluster_records), (select coalesce(max(records), 0) from persons),
        (select count(*) from persons where records > 50)""").fetchall()[0]
    events = con.execute("""select change, count(*) from changes c, run_day where c.as_of = day
                            group by 1 order by 1""").fetchall()
    return {
        "persons": row[0],
        "new_ids": row[1],
        "records_with_changed_id": row[2],
        "churn_share": round(row[2] / row[3], 6) if row[3] else 0.0,
        "largest_person": row[4],
        "persons_over_50_records": row[5],
        **{f"changes_{change}": count for change, count in events},
    }
