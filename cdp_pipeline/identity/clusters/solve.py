"""From judged pairs to clusters of nodes.

What belongs here: the order hard evidence, components, inner pairs, average linkage. What does not:
the graph work itself (cluster.py) and which nodes are solved again (incremental.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.clusters import cluster, groups, pairs
from cdp_pipeline.identity.clusters.cluster import Floats, Ints
from cdp_pipeline.identity.matching import Matching

ALL = -1e9  # a weight below any
Scored = Callable[[pa.Table], pa.Table]  # join_key_l, join_key_r -> l, r, weight, reason


def judge(con: DuckDBPyConnection, scored: pa.Table, matching: Matching, into: str, is_inner: bool = False) -> None:
    """pairs.judge, the vetoes of verdicts and clean sources on top, and whether no blocking line lists the pair.

    Inner pairs are all kept; a listed one that is left out as strangers is one of them where its ends meet.
    """
    pairs.judge(con, scored, matching, into, ALL if is_inner else pairs.UNHEARD_WEIGHT)
    con.execute(f"alter table {into} add column is_inner boolean default {is_inner}")
    some = con.execute("select exists(from cannot_links), exists(from clean_nodes)").fetchall()[0]
    if some[0]:
        con.execute(f"""update {into} as j set veto = 'verdict' from cannot_links c where c.l = j.l and c.r = j.r""")
    if some[1]:
        con.execute(f"""update {into} as j set veto = 'clean_source'
            from (select distinct p.l, p.r from {into} p join clean_nodes a on a.record_key = p.l
                  join clean_nodes b on b.record_key = p.r and b.source = a.source) c
            where c.l = j.l and c.r = j.r and j.veto is distinct from 'verdict'""")


def solve(con: DuckDBPyConnection, keys: Ints, matching: Matching, shift: float, scored: Scored) -> dict[str, int]:
    """Solve the sorted node keys `keys` over the pairs of table `judged` whose ends are both among them.

    Makes `node_clusters` (node_key, cluster, component, neighbourhood: each the smallest node key of its
    set) and `settled`; adds the inner pairs to `judged`. A component is what is scored inside. A
    neighbourhood holds every node whose pairs may bear on one another: linked by a pair that may join,
    by hard evidence, or by an e-mail.
    """
    joining = matching.joining
    pairs.settle(con, matching, shift, "judged", "settled")
    group = groups.contract(con, keys)
    edges = _edges(con, keys)
    outer = cluster.contract(edges, group, pairs.VETO_WEIGHT)
    whole = cluster.limited_components(len(keys), outer, joining.candidate_weight, len(keys))[group]
    labels = cluster.limited_components(len(keys), outer, joining.candidate_weight, joining.largest_group)[group]
    a, b = cluster.missing_inner_pairs(labels, edges)
    apart = group[a] != group[b]
    if apart.any():
        listed = pa.table({"join_key_l": keys[a[apart]], "join_key_r": keys[b[apart]]})
        judge(con, scored(listed), matching, "judged_inner", is_inner=True)
        con.execute("insert into judged by name from judged_inner; drop table judged_inner")
        pairs.settle(con, matching, shift, "judged", "settled")
        edges = _edges(con, keys)
        outer = cluster.contract(edges, group, pairs.VETO_WEIGHT)
    is_lead = group == np.arange(len(keys))
    dense = np.cumsum(is_lead) - 1
    inner = cluster.Edges(dense[outer.a], dense[outer.b], outer.weight)
    final = cluster.average_linkage(dense[labels[is_lead]], inner, joining.cut)
    leads = np.flatnonzero(is_lead)
    found = leads[final[dense[group]]]
    near = _neighbourhoods(con, keys, whole)
    table = pa.table({"node_key": keys, "cluster": keys[found], "component": keys[labels], "neighbourhood": keys[near]})
    con.register("clusters_arrow", table)
    con.execute("create or replace temp table node_clusters as from clusters_arrow")
    con.unregister("clusters_arrow")
    return _counted(whole, labels, found)


def _edges(con: DuckDBPyConnection, keys: Ints) -> cluster.Edges:
    """Settled pairs among `keys` by place; minus infinity where nothing may ever join."""
    a, b, rows = _places(
        con, keys, "select l, r, case when is_never then '-inf' else weight end as weight from settled"
    )
    order = np.lexsort((b, a))
    a, b, weight = a[order], b[order], np.asarray(rows["weight"], dtype=np.float64)[order]
    return cluster.Edges(a, b, weight)


def _places(con: DuckDBPyConnection, keys: Ints, sql: str) -> tuple[Ints, Ints, dict[str, Floats]]:
    """Ends of the pairs of `sql` as places in `keys`; pairs with an end elsewhere are left out."""
    rows = con.execute(sql).fetchnumpy()
    left, right = (np.asarray(rows[name], dtype=np.int64) for name in ("l", "r"))
    if not len(keys):
        return left[:0], right[:0], {name: np.asarray(values)[:0] for name, values in rows.items()}
    a, b = (np.minimum(np.searchsorted(keys, side), len(keys) - 1) for side in (left, right))
    here = (keys[a] == left) & (keys[b] == right)
    return a[here], b[here], {name: np.asarray(values)[here] for name, values in rows.items()}


def _neighbourhoods(con: DuckDBPyConnection, keys: Ints, whole: Ints) -> Ints:
    sql = """select l, r from judged where is_same_email
        union all select l, r from must_links union all select l, r from cannot_links"""
    a, b, _ = _places(con, keys, sql)
    nodes = np.arange(len(keys), dtype=np.int64)
    return cluster.components(len(keys), np.r_[a, nodes], np.r_[b, whole])


def _counted(whole: Ints, labels: Ints, final: Ints) -> dict[str, int]:
    """What the linkage did to the components (sizes in nodes)."""

    def parts(outer: Ints, inner: Ints) -> tuple[int, int]:
        """Components of `outer` that `inner` takes apart, and the pieces of them."""
        pieces = np.zeros(len(outer) + 1, dtype=np.int64)
        firsts = np.unique(inner, return_index=True)[1]
        np.add.at(pieces, outer[firsts], 1)
        return int((pieces > 1).sum()), int(pieces[pieces > 1].sum())

    cut, cut_into = parts(whole, labels)
    split, split_into = parts(labels, final)
    sizes = np.bincount(whole, minlength=1)
    return {
        "components": int((sizes > 1).sum()),
        "components_cut_by_size": cut,
        "components_cut_into": cut_into,
        "components_split": split,
        "components_split_into": split_into,
    }
