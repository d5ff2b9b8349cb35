"""Whether tonight everything is solved again, or only what is new; and the account of it.

What belongs here: the decision, the row of identity.passes, and how far two assignments differ.
What does not: either kind of pass (engine.py, incremental.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.candidates import blocking
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import saved_model
from cdp_pipeline.identity.model.model import Model
from cdp_pipeline.ledgers import verdicts

MANY_NEW = 0.3  # share of new nodes from which solving everything is the cheaper way


@dataclass(frozen=True)
class Known:
    """What a pass knows beside the records. Relations are names of tables or views; None: there is none.

    `basis` tells the code and settings apart, `asked` is how many trainings were ever asked for.
    """

    as_of: date = date(1970, 1, 1)
    basis: str = ""
    asked: int = 0
    stated: str = verdicts.NONE
    clusters: str | None = None  # node_key, cluster, neighbourhood
    pairs: str | None = None
    records: str | None = None  # all of identity.records
    passes: str | None = None


@dataclass(frozen=True)
class Plan:
    is_full: bool
    why: str
    present: frozenset[str]  # columns with something to compare; only what is needed when not full
    model: Model | None  # the saved model, when it still fits


def plan(
    con: DuckDBPyConnection, matching: Matching, extra: tuple[str, ...], saved: Model | None, known: Known
) -> Plan:
    """Decide; makes `fresh` (record_key) and `gone` (record_key): nodes that came and went.

    Needs `firsts` and `node_rows` (see engine.py).
    """
    before = f"from {known.clusters}" if known.clusters else "select 0::bigint as node_key where false"
    con.execute(f"""create or replace temp table before_nodes as select node_key as record_key from ({before});
        create or replace temp table fresh as
            select node_key as record_key from firsts anti join before_nodes b on b.record_key = firsts.node_key;
        create or replace temp table gone as
            from before_nodes anti join firsts f on f.node_key = before_nodes.record_key""")
    nodes, fresh, old = con.execute(
        "select (select count(*) from firsts), (select count(*) from fresh), (select count(*) from before_nodes)"
    ).fetchall()[0]
    con.execute("drop table before_nodes")
    why = _why_full(con, matching, saved, known, nodes, fresh, old)
    if not why and saved and fresh:
        seen = blocking.present_columns(con, extra, nodes, "(from node_rows semi join fresh using (record_key))")
        if not saved_model.covers(saved, matching, seen, extra):
            why = "new records bring a field that was not compared before"
    if not why and saved:
        return Plan(False, f"{fresh} of {nodes} nodes are new", frozenset(), saved)
    present = blocking.present_columns(con, extra, matching.training.smallest, "node_rows")
    fits = saved_model.is_usable(saved, saved_model.stamp_of(matching, present, extra), nodes, matching, known.asked)
    return Plan(True, why, present, saved if fits else None)


def _why_full(
    con: DuckDBPyConnection, matching: Matching, saved: Model | None, known: Known, nodes: int, fresh: int, old: int
) -> str:
    if not (known.clusters and known.pairs and known.passes) or not old:
        return "nothing was solved before"
    if saved is None:
        return "there is no saved model"
    last = con.execute(f"""select basis, model_version, full_as_of from {known.passes}
        order by as_of desc limit 1""").fetchall()
    if not last or last[0][0] != known.basis:
        return "code or matching.yml differs"
    if last[0][1] != saved.version:
        return "the saved model is not the one of the last pass"
    if known.asked > saved.trainings:
        return "training was asked for"
    if not saved_model.fits_size(saved, nodes, matching):
        return "the number of records has grown or shrunk too much for the model"
    days = (known.as_of - last[0][2]).days
    if not 0 <= days < matching.full_pass_days:
        return f"the last full pass was {days} days ago"
    if fresh > MANY_NEW * nodes:
        return f"{fresh} of {nodes} nodes are new"
    return ""


def against_before(con: DuckDBPyConnection, known: Known) -> float | None:
    """Pairwise F1 between `clusters` and the published clusters, over the records in both; None without any."""
    if not (known.clusters and known.records):
        return None
    row = con.execute(f"""
        with cells as (
            select b.cluster as old, c.cluster as new, count(*) as n from records r
            join {known.records} p using (record_key)
            join {known.clusters} b on b.node_key = p.node_key join clusters c on c.node_key = r.node_key
            group by all),
        olds as (select sum(n)::bigint as n from cells group by old),
        news as (select sum(n)::bigint as n from cells group by new)
        select (select sum(n * (n - 1) // 2)::double from cells), (select sum(n * (n - 1) // 2)::double from olds),
               (select sum(n * (n - 1) // 2)::double from news)""").fetchall()[0]
    if row[1] is None:
        return None
    return round(2 * row[0] / (row[1] + row[2]), 6) if row[1] + row[2] else 1.0


def add_pass(con: DuckDBPyConnection, known: Known, decided: Plan, used: Model, scored: int) -> None:
    """Table `passes`: those before, without a row of the same day, and this one."""
    before = f"select * from {known.passes} where as_of <> $as_of union all by name" if known.passes else ""
    full = known.as_of
    if not decided.is_full and known.passes:
        full = con.execute(f"select full_as_of from {known.passes} order by as_of desc limit 1").fetchall()[0][0]
    con.execute(
        f"""create or replace temp table passes as {before}
        select $as_of::date as as_of, $kind as kind, $why as why, (select count(*) from records)::bigint as records,
               (select count(*) from firsts)::bigint as nodes, (select count(*) from fresh)::bigint as new_nodes,
               $scored::bigint as pairs_scored, (select count(*) from pairs)::bigint as pairs,
               $version as model_version, $basis as basis, $full::date as full_as_of,
               $f1::double as f1_against_incremental
        order by as_of""",
        {
            "as_of": known.as_of,
            "kind": "full" if decided.is_full else "incremental",
            "why": decided.why,
            "scored": scored,
            "version": used.version,
            "basis": known.basis,
            "full": full,
            "f1": against_before(con, known) if decided.is_full else None,
        },
    )
