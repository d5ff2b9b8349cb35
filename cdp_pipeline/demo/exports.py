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

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from cdp_pipeline.demo.engine import open_engine
from cdp_pipeline.demo.settings import HISTORY_START, HORIZON, Rates
from cdp_pipeline.demo.writing import Style, copy, write
from cdp_pipeline.errors import InputError

TRUTH = ("people", "households", "record_person", "edits", "permissions", "erasures", "orders", "devices", "bad_lines")


@dataclass(frozen=True)
class Export:
    """One file a vendor delivers a day."""

    system: str
    file: str  # with {day} = 2026-06-30, {compact} = 20260630, {hash} = ten hex digits of the day
    rows: str  # table expression; {day}, {first} = is it the first day, {since} = where web history starts
    style: Style


EXPORTS: tuple[Export, ...] = (
    Export("hubspot", "hubspot-crm-exports-contacts-{day}.csv", "hubspot_contacts({day})", Style(
        quoted=True, mark=True, wrong_lines=(
            '"99000000001","Bad","Date","bad.date@example.org","","New","yesterday"' + ',""' * 16,
            '"99000000002","Ragged","Line"'))),
    Export("shopify", "customers_export_{day}.csv", "shopify_customers({day})", Style(wrong_lines=(
        "'7999999999999,Ragged,Line,ragged@example.org,yes,,,,,,,,,,no,0.00,0,,no,,surplus,cells",))),
    Export("shopify", "orders_export_{day}.csv", "shopify_orders({day}, {first})", Style(wrong_lines=(
        "#99000001,no.currency@example.org,paid,2026-01-05 10:00:00 +0100,fulfilled,,no,,10.00,0.00,1.74,10.00,,0.00,Standard,"
        "2026-01-05 10:00:00 +0100,1,Bell Classic,10.00,,CYC-001" + "," * 58,
        "#99000002,bad.date@example.org,paid,05-13-2026 10h,fulfilled,,no,EUR,10.00,0.00,1.74,10.00,,0.00,Standard,"
        "05-13-2026 10h,1,Bell Classic,10.00,,CYC-001" + "," * 58))),
    Export("shopify", "products_export_{day}.csv", "shopify_products({day})", Style()),
    Export("ga4", "events_{compact}.jsonl.gz", "ga4_events({since}, {day})", Style(json=True)),
    Export("zendesk", "tickets-{day}.csv", "zendesk_tickets({day}, {first})", Style(crlf=True, wrong_lines=(
        "1,999000001,Bad Date,999,,bad.date@example.org,example.org,,,Support,Test,,Open,Low,Mail,Question,sometime,sometime"
        + "," * 23,))),
    Export("mailchimp", "subscribed_members_export_{hash}.csv", "mailchimp_subscribed({day})", Style(quoted_headers=True, wrong_lines=(
        "ragged@example.org,Ragged,Line,2,2026-01-01 00:00:00" + "," * 20,))),
    Export("mailchimp", "unsubscribed_members_export_{hash}.csv", "mailchimp_unsubscribed({day})", Style(quoted_headers=True)),
    Export("mailchimp", "cleaned_members_export_{hash}.csv", "mailchimp_cleaned({day})", Style(quoted_headers=True)),
    Export("meta", "leads_{day}.csv", "meta_leads({day}, {first})", Style(crlf=True, wrong_lines=(
        "l:999999999999999,soon,ag:1,Advert 1,as:1,Audience 1,c:1,Leads,f:1,Catalogue request,false,fb,Bad Date,,"
        "bad.date@example.org,CREATED",))),
)


def write_exports(
    out: Path, *, people: int, days: int, seed: int, last_day: date = date(2026, 6, 30), only_day: date | None = None,
    rates: Rates | None = None, threads: int | None = None,
) -> dict[str, int]:
    """Write the exports of `days` days up to `last_day` for `people` people; returns file -> data lines.

    Every value depends on (seed, person, purpose) alone: more people add rows and change none, and
    `only_day` writes that day's files as a run over all days would. Truth is written with the last
    day. Raises InputError when the numbers make no demo.
    """
    first_day = last_day - timedelta(days=days - 1)
    asked = [first_day + timedelta(days=n) for n in range(days)]
    _refuse_nonsense(people, days, first_day, last_day, only_day)
    con = open_engine(people, seed, rates or Rates(), threads=threads)
    written: dict[str, int] = {}
    try:
        for day in asked if only_day is None else [only_day]:
            written |= _write_day(con, out, day, is_first=day == first_day, wrong=day == first_day and people >= 1000)
        if only_day in (None, last_day):
            written |= _write_truth(con, out, first_day, last_day, wrong=people >= 1000)
    finally:
        con.close()
    marker = {"seed": seed, "people": people, "days": days}
    (out / "_demo.json").write_text(json.dumps(marker) + "\n", encoding="utf-8")
    return written


def _write_day(con: duckdb.DuckDBPyConnection, out: Path, day: date, *, is_first: bool, wrong: bool) -> dict[str, int]:
    """All files of one day."""
    _look(con, day, is_first=is_first)
    since = _web_since(con, day) if is_first else day
    written = {}
    for export in EXPORTS:
        path = out / _place(export, day)
        rows = export.rows.format(day=f"date '{day}'", first=is_first, since=f"date '{since}'")
        written[str(path.relative_to(out))] = write(con, rows, path, export.style, with_wrong_lines=wrong)
    return written


def _place(export: Export, day: date) -> str:
    """The path of a file under OUT."""
    code = hashlib.sha256(f"{day}".encode()).hexdigest()[:10]
    return f"{day}/{export.system}/{export.file.format(day=day, compact=f'{day:%Y%m%d}', hash=code)}"


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
    _look(con, last, is_first=True)
    con.execute("create table bad_line (file varchar, lines bigint)")
    if wrong:
        bad = [(_place(export, first), len(export.style.wrong_lines)) for export in EXPORTS if export.style.wrong_lines]
        con.executemany("insert into bad_line values (?, ?)", bad)
    folder = out / "_truth"
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name in TRUTH:
        start = _web_since(con, first) if name == "devices" else first
        rows = "bad_line order by file" if name == "bad_lines" else f"truth_{name}(date '{start}', date '{last}')"
        path = folder / f"{name}.parquet"
        written[str(path.relative_to(out))] = copy(con, rows, path, "format parquet, compression zstd")
    return written


def _refuse_nonsense(people: int, days: int, first_day: date, last_day: date, only_day: date | None) -> None:
    problems = []
    if not 1 <= people <= 10_000_000:
        problems.append(f"people is {people}; allowed are 1 to 10000000")
    if days < 1 or first_day <= HISTORY_START or last_day > HORIZON:
        problems.append(f"the days {first_day} to {last_day} do not lie between {HISTORY_START} and {HORIZON}")
    if only_day is not None and not first_day <= only_day <= last_day:
        problems.append(f"only_day {only_day} does not lie between {first_day} and {last_day}")
    if problems:
        raise InputError(problems)
