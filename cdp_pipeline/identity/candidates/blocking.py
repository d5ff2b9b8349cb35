"""Which pairs are compared at all.

What belongs here: equal-key blocks over the nodes, without the blocks that are too big to say
anything. What does not: scores.

Which blocks are too big is decided when a model is trained (`limits`) and kept with it, so that
more records do not change which pairs of the others are compared.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.identity.matching import BLOCK_FIELDS, Matching
from cdp_pipeline.identity.normalise.normalise import EXTRA

GUARDED = (("email_key",), ("phone_key",))  # lines whose shared values the guard has already taken out
SAMPLE = 2_000  # pairs of a line that are looked at when a model is trained
LEAST_YIELD = 0.004  # a line of which fewer of its new pairs look like one person is left out
SMALL_LINE = 50_000  # pairs any line may list, however few the records
FURTHER = (("email_key", "other_emails"), ("phone_key", "other_phones"))
Line = tuple[str, ...]


def present_columns(
    con: DuckDBPyConnection, extra: tuple[str, ...], smallest: int, of: str = "nodes"
) -> frozenset[str]:
    """Columns of relation `of` that hold something; from `smallest` rows on, at least two values."""
    columns = sorted({*BLOCK_FIELDS.values(), "name_first", "place_key", *(f"{EXTRA}{name}" for name in extra)})
    counted = ", ".join(
        f"""max("{column}") is not null
            and (count(*) < {smallest} or min("{column}") is distinct from max("{column}"))"""
        for column in columns
    )
    row = con.execute(f"select {counted} from {of}").fetchall()[0]
    return frozenset(column for column, holds in zip(columns, row, strict=True) if holds)


def lines(matching: Matching) -> tuple[Line, ...]:
    """The blocking lines as columns, each once, in the order of the file."""
    return tuple(dict.fromkeys(tuple(BLOCK_FIELDS[word] for word in line) for line in matching.blocking))


def add_blocks(con: DuckDBPyConnection, matching: Matching, of: str = "nodes") -> None:
    """Table `blocks` from `of`: record_key and, for each line, the hash of its columns (null: not filled)."""
    keys = ", ".join(
        f"case when {' and '.join(f'{c} is not null' for c in line)} then hash({', '.join(line)}) end as b{at}"
        for at, line in enumerate(lines(matching))
    )
    con.execute(f"create or replace temp table blocks as select record_key, {keys} from {of}")


def limits(con: DuckDBPyConnection, matching: Matching, present: frozenset[str]) -> dict[str, int]:
    """Line (columns, comma between) -> largest block that keeps the line within its share of pairs.

    A line of which a column never varies gets 1: it lists no pair. Needs `blocks`.
    """
    found = {}
    for at, line in enumerate(lines(matching)):
        if not set(line) <= present:
            found[",".join(line)] = 1
            continue
        if line in GUARDED:
            found[",".join(line)] = matching.largest_block
            continue
        row = con.execute(f"""
            with sizes as (select size, count(*) as blocks from
                (select count(*) as size from blocks where b{at} is not null group by b{at}) group by size),
            filling as (select size, sum(blocks * (size * (size - 1) // 2)) over (order by size) as pairs from sizes)
            select min(size) from filling, (select count(*) as records from blocks)
            where pairs > greatest({matching.pairs_per_record} * records, {SMALL_LINE})""").fetchall()[0]
        found[",".join(line)] = min(matching.largest_block, int(row[0]) - 1 if row[0] else matching.largest_block)
    return found


def candidates(
    con: DuckDBPyConnection, matching: Matching, sizes: Mapping[str, int], fresh: str | None = None, of: str = "nodes"
) -> dict[str, int]:
    """Make `candidates(join_key_l, join_key_r, lines)`, left key smaller, from `blocks` and `of`; returns counts.

    `lines` has a bit for every line that lists the pair (see `bit`).

    Blocks above the size of their line are left out whole. With `fresh`, a relation of record_key,
    only pairs with at least one fresh node are listed.
    """
    con.execute("create or replace temp table candidate_rows (line tinyint, l bigint, r bigint)")
    skipped = used = 0
    for at, line in enumerate(lines(matching)):
        limit = sizes.get(",".join(line), matching.largest_block)
        if limit < 2:
            continue
        used += 1
        skipped += _line(con, at, limit, fresh)
    for column, others in FURTHER:
        _further(con, column, others, matching.largest_block, fresh, of)
    con.execute("drop table if exists block")
    con.execute("""create or replace temp table candidates as
        select l as join_key_l, r as join_key_r, bit_or(1::bigint << (line + 1)) as lines from candidate_rows group by l, r;
        drop table candidate_rows""")
    pairs = con.execute("select count(*) from candidates").fetchall()[0][0]
    return {"blocking_lines_used": used, "blocks_too_big": skipped, "pairs_compared": int(pairs)}


def bit(line: int) -> int:
    """The bit of a line in `candidates.lines`; line -1 lists further e-mails and phones."""
    return 1 << (line + 1)


def new_pairs(con: DuckDBPyConnection, matching: Matching) -> pa.Table:
    """line, join_key_l, join_key_r: some SAMPLE of the pairs that no earlier line lists, for each line."""
    places = " ".join(f"when {bit(at)} then {at}" for at in range(len(lines(matching))))
    return con.sql(f"""
        with firsts as (
            select case lines & -lines {places} end as line, *, (join_key_l * 7 + join_key_r) % 1000003 as draw
            from candidates where lines & 1 = 0),
        sizes as (select line, {3000009.0 * SAMPLE} / count(*) as bar from firsts group by line)
        select line, join_key_l, join_key_r from firsts join sizes using (line) where draw <= bar
        qualify row_number() over (partition by line order by draw, join_key_l, join_key_r) <= {SAMPLE}
        order by all""").to_arrow_table()


def drop_idle(
    con: DuckDBPyConnection, matching: Matching, sizes: Mapping[str, int], found: Mapping[int, tuple[int, int]]
) -> dict[str, int]:
    """`sizes` without the lines whose pairs are nearly all strangers; `candidates` without their pairs.

    `found` gives for each line how many of its sampled new pairs there were, and how many looked
    like one person. A line that lists as few pairs as SMALL_LINE stays.
    """
    kept, idle = dict(sizes), []
    every = lines(matching)
    counted = ", ".join(f"count(*) filter (lines & {bit(at)} <> 0)" for at in range(len(every)))
    counts = con.execute(f"select {counted} from candidates").fetchall()[0]
    for at, line in enumerate(every):
        sampled, alike = found.get(at, (0, 0))
        if counts[at] > SMALL_LINE and alike < LEAST_YIELD * sampled:
            kept[",".join(line)] = 1
            idle.append(at)
    if idle:
        con.execute(f"delete from candidates where lines & {~sum(bit(at) for at in idle)} = 0")
    return kept


def _line(con: DuckDBPyConnection, at: int, limit: int, fresh: str | None) -> int:
    """Pairs of one line; returns how many blocks were too big."""
    key = f"b{at}"
    asked = f"semi join (select b.{key} from blocks b semi join {fresh} f using (record_key)) using ({key})"
    con.execute(f"""create or replace temp table block as
        with filled as (select record_key, {key} as block from blocks {asked if fresh else ""} where {key} is not null),
        sizes as (select block, count(*) as size from filled group by block having count(*) > 1)
        select record_key, block, size from filled join sizes using (block)""")
    skipped = con.execute(f"select count(distinct block) from block where size > {limit}").fetchall()[0][0]
    con.execute(f"""insert into candidate_rows
        select {at}, l.record_key, r.record_key from block l join block r on l.block = r.block and l.record_key < r.record_key
        where l.size <= {limit} and r.size <= {limit} {_with_fresh(fresh)}""")
    return int(skipped)


def _with_fresh(fresh: str | None) -> str:
    return f"and (l.record_key in (from {fresh}) or r.record_key in (from {fresh}))" if fresh else ""


def _further(con: DuckDBPyConnection, column: str, others: str, limit: int, fresh: str | None, of: str) -> None:
    """Pairs by the further e-mails or phones of a record."""
    asked = f"where value in (select value from every semi join {fresh} f using (record_key))" if fresh else ""
    con.execute(f"""insert into candidate_rows
        with further as (select record_key, unnest({others}) as value from {of} where len({others}) > 0),
        every as materialized (
            select record_key, value from further
            union select record_key, {column} from {of} where {column} in (select value from further)),
        small as (select value from every {asked} group by 1 having count(*) between 2 and {limit})
        select -1, l.record_key, r.record_key from every l join every r
            on l.value = r.value and l.record_key < r.record_key
        where l.value in (select value from small) {_with_fresh(fresh)}""")
