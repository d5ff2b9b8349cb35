"""`cdp explain PERSON`: which records make a person, and what joins them, in words.

What belongs here: reading published tables and wording them. What does not: any decision. The text
is for the terminal of someone allowed to see the person; it is never logged or stored.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from cdp_pipeline.errors import InputError


def explain_person(snapshot: Path, person_id: str) -> str:
    """Text about one person of a published snapshot; a retired id is followed to the living one.

    Raises InputError for an id that was never given out.
    """
    con = duckdb.connect()
    con.execute("create schema identity; create schema staging")
    for table in ("persons", "person_records", "records", "pairs", "changes", "redirects"):
        con.execute(f"create view identity.{table} as from '{_quoted(snapshot / 'identity' / f'{table}.parquet')}'")
    people = snapshot / "staging" / "people.parquet"
    if people.exists():
        con.execute(f"create view staging.people as from '{_quoted(people)}'")
    else:
        con.execute(
            "create view staging.people as select '' as source, '' as record_id, '' as _file, 0 as _line where false"
        )
    living = con.execute(
        """select $id where $id in (select person_id from identity.persons)
           union all select to_person_id from identity.redirects where person_id = $id""",
        {"id": person_id},
    ).fetchall()
    if not living:
        was = con.execute("select count(*) from identity.changes where person_id = ?", [person_id]).fetchall()[0][0]
        raise InputError(f"{person_id} has retired: no record is left" if was else f"{person_id}: no such person")
    found = str(living[0][0])
    lines = [f"{person_id} is now {found}"] if found != person_id else []
    lines += _head(con, found) + _records(con, found) + _links(con, found) + _near(con, found) + _history(con, found)
    return "\n".join(lines)


def _head(con: duckdb.DuckDBPyConnection, person: str) -> list[str]:
    records, weakest, since = con.execute(
        "select records, weakest_weight, since from identity.persons where person_id = ?", [person]
    ).fetchall()[0]
    loose = f"; the loosest record hangs on a link of {_odds(weakest)}" if weakest is not None else ""
    return [f"Person {person}: {records} record{'s' if records != 1 else ''}, known since {since}{loose}", ""]


def _records(con: duckdb.DuckDBPyConnection, person: str) -> list[str]:
    rows = con.execute(
        """select r.record_key, p.source, p.record_id, p.confidence, s._file, s._line
           from identity.person_records p join identity.records r using (source, record_id)
           left join staging.people s using (source, record_id)
           where p.person_id = ? order by r.record_key""",
        [person],
    ).fetchall()
    lines = ["Records"]
    for key, source, record_id, confidence, file, line in rows:
        place = f"  {file}:{line}" if file else ""
        lines.append(f"  [{key}] {source} {record_id}  confidence {confidence:.0%}{place}")
    return lines


def _links(con: duckdb.DuckDBPyConnection, person: str) -> list[str]:
    rows = con.execute(
        """with mine as (select r.record_key from identity.person_records p
                         join identity.records r using (source, record_id) where p.person_id = ?)
           select record_key_l, record_key_r, match_weight, provenance, reason from identity.pairs
           where is_kept and record_key_l in (from mine) order by match_weight desc, 1, 2""",
        [person],
    ).fetchall()
    if not rows:
        return ["", "Links", "  none: nothing else looked like this person"]
    words = {"email_rule": "by the e-mail rule; ", "model": ""}
    return ["", "Links"] + [
        f"  [{left}] = [{right}]  {_odds(weight)}: {words.get(kind, '')}{reason}"
        for left, right, weight, kind, reason in rows
    ]


def _near(con: duckdb.DuckDBPyConnection, person: str) -> list[str]:
    rows = con.execute(
        """with mine as (select r.record_key from identity.person_records p
                         join identity.records r using (source, record_id) where p.person_id = $person),
           others as (select case when record_key_l in (from mine) then record_key_r
               else record_key_l end as other,
                             match_weight, reason from identity.pairs
                      where not is_kept and (record_key_l in (from mine) or record_key_r in (from mine)))
           select p.person_id, o.match_weight, o.reason from others o
           join identity.records r on r.record_key = o.other join identity.person_records p
               using (source, record_id)
           where p.person_id <> $person
           qualify row_number() over (partition by p.person_id order by o.match_weight desc, o.other) = 1
           order by 2 desc, 1 limit 5""",
        {"person": person},
    ).fetchall()
    if not rows:
        return []
    return ["", "Looked alike, kept apart"] + [
        f"  {other}  {_odds(weight)}: {reason.removeprefix('veto: ')}" for other, weight, reason in rows
    ]


def _history(con: duckdb.DuckDBPyConnection, person: str) -> list[str]:
    rows = con.execute(
        """select as_of, change, person_id, other_person_id, records, cause from identity.changes
           where person_id = $person or other_person_id = $person order by 1, 2, 3, 4""",
        {"person": person},
    ).fetchall()
    lines = []
    for day, change, subject, other, records, cause in rows:
        other_id = other if subject == person else subject
        beside = f" ({'to' if subject == person else 'from'} {other_id})" if other_id else ""
        lines.append(f"  {day}  {change}{beside}, {records} records: {cause}")
    return ["", "History", *lines] if lines else []


def _odds(weight: float) -> str:
    """`weight +6.0, 64 to 1 for`; sources' word and vetoes in words."""
    if weight >= 40:
        return "certain"
    if weight <= -40:
        return "vetoed"
    odds = 2 ** abs(weight)
    ratio = f"{odds:,.0f}" if odds < 1e6 else "more than a million"
    return f"weight {weight:+.1f}, {ratio} to 1 {'for' if weight >= 0 else 'against'}"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
