"""What a steward looks at: the pairs worth a verdict next, and how right everything is.

What belongs here: reading identity.review_queue, label_sample and accuracy for the terminal. What
does not: writing a verdict (verdict.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from textwrap import wrap

from duckdb import DuckDBPyConnection

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import published, records
from cdp_pipeline.explain.words import chance
from cdp_pipeline.ledgers.ledger import VERDICTS
from cdp_pipeline.ledgers.verdicts import read_verdicts
from cdp_pipeline.pages.figures import things
from cdp_pipeline.privacy.door import Door
from cdp_pipeline.privacy.subject import Subject

QUESTIONS = {"merge": "Two people, or one?", "split": "One person, or two?"}


def review(snapshot: Path, door: Door, limit: int, width: int = 100) -> str:
    """The next pairs of identity.review_queue that nobody judged since, each with the commands to type."""
    con, rows = _waiting(snapshot, door.data, "identity.review_queue", "rank", "decision")
    if not rows:
        return "Nothing to review: no doubtful pair is waiting for a verdict."
    return _questions(con, door, rows, "doubtful pair", "those that change most come first", limit, width)


def sample(snapshot: Path, door: Door, limit: int, width: int = 100) -> str:
    """The next pairs of identity.label_sample, whose verdicts tell how right everything is."""
    con, rows = _waiting(snapshot, door.data, "identity.label_sample", "place, stratum", "stratum")
    rows = [row for row in rows if row["verdict"] is None]
    if not rows:
        return "Every pair of the sample is judged: cdp identity accuracy shows the result after the next run."
    return _questions(con, door, rows, "sampled pair", "the more are judged, the narrower the interval", limit, width)


def _waiting(
    snapshot: Path, data: Path, table: str, order: str, needed: str
) -> tuple[DuckDBPyConnection, list[dict[str, object]]]:
    con = published.open_tables(snapshot)
    if needed not in published.columns_of(con, table):
        raise InputError(f"{table} was not published yet: run cdp run, then ask again")
    con.register("stated", read_verdicts(data / VERDICTS.file))
    rows = con.sql(f"""select q.* from {table} q
        anti join stated s on s.record_key_l = least(q.record_key_l, q.record_key_r)
                          and s.record_key_r = greatest(q.record_key_l, q.record_key_r)
        order by {order}""").to_arrow_table()  # fmt: skip
    return con, rows.to_pylist()


def _questions(
    con: DuckDBPyConnection, door: Door, rows: list[dict[str, object]], what: str, order: str, limit: int, width: int
) -> str:
    keys = [row[side] for row in rows[:limit] for side in ("record_key_l", "record_key_r")]
    people = con.execute(
        """select distinct q.person_id from identity.records r join identity.person_records q using (source, record_id)
           where r.record_key in (select unnest(?::bigint[])) order by 1""",
        [keys],
    ).fetchall()
    leave = door.enter([Subject(str(row[0])) for row in people])
    sides = {d.record: d for d in records.details(con, leave, "r.record_key in (select unnest(?::bigint[]))", [keys])}
    lines = [f"{things(len(rows), what)} waiting; {order}."]
    for number, row in enumerate(rows[:limit], 1):
        lines += ["", *_question(sides, number, row, width)]
    return "\n".join(lines)


def _question(sides: Mapping[int, records.Detail], number: int, row: dict[str, object], width: int) -> list[str]:
    left, right = (sides[int(str(row[f"record_key_{side}"]))] for side in "lr")
    question = QUESTIONS.get(str(row.get("decision")), "One person, or two?")
    lines = [f"{number}. {question}"]
    for detail, side in ((left, "l"), (right, "r")):
        lines.append(f"   {detail.label}  ({detail.person}{_stake(row, side)})")
        lines += [f"     {line}" for line in wrap(detail.line, width - 5)]
    if row.get("reason"):  # a sampled pair is shown without what the engine thinks of it
        text = f"{row['reason']}; {chance(float(str(row['match_weight'])))}"
        lines += [f"   {line}" for line in wrap(text, width - 3)]
    if row.get("contradictions"):
        pairs = things(int(str(row["contradictions"])), "other pair")
        lines.append(f"   Against it: {pairs} of their records cannot be one person")
    pair = f"{quote(left.label)} {quote(right.label)}"
    return [
        *lines,
        f"   look closer   cdp explain {pair}",
        f"   one person    cdp identity judge {pair} same",
        f"   two people    cdp identity judge {pair} different",
    ]


def _stake(row: dict[str, object], side: str) -> str:
    if f"records_{side}" not in row:
        return ""
    records, orders = (int(str(row[f"{what}_{side}"])) for what in ("records", "orders"))
    return f": {things(records, 'record')}, {things(orders, 'order')}"


def accuracy(snapshot: Path) -> str:
    """The newest rows of identity.accuracy as a small table in words."""
    con = published.open_tables(snapshot)
    if not {"measure", "value", "low", "high", "judged"} <= set(published.columns_of(con, "identity.accuracy")):
        raise InputError("identity.accuracy was not published yet: run cdp run, then ask again")
    rows = con.execute("""select as_of, labels, part, measure, value, low, high, judged, note from identity.accuracy
        where as_of = (select max(as_of) from identity.accuracy) order by labels, part <> 'all', part, measure
        """).fetchall()
    if not rows:
        return (
            "Nobody has said yet who is who, so accuracy is not known.\n"
            "Put known persons into DATA/labels.csv (source,record_id,person),\n"
            "or judge sampled pairs: cdp identity review --sample"
        )
    lines = [f"As of {rows[0][0]}"]
    group = None
    for _, labels, part, measure, value, low, high, number, _note in rows:
        if (labels, part) != group:
            group = (labels, part)
            source = {"file": "known persons of labels.csv", "sample": "verdicts on sampled pairs"}.get(labels, labels)
            lines += ["", f"By {source}{'' if part == 'all' else f', {part}'}"]
        span = f"  between {low:.1%} and {high:.1%} (95 % sure)" if low is not None and high is not None else ""
        text = f"{value:.1%}" if value is not None else "not known yet"
        lines.append(f"  {measure:14}{text:>13}{span}  from {number:,} judged")
    return "\n".join(lines)
