"""What stewards have decided: DATA/verdicts.csv, read and weighed.

What belongs here: the file, its mistakes, and which of several verdicts holds. What does not: what
a verdict does to a person (hard_links.py, groups.py).

The newest verdict wins. Walking from the newest to the oldest, a verdict is set aside when those
before it already say otherwise, by a chain of `same` if need be: A is B and B is C contradict an
older A is not C. Verdicts of one moment: the later line is the newer one. Against everything else
(accounts, the sources' own merges, equal content) a verdict that holds is never set aside.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from cdp_pipeline.errors import nearest
from cdp_pipeline.ledgers.ledger import VERDICTS, Cells, parse_lines

WORDS = ("same", "different")
STATED = pa.schema(
    [
        ("record_key_l", pa.int64()), ("record_key_r", pa.int64()), ("verdict", pa.string()),
        ("decided_at", pa.timestamp("us")), ("reviewer", pa.string()), ("note", pa.string()), ("line", pa.int64()),
    ]
)  # fmt: skip
NONE = "(select 0::bigint as record_key_l, 0::bigint as record_key_r, '' as verdict, null::timestamp as decided_at, \
'' as reviewer, '' as note, 0::bigint as line where false)"


def read_verdicts(path: Path) -> pa.Table:
    """The file as table STATED (no rows when it is missing); InputError lists every mistake with its line."""
    rows = [(*row, line) for line, row in parse_lines(path, VERDICTS, _parse)]
    return pa.table([list(c) for c in zip(*rows, strict=True)] if rows else [[]] * len(STATED), schema=STATED)


def _parse(cells: Cells) -> tuple[tuple[object, ...], list[str]]:
    """A row of STATED but for its line; the smaller record key comes first."""
    problems = []
    keys = []
    for column in VERDICTS.record_keys:
        text = cells[column]
        if not text.isascii() or not text.isdigit() or int(text) >= 2**63:
            problems.append(f"{column} is no record key (the record_key of identity.records, digits only)")
        else:
            keys.append(int(text))
    if len(keys) == 2 and keys[0] == keys[1]:
        problems.append("record_l and record_r are the same record")
    word = cells["verdict"].lower()
    if word not in WORDS:
        problems.append(f"verdict must be same or different{nearest(word, WORDS)}")
    moment = None
    try:
        moment = datetime.fromisoformat(cells["decided_at"]).replace(tzinfo=None)
    except ValueError:
        problems.append("decided_at must be a date or a moment, like 2026-01-31 or 2026-01-31 09:30")
    row = (min(keys, default=0), max(keys, default=0), word, moment, cells.get("reviewer", ""), cells.get("note", ""))
    return row, problems


def weigh(con: DuckDBPyConnection, stated: str) -> None:
    """Table `verdicts` from relation `stated` and `records`: which verdict holds.

    Columns of STATED without line, and: node_key_l, node_key_r, is_in_force, status (applied |
    conflicting | unknown_record), conflict (words; null without one). Grain: a line of the file.
    """
    rows = con.execute(f"""select s.line, a.node_key, b.node_key, s.verdict from {stated} s
        left join records a on a.record_key = s.record_key_l left join records b on b.record_key = s.record_key_r
        order by s.decided_at desc, s.line desc""").fetchall()
    outcomes = {line: (force, words) for line, force, words in _weighed(rows)}
    outcome = pa.table(
        {
            "line": pa.array(list(outcomes), pa.int64()),
            "is_in_force": pa.array([force for force, _ in outcomes.values()], pa.bool_()),
            "conflict": pa.array([words for _, words in outcomes.values()], pa.string()),
        }
    )
    con.register("held_arrow", outcome)
    con.execute(f"""create or replace temp table verdicts as
        select s.record_key_l, s.record_key_r, s.verdict, s.decided_at, s.reviewer, s.note, s.line,
               a.node_key as node_key_l, b.node_key as node_key_r, h.is_in_force,
               case when a.node_key is null or b.node_key is null then 'unknown_record'
                    when h.conflict is not null then 'conflicting' else 'applied' end as status, h.conflict
        from {stated} s join held_arrow h using (line)
        left join records a on a.record_key = s.record_key_l left join records b on b.record_key = s.record_key_r
        order by s.line""")
    con.unregister("held_arrow")


def _weighed(rows: list[tuple[int, int | None, int | None, str]]) -> list[tuple[int, bool, str | None]]:
    """(line, holds, conflict) for (line, node, node, verdict), newest first."""
    lead: dict[int, int] = {}
    apart: dict[int, set[int]] = {}  # lead -> leads it must never join

    def find(node: int) -> int:
        while (above := lead.setdefault(node, node)) != node:
            node = above
        return node

    outcomes: list[tuple[int, bool, str | None]] = []
    for line, left, right, verdict in rows:
        if left is None or right is None:
            outcomes.append((line, False, None))
            continue
        a, b = find(left), find(right)
        if verdict == "different":
            holds = a != b
            if holds:
                apart.setdefault(a, set()).add(b)
                apart.setdefault(b, set()).add(a)
        else:
            holds = b not in apart.get(a, set())
            if holds and a != b:
                lead[b] = a
                for other in apart.pop(b, set()):
                    apart[other].discard(b)
                    apart[other].add(a)
                    apart.setdefault(a, set()).add(other)
        outcomes.append((line, holds, None if holds else "a newer verdict says otherwise"))
    return outcomes
