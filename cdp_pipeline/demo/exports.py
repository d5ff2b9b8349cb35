"""`write_exports`: the demo's folder of vendor exports, day by day, and its truth.

What belongs here: which files exist on which day. What does not: what is in them (`*.sql`), how
bytes look (`writing`), how people live (`settings`).

    OUT/<YYYY-MM-DD>/<system>/<file> and <file>.done     one folder a day of delivery
    OUT/_truth/<table>.parquet                           what is true as of the last day
    OUT/_demo.json                                       {"seed", "people", "days"}: this is a demo

The first day carries the history. Later days carry HubSpot, Shopify customers and products, and
Mailchimp in full, and of orders, events, tickets and leads what is new or changed that day.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import duckdb

from cdp_pipeline.demo.deliveries import DELIVERIES
from cdp_pipeline.demo.engine import open_engine
from cdp_pipeline.demo.settings import HISTORY_START, HORIZON, Rates
from cdp_pipeline.demo.writing import copy, write
from cdp_pipeline.errors import InputError

_PEOPLE_FOR_WRONG_LINES = 1000  # below that a handful of wrong lines would be more than a few percent


def write_exports(
    out: Path,
    *,
    people: int,
    days: int,
    seed: int,
    last_day: date = date(2026, 6, 30),
    only_day: date | None = None,
    rates: Rates | None = None,
    threads: int | None = None,
) -> dict[str, int]:
    """Write the exports of `days` days up to `last_day` for `people` people; returns file -> data lines.

    Every value depends on (seed, person, purpose) alone: more people add rows and change none, and
    `only_day` writes that day's files as a run over all days would. Truth is written with the last
    day. Raises InputError when the numbers make no demo.
    """
    first_day = last_day - timedelta(days=days - 1)
    calendar = [first_day + timedelta(days=n) for n in range(days)]
    _refuse_nonsense(people, days, first_day, last_day, only_day)
    con = open_engine(people, seed, rates or Rates(), threads=threads)
    wrong = people >= _PEOPLE_FOR_WRONG_LINES
    lines: dict[str, int] = {}
    try:
        for day in calendar if only_day is None else [only_day]:
            is_first = day == first_day
            lines |= _write_day(con, out, day, is_first=is_first, wrong=wrong and is_first)
        if only_day in (None, last_day):
            lines |= _write_truth(con, out, first_day, last_day, wrong=wrong)
    finally:
        con.close()
    marker = {"seed": seed, "people": people, "days": days}
    (out / "_demo.json").write_text(json.dumps(marker) + "\n", encoding="utf-8")
    return lines


def _write_day(con: duckdb.DuckDBPyConnection, out: Path, day: date, *, is_first: bool, wrong: bool) -> dict[str, int]:
    """All files of one day."""
    _look(con, day, is_first=is_first)
    since = _web_since(con, day) if is_first else day
    lines = {}
    for delivery in DELIVERIES:
        place = delivery.place(day)
        rows = delivery.rows.format(day=f"date '{day}'", first=is_first, since=f"date '{since}'")
        lines[place] = write(con, rows, out / place, delivery.style, with_wrong_lines=wrong)
    return lines


def _look(con: duckdb.DuckDBPyConnection, day: date, *, is_first: bool) -> None:
    """Make what the sources with a changing view of people see on a day: the three `*_seen` tables."""
    for table, profiles, system in (
        ("contact_seen", f"contact_profiles(date '{day}')", "crm"),
        ("account_seen", f"account_profiles(date '{day}')", "shop"),
        ("order_seen", f"order_profiles(date '{day}', {is_first})", "shop"),
    ):
        con.execute(f"create or replace table profiles_now as from {profiles}")
        con.execute(f"create or replace table {table} as from noisy('profiles_now', '{system}')")


def _web_since(con: duckdb.DuckDBPyConnection, first_day: date) -> date:
    """The first day of web history."""
    ((days,),) = con.execute("select web_history_days()").fetchall()
    return first_day - timedelta(days=int(days) - 1)


def _write_truth(con: duckdb.DuckDBPyConnection, out: Path, first: date, last: date, *, wrong: bool) -> dict[str, int]:
    """The truth files: records of all days, values as of the last one."""
    if first < last:  # else the day was just looked at
        _look(con, last, is_first=True)
    con.execute("create table bad_line (file varchar, lines bigint)")
    if wrong:
        counts = [(delivery.place(first), len(delivery.style.wrong_lines)) for delivery in DELIVERIES]
        con.executemany("insert into bad_line values (?, ?)", [bad for bad in counts if bad[1]])
    folder = out / "_truth"
    folder.mkdir(parents=True, exist_ok=True)
    lines = {}
    macros = con.execute(
        "select distinct function_name from duckdb_functions() where starts_with(function_name, 'truth_') order by 1"
    ).fetchall()
    rows = {"bad_lines": "bad_line order by file"}
    for (macro,) in macros:  # each is a file of truth.sql and its like
        start = _web_since(con, first) if macro == "truth_devices" else first
        rows[macro.removeprefix("truth_")] = f"{macro}(date '{start}', date '{last}')"
    for name, relation in rows.items():
        path = folder / f"{name}.parquet"
        lines[str(path.relative_to(out))] = copy(con, relation, path, "format parquet, compression zstd")
    return lines


def _refuse_nonsense(people: int, days: int, first_day: date, last_day: date, only_day: date | None) -> None:
    problems = []
    if not 1 <= people <= 10_000_000:
        problems.append(f"people is {people}; allowed are 1 to 10000000")
    if days < 1 or first_day <= HISTORY_START or last_day > HORIZON:
        problems.append(f"{first_day} to {last_day} does not lie between {HISTORY_START} and {HORIZON}")
    if only_day is not None and not first_day <= only_day <= last_day:
        problems.append(f"only_day {only_day} does not lie between {first_day} and {last_day}")
    if problems:
        raise InputError(problems)
