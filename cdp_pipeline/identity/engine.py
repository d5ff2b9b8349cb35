"""The identity engine: records in, persons out. One function for the nightly run and `cdp resolve`.

What belongs here: the order of the steps. What does not: any step. Everything happens in temp
tables of the connection that is passed in; nothing is read or written elsewhere.

Records of equal content are one node (guard.py); from blocking to clusters everything counts in
nodes, in the order of their keys, so that neither record ids nor the order of rows decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity import incremental, passes
from cdp_pipeline.identity.candidates import blocking, effects, guard
from cdp_pipeline.identity.clusters import hard_links, pairs, solve
from cdp_pipeline.identity.clusters.cluster import Ints
from cdp_pipeline.identity.ids import ids
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model import evidence, model, saved_model, scoring, vetoes
from cdp_pipeline.identity.model.model import Model
from cdp_pipeline.identity.normalise import normalise
from cdp_pipeline.identity.normalise.normalise import Inputs
from cdp_pipeline.identity.passes import Known, Plan
from cdp_pipeline.ledgers import verdicts

Numbers = dict[str, int | float | str]
PRIOR_ROUNDS = 3
PRIOR_MOVES = 0.1  # bits


@dataclass(frozen=True)
class Resolution:
    """What `resolve` left in the connection, and how it went.

    Temp tables: records, blocked_identifiers, clusters, pairs, model_weights, verdicts, guards, passes,
    person_records, persons, changes, redirects (columns as in tables.py).
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
    known: Known | None = None,
) -> Resolution:
    """Run the whole engine over `inputs`; ids are inherited from `previous`.

    With the tables of an earlier state in `known`, only what is new is scored.
    """
    known = replace(known or Known(), as_of=as_of)
    numbers = prepare(con, inputs, matching, key, country, known.stated)
    used, linked = link(con, inputs, matching, saved, known)
    given = ids.assign(con, previous, key, as_of)
    return Resolution(used, {**numbers, **linked, **given})


def prepare(
    con: DuckDBPyConnection, inputs: Inputs, matching: Matching, key: bytes, country: str, stated: str = verdicts.NONE
) -> Numbers:
    """Tables `records` and `blocked_identifiers`."""
    rows = normalise.normalise(con, inputs, matching, country, key)
    blocked = guard.guard(con, matching, key)
    nodes = guard.collapse(con, inputs.extra, key) + hard_links.separate(con, matching, stated)
    return {"records": rows, "distinct_records": nodes, "blocked_identifiers": blocked}


def link(
    con: DuckDBPyConnection, inputs: Inputs, matching: Matching, saved: Model | None, known: Known | None = None
) -> tuple[Model, Numbers]:
    """Tables `clusters`, `pairs`, `model_weights`, `verdicts`, `guards` and `passes` from `records`.

    Returns the model used, new or saved.
    """
    known = known or Known()
    con.execute("""create or replace temp table reasons (reason bigint, words varchar);
        create or replace temp table firsts as
            select min(record_key) as first_key, node_key from records group by node_key;
        create or replace temp view node_rows as
            select r.node_key as record_key, r.* exclude (record_key, source, record_id, updated_at, node_key)
            from records r join firsts f on f.first_key = r.record_key""")
    hard = hard_links.find(con, inputs, matching, known.stated)
    decided = passes.plan(con, matching, inputs.extra, saved, known)
    run = _full if decided.is_full else _incremental
    used, numbers = run(con, inputs, matching, decided, known)
    passes.add_pass(con, known, decided, used, int(numbers["pairs_scored"]))
    evidence.write_weights(con, used, saved_model.picked(used, inputs.extra))
    numbers = {**numbers, **{f"hard_{name}": count for name, count in hard.items()}, **evidence.counted(con)}
    effects.add_guards(con, matching, numbers)
    con.execute("drop table judged; drop table settled; drop table candidates")
    return used, {
        **numbers,
        "pass": "full" if decided.is_full else "incremental",
        "why": decided.why,
        "model": "reused" if decided.model else "trained" if used.is_trained else "shipped weights (too few records)",
        "model_version": used.version,
        "training_sessions": used.sessions,
        "compared": ", ".join(used.compared),
        "chance_two_records_match": used.prior,
    }


