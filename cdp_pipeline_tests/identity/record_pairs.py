"""What the engine makes of invented records two by two: the level each comparison meets, and the judgement."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from cdp_pipeline.identity.clusters import pairs
from cdp_pipeline.identity.model import comparisons, model, saved_model, scoring
from cdp_pipeline.identity.normalise.normalise import Inputs, normalise
from cdp_pipeline_tests.identity import people as invented

Pair = tuple[invented.Row, invented.Row]


def compared(cases: Sequence[Pair], extra: Sequence[invented.Row] = ()) -> duckdb.DuckDBPyConnection:
    """Tables nodes and asked (case, join_key_l, join_key_r) of `cases`, beside nodes of `extra` records."""
    rows = [{**row, "record_id": f"{at}-{side}"} for at, case in enumerate(cases) for side, row in enumerate(case)]
    con = invented.con_with([*rows, *({**row, "record_id": f"extra {at}"} for at, row in enumerate(extra))])
    normalise(con, Inputs(), invented.MATCHING, "NL", invented.KEY)
    con.execute("""create temp table nodes as select * exclude (source, record_id, updated_at) from records;
        create temp table reasons (reason bigint, words varchar);
        create temp table asked as
            select split_part(a.record_id, '-', 1)::int as "case", a.record_key as join_key_l, b.record_key as join_key_r
            from records a join records b on split_part(a.record_id, '-', 1) = split_part(b.record_id, '-', 1)
            where a.record_id like '%-0' and b.record_id like '%-1'""")
    return con


def labels(cases: Sequence[Pair]) -> list[dict[str, str]]:
    """For each case, comparison -> label of the level met; a comparison that cannot be made is left out."""
    con = compared(cases)
    picked = tuple(comparisons.ALL.values())
    used = model.train(con, invented.MATCHING, frozenset(name for c in picked for name in c.needs), ())
    con.register("scored", scoring.score(con, used, picked, con.sql("from asked").to_arrow_table()))
    words = con.execute("""select words from scored s join asked a on a.join_key_l = s.l and a.join_key_r = s.r
        join reasons using (reason) order by "case" """).fetchall()
    owner = {level.label: c.name for c in picked for level in c.levels}
    return [{owner[label]: label for label in row[0].split("; ") if label} for row in words]


def judged(cases: Sequence[Pair], extra: Sequence[invented.Row] = ()) -> list[dict[str, object]]:
    """The row of table `judged` of each case, by the shipped weights."""
    con = compared(cases, extra)
    picked = tuple(comparisons.ALL.values())
    used = model.train(con, invented.MATCHING, frozenset(name for c in picked for name in c.needs), ())
    pairs.add_known_names(con, used)
    scored: pa.Table = scoring.score(con, used, saved_model.picked(used, ()), con.sql("from asked").to_arrow_table())
    pairs.judge(con, scored, invented.MATCHING, "judged", -1e9)
    return (
        con.sql(
            """select j.* from judged j join asked a on a.join_key_l = j.l and a.join_key_r = j.r order by "case" """
        )
        .to_arrow_table()
        .to_pylist()
    )
