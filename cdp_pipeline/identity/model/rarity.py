"""How rare a value is: among persons, not among records.

What belongs here: counts over the nodes as they are before training. What does not: m, u and the
prior (model.py).

A person with ten records makes her own name look common, and two records of hers look like chance.
So values are counted once a group of nodes that a sure rule already joins (the same full name with
the same birth date, e-mail, phone or address), and only pairs across groups count as chance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.clusters import cluster
from cdp_pipeline.identity.matching import Matching
from cdp_pipeline.identity.model.comparisons import is_equality
from cdp_pipeline.identity.model.levels import Comparison

BACKGROUND = 500  # records the shipped weights count for
SURE = tuple(("name_full", other) for other in ("birth_date", "email_key", "phone_key", "place_key", "postcode_key"))
FIRST_NAME_RECORDS = 3  # a first name of this many groups with several last names is a name, not a slip of the pen


def add_groups(con: DuckDBPyConnection, present: frozenset[str]) -> None:
    """Add column sure_group (any number, the same inside a group) to table `nodes` of `con`."""
    count = int(con.execute("select count(*) from nodes").fetchall()[0][0])
    ends: list[tuple[np.ndarray, np.ndarray]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for rule in SURE:
        if not present.issuperset(rule):
            continue
        filled = " and ".join(f"{column} is not null" for column in rule)
        rows = con.execute(f"""select a, b from (
            select place as a, lead(place) over (partition by {", ".join(rule)} order by place) as b
            from (select *, rowid as place from nodes) where {filled}) where b is not null""").fetchnumpy()
        ends.append((np.asarray(rows["a"], dtype=np.int64), np.asarray(rows["b"], dtype=np.int64)))
    a, b = (np.concatenate(side) for side in zip(*ends, strict=True))
    groups = cluster.components(count, a, b)
    con.register("groups_arrow", pa.table({"place": np.arange(count, dtype=np.int64), "sure_group": groups}))
    con.execute("""alter table nodes add column sure_group bigint;
        update nodes set sure_group = g.sure_group from groups_arrow g where g.place = nodes.rowid""")
    con.unregister("groups_arrow")


def term_frequencies(con: DuckDBPyConnection, picked: Sequence[Comparison], matching: Matching) -> pa.Table:
    """column_name, value, tf: share of the groups that have a value, smoothed with the shipped u.

    Column name_first lists the first names that are in use here, or in the nickname table (tf: 1).
    """
    shipped: dict[str, float] = {}
    for comparison in picked:
        for level in comparison.levels:
            if level.tf:
                shipped[level.tf] = max(level.u, shipped.get(level.tf, 0.0))
    parts = [
        f"""select '{column}' as column_name, value,
            (count(*) + {BACKGROUND * u}) / ((select count(*) from cells_{column}) + {BACKGROUND}) as tf
            from cells_{column} group by value"""
        for column, u in shipped.items()
    ]
    cells = ", ".join(
        f"""cells_{column} as materialized (
            select distinct sure_group, "{column}"::varchar as value from nodes where "{column}" is not null)"""
        for column in shipped
    )
    con.register("table_names", pa.table({"name": pa.array(_written(matching), pa.string())}))
    names = f"""select 'name_first' as column_name, name_first as value, 1::double as tf from nodes
        where len(name_first) > 1 group by name_first
        having name_first in (from table_names)
            or (count(distinct sure_group) >= {FIRST_NAME_RECORDS} and count(distinct name_last) > 1)"""
    found = con.sql(
        f"{f'with {cells}' if cells else ''} {' union all '.join([names, *parts])} order by 1, 2"
    ).to_arrow_table()
    con.unregister("table_names")
    return found


def collision_shares(con: DuckDBPyConnection, picked: Sequence[Comparison]) -> dict[str, float]:
    """Label of each plain equality level -> chance that nodes of two groups agree on it."""
    shares = {}
    for comparison in picked:
        for level in comparison.levels:
            if not level.tf or not is_equality(level):
                continue
            agreeing, within, filled = con.execute(f"""
                with cells as (select "{level.tf}" as value, count(*) as n from nodes
                    where "{level.tf}" is not null group by "{level.tf}", sure_group),
                whole as (select sum(n)::bigint as n from cells group by value)
                select (select sum(n * (n - 1) // 2)::double from whole), (select sum(n * (n - 1) // 2)::double from cells),
                       (select sum(n)::double from whole)""").fetchall()[0]
            if filled and filled > 1 and agreeing > within:
                shares[level.label] = float((agreeing - within) / (filled * (filled - 1) / 2))
    return shares


def _written(matching: Matching) -> list[str]:
    return sorted({*matching.nicknames, *(name for formal in matching.nicknames.values() for name in formal)})
