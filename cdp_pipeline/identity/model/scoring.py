"""The model's weight of listed pairs, in one statement over the nodes where they are.

What belongs here: Splink's arithmetic for levels and term frequencies, as one SELECT. What does not:
the levels (comparisons.py), the training (model.py), and what overrules a weight (pairs.py). A level
with a term frequency asks for equality of that column, so one side's term is enough.

    weight = log2(prior / (1 - prior)) + sum over comparisons of log2(m / u) + log2(u / tf)

(u of the last term is that of plain equality of the value.)
Splink's own predict gives the same numbers (a test holds it to that), but joins every term
frequency to every node and keeps both sides of every column; here a term is looked up for the pairs
that met a level which asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.model.comparisons import term_base
from cdp_pipeline.identity.model.levels import Comparison
from cdp_pipeline.identity.model.levels_met import add_levels
from cdp_pipeline.identity.model.model import Model
from cdp_pipeline.project.quoting import literal

BITS = 6  # of a reason, for each comparison
UNKNOWN_TERM = 1e-6  # frequency of a value when the model knows none of its column


def score(
    con: DuckDBPyConnection, used: Model, picked: Sequence[Comparison], listed: pa.Table, nodes: str = "nodes"
) -> pa.Table:
    """l, r, weight, reason of the pairs `listed` (join_key_l, join_key_r: keys of `nodes`), in any order.

    The weight is computed with the prior `used.base`. `reason` is a number for the levels met; the
    words, their labels, are added to table `reasons` (reason, words), which must be there: few, while
    pairs are millions.
    """
    if not picked or not listed.num_rows:
        return con.sql("""select 0::bigint as l, 0::bigint as r, 0::double as weight, 0::bigint as reason
            where false""").to_arrow_table()
    con.register("listed_arrow", listed)
    con.register("every_term", used.terms)
    add_levels(con, picked, "listed_arrow", nodes)
    _terms(con, picked)
    found = _weights(con, used, picked)
    con.execute("drop table levels_met; drop table terms_met")
    con.unregister("listed_arrow")
    con.unregister("every_term")
    return found


def _terms(con: DuckDBPyConnection, picked: Sequence[Comparison]) -> None:
    """Table `terms_met`: column_name, value, tf of the terms that any pair asks for."""
    asked = [f"select term_{c.name} as value from levels_met" for c in picked if any(level.tf for level in c.levels)]
    con.execute(f"""create or replace temp table terms_met as
        select column_name, value, tf from every_term
        {f"semi join ({' union '.join(asked)}) using (value)" if asked else ""}""")


def _weights(con: DuckDBPyConnection, used: Model, picked: Sequence[Comparison]) -> pa.Table:
    weights = [repr(log2(used.base / (1 - used.base)))]
    joins: list[str] = []
    least = dict(con.execute("select column_name, min(tf) from every_term group by 1").fetchall())
    for c in picked:
        pairs = used.levels[c.name]
        said = " ".join(f"when {at} then {log2(m / u)!r}" for at, (m, u) in enumerate(pairs))
        weights.append(f"case level_{c.name} {said} else 0 end")
        for at, level in enumerate(c.levels):
            if not level.tf:
                continue
            other = least.get(level.tf, UNKNOWN_TERM)
            name = f"t{len(joins)}"
            joins.append(f"""left join (select value, tf from terms_met where column_name = '{level.tf}') {name}
                on {name}.value = case when level_{c.name} = {at} then term_{c.name} end""")
            known = f"coalesce({name}.tf, {other!r})"
            weights.append(
                f"case when level_{c.name} = {at} then log2({pairs[term_base(c, at)][1]!r} / {known}) else 0 end"
            )
    code = " + ".join(f"(coalesce(level_{c.name} + 1, 0)::bigint << {BITS * at})" for at, c in enumerate(picked))
    found = con.sql(f"""select l, r, {" + ".join(weights)} as weight, {code} as reason
        from levels_met {" ".join(joins)}""").to_arrow_table()
    _name(con, picked, found)
    return found


def _name(con: DuckDBPyConnection, picked: Sequence[Comparison], found: pa.Table) -> None:
    """Add the words of the reasons in `found` that have none yet."""
    words = []
    for place, c in enumerate(picked):
        labels = " ".join(f"when {at + 1} then {literal(level.label)}" for at, level in enumerate(c.levels))
        words.append(f"case (reason >> {BITS * place}) & {2**BITS - 1} {labels} end")
    con.register("found_arrow", found)
    con.execute(f"""insert into reasons select reason, concat_ws('; ', {", ".join(words)})
        from (select distinct reason from found_arrow) anti join reasons using (reason)""")
    con.unregister("found_arrow")
