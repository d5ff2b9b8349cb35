"""Only what is new: which nodes have to be solved again, and what is carried over for all others.

What belongs here: the region around tonight's changes, and joining its outcome to what was
published. What does not: scoring and solving (the same for a region and for everything).

A node is never altered: other content is another node. So tonight's changes are nodes that came
(`fresh`), nodes that went (`gone`), and hard evidence that came or went. The neighbourhoods they
touch (solve.py) are solved again from stored scores and the scores of the pairs with a fresh node;
nothing outside can turn out otherwise, since no pair, account or e-mail leads there.
"""

from __future__ import annotations

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.passes import Known
from cdp_pipeline.project.quoting import literals


def add_region(con: DuckDBPyConnection, known: Known, matching: Matching, shift: float) -> int:
    """Table `region` (record_key): the nodes that are solved again; returns how many.

    Needs `judged` with the pairs of fresh nodes, and the tables of hard_links.py.
    """
    con.execute(f"""create or replace temp table touched as
        select l as record_key from judged where is_same_email or weight + {shift} >= {matching.joining.candidate_weight}
        union select r from judged where is_same_email or weight + {shift} >= {matching.joining.candidate_weight}
        union from gone""")
    sure = f"""(select node_key_l as l, node_key_r as r, provenance, veto from {known.pairs}
        where match_weight in (40, -40))"""
    followed = f"select l, r, provenance from {sure} where provenance not in ('model', 'email_rule') and veto is null"
    for now, before in (
        ("select l, r, provenance from must_links", followed),
        ("select l, r, 'verdict' from cannot_links", f"select l, r, veto from {sure} where veto = 'verdict'"),
        (
            "select distinct l, r, 'account' from refused_accounts",
            f"select l, r, veto from {sure} where veto = 'account'",
        ),
    ):
        _touch(con, now, before)
    if matching.clean_sources:
        clean = literals(matching.clean_sources)
        old = f"select distinct node_key as l, node_key as r, source from {known.records} where source in ({clean})"
        _touch(con, "select record_key as l, record_key as r, source from clean_nodes", old)
    con.execute(f"""create or replace temp table region as
        with near as (
            select distinct neighbourhood from {known.clusters} c join touched t on t.record_key = c.node_key)
        select c.node_key as record_key from {known.clusters} c semi join near using (neighbourhood)
        anti join gone g on g.record_key = c.node_key
        union from fresh
        order by 1""")
    return int(con.execute("select count(*) from region").fetchall()[0][0])


def _touch(con: DuckDBPyConnection, now: str, before: str) -> None:
    """Both ends of every hard pair that is only in one of the two."""
    con.execute(f"""insert into touched
        with now as ({now}), before as ({before}),
        changed as ((from now except from before) union (from before except from now))
        select l from changed union select r from changed""")


def stored(con: DuckDBPyConnection, known: Known, shift: float) -> pa.Table:
    """l, r, weight, reason of the published pairs inside the region, as the scorer gave them; no inner ones."""
    con.execute(f"""create or replace temp table stored_pairs as
        select node_key_l as l, node_key_r as r, round(model_weight - {shift}, 6) as weight, reason as words
        from {known.pairs} p semi join region a on a.record_key = p.node_key_l
        semi join region b on b.record_key = p.node_key_r where model_weight is not null and not is_inner;
    create or replace temp table stored_reasons as
        select -row_number() over (order by words) as reason, words from (select distinct words from stored_pairs);
    insert into reasons from stored_reasons""")
    return con.sql("""select l, r, weight, reason from stored_pairs join stored_reasons using (words)
        order by 1, 2""").to_arrow_table()


def carry_over(con: DuckDBPyConnection, known: Known) -> None:
    """Tables `clusters` and `pairs` of all nodes, from `node_clusters` and `new_pairs` of the region."""
    con.execute(f"""create or replace temp table clusters as
        select node_key, cluster, neighbourhood from {known.clusters} c
        anti join region r on r.record_key = c.node_key anti join gone g on g.record_key = c.node_key
        union all select node_key, cluster, neighbourhood from node_clusters;
    create or replace temp table pairs as
        select p.* from {known.pairs} p
        where not (node_key_l in (from region) and node_key_r in (from region))
          and node_key_l not in (from gone) and node_key_r not in (from gone)
        union all by name from new_pairs""")
