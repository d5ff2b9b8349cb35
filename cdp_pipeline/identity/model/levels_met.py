"""Which level of every comparison a pair of nodes meets.

What belongs here: the one SELECT over both sides of a pair, for training and for scoring alike. What
does not: the levels (comparisons.py), and what a level weighs (expectation.py, scoring.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.model.levels import Comparison


def add_levels(con: DuckDBPyConnection, picked: Sequence[Comparison], listed: str, nodes: str) -> None:
    """Table `levels_met`: l, r, and for each comparison the place of its level (null: not comparable) and its term.

    For the pairs of relation `listed` (join_key_l, join_key_r).
    """
    columns = [row[0] for row in con.execute(f"describe {nodes}").fetchall()]
    asked = " ".join(" ".join([c.null, *(f"{level.sql} {level.tf}_l" for level in c.levels)]) for c in picked)
    both = ", ".join(
        f'a."{c}" as "{c}_l", b."{c}" as "{c}_r"' for c in columns if f"{c}_" in asked and c != "record_key"
    )
    levels, terms = [], []
    for c in picked:
        cases = " ".join(
            f"else {at}::utinyint" if level.sql == "else" else f"when {level.sql} then {at}::utinyint"
            for at, level in enumerate(c.levels)
        )
        levels.append(f"case when {c.null} then null {cases} end as level_{c.name}")
        if any(level.tf for level in c.levels):
            said = " ".join(f'when {at} then "{level.tf}_l"' for at, level in enumerate(c.levels) if level.tf)
            terms.append(f"case level_{c.name} {said} end as term_{c.name}")
    con.execute(f"""create or replace temp table levels_met as
        select l, r, {", ".join(f"level_{c.name}" for c in picked)} {"".join(f", {term}" for term in terms)}
        from (select *, {", ".join(levels)}
              from (select a.record_key as l, b.record_key as r, {both} from {listed} s
                    join {nodes} a on a.record_key = s.join_key_l join {nodes} b on b.record_key = s.join_key_r))""")