def _full(
    con: DuckDBPyConnection, inputs: Inputs, matching: Matching, decided: Plan, known: Known
) -> tuple[Model, Numbers]:
    con.execute("create or replace temp table nodes as from node_rows")
    used = decided.model or model.train(con, matching, decided.present, inputs.extra)
    blocking.add_blocks(con, matching)
    sizes = used.limits or blocking.limits(con, matching, decided.present)
    counts = blocking.candidates(con, matching, sizes)
    con.execute("drop table blocks")
    scored = _scorer(con, used, inputs.extra)
    if not decided.model and used.is_trained:
        sizes, counts = _without_idle_lines(con, matching, sizes, counts, scored)
    listed = con.sql("select join_key_l, join_key_r from candidates").to_arrow_table()
    pairs.add_known_names(con, used)
    if decided.model:
        matching = used.fitted(matching)
    solve.judge(con, scored(listed), matching, "judged")
    keys = _keys(con, "nodes")
    wanted = saved_model.stamp_of(matching, decided.present, inputs.extra)
    if not decided.model:
        used = pairs.with_prior(con, replace(used, vetoes=vetoes.needed(con, matching, len(keys))))
        matching = used.fitted(matching)
    used, numbers = _solved(con, used, keys, matching, scored, 0 if decided.model else PRIOR_ROUNDS)
    if not decided.model:
        used = saved_model.versioned(used, wanted, sizes, known.asked)
    evidence.write_pairs(con, model.shift(used), "pairs")
    con.execute("create or replace temp table clusters as select node_key, cluster, neighbourhood from node_clusters")
    inner = con.execute("select count(*) from judged where is_inner").fetchall()[0][0]
    if decided.model:
        used = saved_model.pruned(con, used, "nodes")
    return used, {**counts, **numbers, "pairs_scored": listed.num_rows + int(inner)}


def _without_idle_lines(
    con: DuckDBPyConnection, matching: Matching, sizes: dict[str, int], counts: dict[str, int], scored: solve.Scored
) -> tuple[dict[str, int], dict[str, int]]:
    """Block sizes and counts without the lines that find next to nobody in these data."""
    sample = blocking.new_pairs(con, matching)
    con.register("sample_arrow", sample)
    con.register("scored_arrow", scored(sample.select(["join_key_l", "join_key_r"])))
    found = con.execute("""select line, count(*), count(*) filter (weight > 0) from sample_arrow
        join scored_arrow on l = join_key_l and r = join_key_r group by line""").fetchall()
    con.unregister("sample_arrow")
    con.unregister("scored_arrow")
    kept = blocking.drop_idle(con, matching, sizes, {line: (listed, alike) for line, listed, alike in found})
    idle = sum(kept[line] != size for line, size in sizes.items())
    pairs_left = int(con.execute("select count(*) from candidates").fetchall()[0][0])
    return kept, {**counts, "blocking_lines_idle": idle, "pairs_compared": pairs_left}


def _solved(
    con: DuckDBPyConnection, used: Model, keys: Ints, matching: Matching, scored: solve.Scored, rounds: int
) -> tuple[Model, dict[str, int]]:
    """Solve all; for a new model again with the prior of what it joined, while that moves weights by more than a little."""
    numbers = solve.solve(con, keys, matching, model.shift(used), scored)
    for _ in range(rounds):
        found = pairs.with_prior_of_clusters(con, used)
        if model.shift(found) - model.shift(used) < PRIOR_MOVES:
            break
        used = found
        con.execute("delete from judged where is_inner")  # with another prior other groups are looked into
        numbers = solve.solve(con, keys, matching, model.shift(used), scored)
    return used, numbers


def _incremental(
    con: DuckDBPyConnection, inputs: Inputs, matching: Matching, decided: Plan, known: Known
) -> tuple[Model, Numbers]:
    used = decided.model
    assert used is not None
    shift = model.shift(used)
    matching = used.fitted(matching)
    pairs.add_known_names(con, used)
    blocking.add_blocks(con, matching, "node_rows")
    counts = blocking.candidates(con, matching, used.limits, "fresh", "node_rows")
    con.execute("""drop table blocks;
        create or replace temp table asked_nodes as
            select join_key_l as record_key from candidates union select join_key_r from candidates union from fresh;
        create or replace temp table nodes as from node_rows semi join asked_nodes using (record_key)""")
    scored = _scorer(con, used, inputs.extra)
    fresh_pairs = scored(con.sql("select join_key_l, join_key_r from candidates").to_arrow_table())
    solve.judge(con, fresh_pairs, matching, "judged")
    solved = incremental.add_region(con, known, matching, shift)
    con.execute("""insert into nodes by name from node_rows semi join
        (from region anti join asked_nodes using (record_key)) using (record_key)""")
    solve.judge(con, incremental.stored(con, known, shift), matching, "judged_before")
    con.execute("insert into judged by name from judged_before; drop table judged_before")
    before = con.execute("select count(*) from judged").fetchall()[0][0]
    keys = _keys(con, "region")
    numbers = solve.solve(con, keys, matching, shift, scored)
    evidence.write_pairs(con, shift, "new_pairs")
    incremental.carry_over(con, known)
    after = con.execute("select count(*) from judged").fetchall()[0][0]
    extra = {"nodes_solved": solved, "pairs_scored": fresh_pairs.num_rows + int(after - before)}
    if con.execute("select exists(from gone)").fetchall()[0][0]:
        used = saved_model.forgetting(con, used, str(known.records), "node_rows")
    return used, {**counts, **numbers, **extra}


def _keys(con: DuckDBPyConnection, table: str) -> Ints:
    found = con.execute(f"select record_key from {table} order by 1").fetchnumpy()["record_key"]
    return np.asarray(found, dtype=np.int64)


def _scorer(con: DuckDBPyConnection, used: Model, extra: tuple[str, ...]) -> solve.Scored:
    """A function that scores pairs of table `nodes`."""
    picked = saved_model.picked(used, extra)
    return lambda listed: scoring.score(con, used, picked, listed)
