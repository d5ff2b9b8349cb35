"""Which pairs are compared at all.

What belongs here: equal-key blocks over the distinct records, without the blocks that are too big
to say anything. What does not: scores.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import BLOCK_FIELDS, Matching
from cdp_pipeline.identity.normalise import EXTRA

GUARDED = (("email_key",), ("phone_key",))  # lines whose shared values the guard has already taken out
SMALL_LINE = 50_000  # pairs any line may list, however few the records


def present_columns(con: DuckDBPyConnection, extra: tuple[str, ...], smallest: int) -> frozenset[str]:
    """Columns of `nodes` that hold something; from `smallest` nodes on, at least two values."""
    columns = sorted({*BLOCK_FIELDS.values(), "name_first", "place_key", *(f"{EXTRA}{name}" for name in extra)})
    counted = ", ".join(
        f"""max("{column}") is not null
            and (count(*) < {smallest} or min("{column}") is distinct from max("{column}"))"""
        for column in columns
    )
    row = con.execute(f"select {counted} from nodes").fetchall()[0]
    return frozenset(column for column, holds in zip(columns, row, strict=True) if holds)


def candidates(con: DuckDBPyConnection, matching: Matching, present: frozenset[str]) -> dict[str, int]:
    """Make `candidates(join_key_l, join_key_r)` from `nodes`, left key smaller; returns counts.

    A line of which a column is absent is not used. The biggest blocks of a line are skipped when
    they pass `largest_block` or the line lists more than `pairs_per_record` pairs a record; an
    e-mail or phone has already passed the guard.
    """
    rules = [tuple(BLOCK_FIELDS[word] for word in line) for line in matching.blocking]
    usable = sorted({rule for rule in rules if set(rule) <= present}, key=rules.index)
    con.execute("create or replace temp table candidate_rows (l bigint, r bigint)")
    skipped = 0
    for rule in usable:
        columns = ", ".join(rule)
        filled = " and ".join(f"{column} is not null" for column in rule)
        con.execute(f"""create or replace temp table block as
            select record_key, dense_rank() over (order by {columns}) as block,
                   count(*) over (partition by {columns}) as size from nodes where {filled}""")
        limit = _largest_block(con, matching, rule)
        skipped += con.execute(f"select count(distinct block) from block where size > {limit}").fetchall()[0][0]
        con.execute(f"""insert into candidate_rows
            select l.record_key, r.record_key from block l join block r
            on l.block = r.block and l.record_key < r.record_key
            where l.size between 2 and {limit} and r.size between 2 and {limit}""")
    for column, others in (("email_key", "other_emails"), ("phone_key", "other_phones")):
        con.execute(f"""insert into candidate_rows
            with further as (select record_key, unnest({others}) as value from nodes where len({others}) > 0),
            every as (select record_key, value from further
                      union select record_key, {column} from nodes where {column} in (select value
                          from further)),
            small as (select value from every group by 1 having count(*) between 2
                and {matching.largest_block})
            select l.record_key, r.record_key from every l join every r
            on l.value = r.value and l.record_key < r.record_key where l.value in (select value
                from small)""")
    con.execute("""create or replace temp table candidates as
        select distinct l as join_key_l, r as join_key_r from candidate_rows order by 1, 2""")
    con.execute("drop table candidate_rows; drop table if exists block")
    pairs = con.execute("select count(*) from candidates").fetchall()[0][0]
    return {"blocking_lines_used": len(usable), "blocks_too_big": int(skipped), "pairs_compared": int(pairs)}


def _largest_block(con: DuckDBPyConnection, matching: Matching, rule: tuple[str, ...]) -> int:
    """Largest block of the line in `block` that keeps the line within its share of pairs."""
    if rule in GUARDED:
        return 10 * matching.largest_block
    row = con.execute(f"""
        with sizes as (select size, count(*) // size as blocks from block group by size),
        filling as (select size, sum(blocks * (size * (size - 1) // 2)) over (order by size) as pairs
            from sizes)
        select max(size) from filling, (select count(*) as records from nodes)
        where size <= {matching.largest_block}
          and pairs <= greatest({matching.pairs_per_record} * records, {SMALL_LINE})""").fetchall()[0]
    return int(row[0] or 1)
