"""The identity engine: records in, persons out. One function for the nightly run and `cdp resolve`.

What belongs here: the order of the steps. What does not: any step. Everything happens in temp
tables of the connection that is passed in; nothing is read or written elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity import blocking, cluster, guard, ids, model, normalise, pairs, saved_model
from cdp_pipeline.identity.comparisons import Comparison
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import Model
from cdp_pipeline.identity.normalise import Inputs

Numbers = dict[str, int | float | str]
Picked = tuple[Comparison, ...]
LEAST_SHOWN = -6.0  # refused pairs below this weight are not written to `pairs`
MUST_WEIGHT = 40.0
WORDS = {
    "login": "same account id",
    "merge": "merged in the source",
    "account": "one account, says the source",
    "conversion": "lead that became a contact",
    "copy": "exact copy",
}


@dataclass(frozen=True)
class Resolution:
    """What `resolve` left in the connection, and how it went.

    Temp tables: records, blocked_identifiers, pairs, model_weights, person_records, persons,
    changes, redirects (columns as in steps.py).
    """

    model: Model
    numbers: Numbers


def resolve(
    con: DuckDBPyConnection,
    inputs: Inputs,
    matching: Matching,
    previous: ids.Previous,
    saved: Model | None,
    key: bytes,
    as_of: date,
    country: str,
) -> Resolution:
    """Run the whole engine over `inputs`; ids are inherited from `previous`."""
    numbers = prepare(con, inputs, matching, key, country)
    trained, linked = link(con, inputs, matching, saved)
    given = ids.assign(con, previous, key, as_of)
    return Resolution(trained, {**numbers, **linked, **given})


def prepare(con: DuckDBPyConnection, inputs: Inputs, matching: Matching, key: bytes, country: str) -> Numbers:
    """Tables `records` and `blocked_identifiers`."""
    rows = normalise.normalise(con, inputs, matching, country)
    blocked = guard.guard(con, matching, key)
    distinct = guard.collapse(con, inputs.extra)
    return {"records": rows, "distinct_records": distinct, "blocked_identifiers": blocked}


def link(con: DuckDBPyConnection, inputs: Inputs, matching: Matching, saved: Model | None) -> tuple[Model, Numbers]:
    """Tables `pairs` and `model_weights` from `records`; the model used, new or saved."""
    must = guard.must_links(con, inputs, matching)
    con.execute("""create or replace temp table nodes as
        select * from records where record_key = node_key order by record_key""")
    nodes = con.sql("select * exclude (source, record_id, updated_at, node_key) from nodes").to_arrow_table()
    present = blocking.present_columns(con, inputs.extra, matching.training.smallest)
    is_reused = saved_model.is_usable(saved, model.stamp(matching, present, inputs.extra), nodes.num_rows, matching)
    used = saved if is_reused and saved else model.train(nodes, matching, present, inputs.extra)
    picked = model.chosen(matching, present, inputs.extra)
    counts = blocking.candidates(con, matching, present)
    _judge_all(con, nodes, used, picked, matching)
    if not is_reused:
        used = pairs.with_prior(con, used)
    _cluster(con, nodes, used, picked, matching)
    _write_pairs(con)
    _write_weights(con, used, picked)
    found = con.execute("""select count(*), count(*) filter (is_kept), count(*) filter (reason like 'veto%'),
        count(*) filter (provenance = 'email_rule' and is_kept) from pairs""").fetchall()[0]
    return saved_model.pruned(used, nodes), {
        **counts,
        "pairs_listed": found[0],
        "pairs_kept": found[1],
        "pairs_vetoed": found[2],
        "pairs_joined_by_email_rule": found[3],
        "must_links": must,
        "model": "reused" if is_reused else "trained" if used.is_trained else "shipped weights (too few records)",
        "training_sessions": used.sessions,
        "compared": ", ".join(used.compared),
        "chance_two_records_match": used.prior,
    }


def _judge_all(con: DuckDBPyConnection, nodes: pa.Table, used: Model, picked: Picked, matching: Matching) -> None:
    listed = con.sql("select join_key_l, join_key_r from candidates order by 1, 2").to_arrow_table()
    pairs.judge(con, _scored(con, nodes, used, picked, listed), matching, "judged")


def _scored(con: DuckDBPyConnection, nodes: pa.Table, used: Model, picked: Picked, listed: pa.Table) -> pa.Table:
    if picked and listed.num_rows:
        return pairs.score(pairs.open_scorer(nodes, used, picked), listed)
    return con.sql("""select 0::bigint as l, 0::bigint as r, 0::double as weight, '' as reason
                          where false""").to_arrow_table()


def _cluster(con: DuckDBPyConnection, nodes: pa.Table, used: Model, picked: Picked, matching: Matching) -> None:
    """Table `node_clusters(record_key, cluster)`, and `settled` with the inner pairs added."""
    keys = nodes["record_key"].to_numpy().astype(np.int64)
    joining = matching.joining
    pairs.settle(con, matching, model.shift(used), "judged", "settled")
    group = _must_groups(con, keys)
    edges = _edges(con, keys)
    outer = cluster.contract(edges, group, pairs.VETO_WEIGHT)
    labels = cluster.limited_components(len(keys), outer, joining.candidate_weight, joining.largest_group)[group]
    a, b = cluster.missing_inner_pairs(labels, edges)
    apart = group[a] != group[b]
    if apart.any():
        listed = pa.table({"join_key_l": keys[a[apart]], "join_key_r": keys[b[apart]]})
        pairs.judge(con, _scored(con, nodes, used, picked, listed), matching, "judged_inner")
        con.execute("insert into judged select * from judged_inner")
        pairs.settle(con, matching, model.shift(used), "judged", "settled")
        edges = _edges(con, keys)
    outer = cluster.contract(edges, group, pairs.VETO_WEIGHT)
    is_lead = group == np.arange(len(keys))
    dense = np.cumsum(is_lead) - 1
    inner = cluster.Edges(dense[outer.a], dense[outer.b], outer.weight)
    final = cluster.average_linkage(_dense_labels(labels[is_lead], dense), inner, joining.cut)
    leads = np.flatnonzero(is_lead)
    con.register("clusters_arrow", pa.table({"record_key": keys, "cluster": keys[leads[final[dense[group]]]]}))
    con.execute("create or replace temp table node_clusters as select * from clusters_arrow")
    con.unregister("clusters_arrow")


def _dense_labels(labels: cluster.Ints, dense: cluster.Ints) -> cluster.Ints:
    """Component labels of the lead nodes, in dense lead numbers (every label is a lead)."""
    return dense[labels]


def _must_groups(con: DuckDBPyConnection, keys: cluster.Ints) -> cluster.Ints:
    rows = con.execute("""select distinct a.node_key as l, b.node_key as r from must_links m
        join records a on a.record_key = m.record_key_l join records b on b.record_key = m.record_key_r
        where a.node_key <> b.node_key order by 1, 2""").fetchnumpy()
    left = np.searchsorted(keys, np.asarray(rows["l"], dtype=np.int64))
    right = np.searchsorted(keys, np.asarray(rows["r"], dtype=np.int64))
    return cluster.components(len(keys), left, right)


def _edges(con: DuckDBPyConnection, keys: cluster.Ints) -> cluster.Edges:
    rows = con.execute("select l, r, weight from settled order by 1, 2").fetchnumpy()
    return cluster.Edges(
        np.searchsorted(keys, np.asarray(rows["l"], dtype=np.int64)),
        np.searchsorted(keys, np.asarray(rows["r"], dtype=np.int64)),
        np.asarray(rows["weight"], dtype=np.float64),
    )


def _write_pairs(con: DuckDBPyConnection) -> None:
    words = " ".join(f"when '{name}' then '{said}'" for name, said in WORDS.items())
    con.execute(f"""create or replace temp table pairs as
    with sure as (
        select record_key_l, record_key_r, {MUST_WEIGHT}::double as match_weight, provenance, true as is_kept,
               case provenance {words} end as reason
        from must_links
        union all
        select f.l, f.r, {pairs.VETO_WEIGHT}::double, 'login', a.cluster = b.cluster,
               'veto: same account id, but birth dates and names differ'
        from (select distinct l, r from refused_accounts) f
        join node_clusters a on a.record_key = f.l join node_clusters b on b.record_key = f.r
        anti join must_links m on m.record_key_l = f.l and m.record_key_r = f.r),
    scored as (
        select s.l as record_key_l, s.r as record_key_r, s.weight as match_weight, s.provenance,
               a.cluster = b.cluster as is_kept, s.reason, s.is_vetoed
        from settled s join node_clusters a on a.record_key = s.l join node_clusters b on b.record_key = s.r
        anti join sure m on m.record_key_l = s.l and m.record_key_r = s.r)
    select * from sure
    union all
    select * exclude (is_vetoed) from scored where is_kept or (match_weight >= {LEAST_SHOWN} or is_vetoed)
    order by 1, 2""")


def _write_weights(con: DuckDBPyConnection, used: Model, picked: Picked) -> None:
    rows = [
        (c.name, len(c.levels) - 1 - at, level.label, *used.levels[c.name][at])
        for c in picked
        for at, level in enumerate(c.levels)
    ]
    names = ("comparison", "level", "label", "m", "u")
    types = (pa.string(), pa.int64(), pa.string(), pa.float64(), pa.float64())
    table = pa.table({names[at]: pa.array([row[at] for row in rows], types[at]) for at in range(len(names))})
    con.register("weights_arrow", table)
    con.execute("""create or replace temp table model_weights as
        select *, round(log2(m / u), 6) as match_weight from weights_arrow order by comparison, level desc""")
    con.unregister("weights_arrow")
