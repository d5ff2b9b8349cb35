"""What differs between two states of the tables: persons, and the sizes of segments and audiences.

What belongs here: comparing, and the difference as data and in words. What does not: how the second state came
about (whatif.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.pages.figures import things
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.run.lake import open_duckdb

SHOWN = 10  # changes of one kind
PARTS = 6  # ids shown of one change


@dataclass(frozen=True)
class Change:
    """One person or group of persons that would change: ids with their records, largest first."""

    records: int
    before: tuple[tuple[str, int], ...]
    after: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Size:
    """A segment or an audience, in people."""

    segmentation: str
    segment: str
    kind: str
    before: int
    after: int


@dataclass(frozen=True)
class Difference:
    """The difference between what is published and what would be. The changes are the 10 largest of `counts`.

    `is_clean` is False when other code or another matching.yml made what is published: then part of
    the difference comes from that.
    """

    persons: tuple[int, int]
    merges: tuple[Change, ...]
    splits: tuple[Change, ...]
    counts: tuple[int, int]  # groups that would merge, persons that would split
    sizes: tuple[Size, ...]  # every segment and audience, changed or not
    is_clean: bool = True


def compare(before: Path, after: Path) -> Difference:
    """What differs between two folders of tables: persons, and the sizes of segments and audiences."""
    con = open_duckdb(allowed=[before, after])
    for side, folder in (("old", before), ("new", after)):
        con.execute(f"create schema {side}_state")
        for table in ("identity/person_records", "segments/memberships"):
            con.execute(
                f"create view {side}_state.{table.rpartition('/')[2]} as from {literal(folder / f'{table}.parquet')}"
            )
    con.execute("""create table moved as
        select o.person_id as old_id, n.person_id as new_id, count(*) as records
        from old_state.person_records o join new_state.person_records n using (source, record_id) group by all;
        create table merged as select new_id from moved group by 1 having count(*) > 1;
        create table torn as select old_id from moved group by 1 having count(*) > 1""")
    sizes = con.execute("""
        with counted as (
            select segmentation, segment, kind, 1 as old, 0 as new from old_state.memberships
            union all select segmentation, segment, kind, 0, 1 from new_state.memberships)
        select segmentation, segment, kind, sum(old)::bigint, sum(new)::bigint from counted
        group by all order by kind desc, segmentation, segment""").fetchall()
    persons, counts = (
        con.execute(sql).fetchall()[0]
        for sql in (
            "select count(distinct old_id), count(distinct new_id) from moved",
            "select (select count(*) from merged), (select count(*) from torn)",
        )
    )
    merges = _grouped(con.execute(
        """select new_id, old_id, records from moved where new_id in (from merged)
           and new_id in (select new_id from moved semi join merged using (new_id) group by 1
                          order by sum(records) desc, 1 limit $1) order by 1, 3 desc, 2""", [SHOWN]).fetchall())  # fmt: skip
    splits = _grouped(con.execute(
        """select old_id, new_id, records from moved where old_id in (from torn)
           and old_id in (select old_id from moved semi join torn using (old_id) group by 1
                          order by sum(records) desc, 1 limit $1) order by 1, 3 desc, 2""", [SHOWN]).fetchall())  # fmt: skip
    return Difference(
        (persons[0], persons[1]),
        tuple(Change(sum(n for _, n in parts), parts, ((whole, sum(n for _, n in parts)),)) for whole, parts in merges),
        tuple(Change(sum(n for _, n in parts), ((whole, sum(n for _, n in parts)),), parts) for whole, parts in splits),
        (counts[0], counts[1]),
        tuple(Size(*row) for row in sizes),
    )


def _grouped(rows: Sequence[tuple[str, str, int]]) -> list[tuple[str, tuple[tuple[str, int], ...]]]:
    """Whole -> its parts with their records; the whole with most records first."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for whole, part, records in rows:
        groups.setdefault(whole, []).append((part, records))
    ordered = sorted(groups.items(), key=lambda item: (-sum(n for _, n in item[1]), item[0]))
    return [(whole, tuple(parts)) for whole, parts in ordered]


# ---- in words ------------------------------------------------------------------------------------


def text(difference: Difference) -> str:
    """Persons first, then segments and audiences; sizes that stay are only counted."""
    before, after = difference.persons
    lines = [f"{things(before, 'person', 'people')} would be {after:,} ({after - before:+,})"]
    merging, splitting = difference.counts
    if not merging and not splitting:
        lines.append("Nobody would merge and nobody would split.")
    lines += _changes("would merge", merging, difference.merges)
    lines += _changes("would split", splitting, difference.splits)
    lines += _sizes("Segments", [size for size in difference.sizes if size.kind != "audience"])
    lines += _sizes("Audiences", [size for size in difference.sizes if size.kind == "audience"])
    if not difference.is_clean:
        lines += [
            "",
            "Part of this comes from other code or another matching.yml than what is published: run cdp run first",
        ]
    return "\n".join([*lines, "", "Nothing was published. To keep a setting, write it into 3_identity/matching.yml"])


def _changes(what: str, number: int, changes: Sequence[Change]) -> list[str]:
    if not number:
        return []
    kind = "group of people" if what == "would merge" else "person"
    plural = "groups of people" if what == "would merge" else "people"
    which = f"; the {len(changes)} largest:" if number > len(changes) else ":"
    lines = ["", f"{number:,} {kind if number == 1 else plural} {what}{which}"]
    return lines + [_change(change) for change in changes]


def _change(change: Change) -> str:
    """`13 + 9 records: P… + P…` for a merge, `22 records into 13 + 9: P… → P… + P…` for a split."""
    if len(change.before) > 1:
        return f"  {_records(change.before)} records: {_people(change.before)}"
    into = f"{_people(change.before)} → {_people(change.after)}"
    return f"  {_records(change.before)} records into {_records(change.after)}: {into}"


def _records(parts: Sequence[tuple[str, int]]) -> str:
    return " + ".join([*(f"{records:,}" for _, records in parts[:PARTS]), *_more(parts)])


def _people(parts: Sequence[tuple[str, int]]) -> str:
    return " + ".join([*(person for person, _ in parts[:PARTS]), *_more(parts)])


def _more(parts: Sequence[tuple[str, int]]) -> list[str]:
    return [f"{len(parts) - PARTS} more"] if len(parts) > PARTS else []


def _sizes(title: str, sizes: Sequence[Size]) -> list[str]:
    changed = [size for size in sizes if size.before != size.after]
    if not changed:
        return ["", f"{title}: none of {len(sizes)} changes in size"]
    wide = max(len(_name(size)) for size in changed)
    lines = ["", f"{title}: {len(changed)} of {len(sizes)} change in size"]
    return lines + [
        f"  {_name(size):{wide}}  {size.before:>9,} → {size.after:<9,}  {size.after - size.before:+,}"
        for size in changed
    ]


def _name(size: Size) -> str:
    return (
        size.segment
        if size.segmentation == size.segment or size.kind == "audience"
        else f"{size.segmentation}: {size.segment}"
    )
