"""Classes of bad input that are about one cell: numbers, days, ids and texts as other programs leave them.

What belongs here: cells, and what must become of their rows. What does not: lines and headers
(bad_input_lines.py), whole files (bad_input_files.py).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from cdp_pipeline_tests.trust.bad_input_book import Case, Rows, joined, json_lines, records, text_of

PLACE = 4
EITHER_WAY = (0, PLACE, 7, 8, 9, 10, 11)
"""Rows of the book whose day is another one when the month comes first, and the one that says so."""


def bad(name: str, column: str, value: str, code: str = "", source: str = "book", own: bool = False) -> Case:
    """A cell that cannot be what its column says: its row is set aside, the others stay."""

    def make(rows: Rows) -> str:
        written = [dict(row) for row in rows]
        if source == "comma":
            for row in written:
                row["amount"] = row["amount"].replace(".", ",")
        if source == "dutch":
            for row in written:
                row["day"] = "-".join(reversed(row["day"].split("-")))
        written[PLACE][column] = value
        if source == "local":
            to_utc(rows)
        return joined(records(written, delimiter=";")) if source == "comma" else text_of(written)

    return Case(name, "set aside", code, make, (PLACE,), source=source, own=own)


def no_day(name: str, value: str) -> Case:
    """What stands for no day: an empty cell of the person, and one that an order must not have."""
    case = bad(name, "day", value, "missing")

    def make(rows: Rows) -> str | bytes:
        made = case.make(rows)
        rows[PLACE]["day"] = ""
        return made

    return replace(case, make=make)


def kept(name: str, column: str, value: str, true: str | None = None, own: bool = False) -> Case:
    """A cell that is odd and fine: it stays as it was written, or as `true` says."""

    def make(rows: Rows) -> str:
        rows[PLACE][column] = value
        made = text_of(rows)
        rows[PLACE][column] = value if true is None else true
        return made

    return Case(name, "kept", "", make, own=own)


def noted(case: Case, code: str) -> Case:
    """The same, with a note about the file."""
    return replace(case, code=code)


def to_utc(rows: Rows) -> None:
    """The truth about days that were written in the time of Amsterdam."""
    for row in rows:
        local = datetime.fromisoformat(row["day"]).replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
        row["day"] = local.astimezone(timezone.utc).replace(tzinfo=None).isoformat()  # noqa: UP017


def _ids(change: Callable[[str], str]) -> Callable[[Rows], str]:
    def make(rows: Rows) -> str:
        for row in rows:
            row["id"] = change(row["id"])
        return text_of(rows)

    return make


def _written(column: str, write: Callable[[str], str], delimiter: str = ",") -> Callable[[Rows], str]:
    """A whole column in another, declared form."""
    return lambda rows: joined(records([row | {column: write(row[column])} for row in rows], delimiter=delimiter))


def _local(rows: Rows) -> str:
    made = text_of(rows)
    to_utc(rows)
    return made


def _names(rows: Rows) -> str:
    names = ("NaN", "None", "nil", "N/A", "NA", "undefined", "false", "TRUE", "No", "1e5", "Infinity", "0x1F")
    for row, name in zip(rows, names, strict=True):
        row["name"] = name
    return text_of(rows)


def _dump(rows: Rows) -> str:
    made = joined(records([row | {"phone": "\\N", "country": "NULL"} for row in rows]))
    for row in rows:
        row["phone"] = row["country"] = ""
    return made


def _json_number(rows: Rows) -> str:
    """Ids of 17 digits as JSON numbers, which floating point would round."""
    lines = [line.replace('"00', '"9', 1) for line in json_lines(rows)]
    for row in rows:
        row["id"] = "9" + row["id"][2:]
    return joined([line.replace(f'"{row["id"]}"', row["id"]) for line, row in zip(lines, rows, strict=True)])


def accounting(text: str) -> str:
    """-3.20 as (3.20)."""
    return f"({text[1:]})" if text.startswith("-") else text


AMOUNTS = (
    bad("decimal comma in a point file", "amount", "0,10", "not an amount"),
    bad("German amount in a point file", "amount", "1.234,56", "not an amount"),
    bad("decimal point in a comma file", "amount", "0.1", "not an amount", "comma"),
    bad("thousands at the wrong place", "amount", "1,23,4.50", "not an amount"),
    bad("minus behind", "amount", "12.50-", "not an amount"),
    bad("negative in brackets", "amount", "(123)", "not an amount"),
    bad("Arabic digits", "amount", "١٢٫٥٠", "not an amount"),
    bad("full-width digits", "amount", "１２.５０", "not an amount", own=True),
    bad("another currency in the cell", "amount", "USD 12.50", "in another currency"),
    bad("thousands with apostrophes", "amount", "1'099.95", "not an amount", own=True),
    bad("thousands with no-break spaces", "amount", "1\u202f099.95", "not an amount"),
    bad("credit mark behind", "amount", "12.50 CR", "not an amount", own=True),
    bad("masked amount", "amount", "**.**", "not an amount", own=True),
    bad("letter O for zero", "amount", "1O.50", "not an amount", own=True),
    bad("cell error of a spreadsheet", "amount", "#VALUE!", "missing"),
    bad("hashes of a narrow column", "amount", "########", "missing", own=True),
    bad("NaN as an amount", "amount", "nan", "missing"),
    bad("infinity as an amount", "amount", "inf", "not an amount"),
    bad("hexadecimal amount", "amount", "0x1F", "not an amount", own=True),
    bad("underscores in an amount", "amount", "1_000", "not an amount", own=True),
    bad("amount too large for any", "amount", "9" * 40, ""),
    bad("amount is empty", "amount", "", "missing"),
    bad("two points in an amount", "amount", "1.099.95", "not an amount"),
    bad("soft hyphen as minus", "amount", "\u00ad12.50", "not an amount", own=True),
    kept("thousands separators in one cell", "amount", "1,099.95", "1099.95"),
    kept("minus sign of typography", "amount", "\u221212.50", "-12.50", own=True),
    Case("brackets as declared", "kept", "", _written("amount", accounting), source="accounts"),
    Case("decimal comma as declared", "kept", "", _written("amount", lambda x: x.replace(".", ","), ";"), source="comma"),
)  # fmt: skip

DAYS = (
    bad("day first in one cell", "day", "03/04/2026", "not a time"),
    bad("month thirteen", "day", "2026-13-01", "not a time"),
    # One cell proves that months may come first: every cell of which that would make another day is in doubt.
    replace(bad("month first in a day-first file", "day", "04-30-2026", "read in two ways", "dutch"), touched=EITHER_WAY),
    bad("leap day of no leap year", "day", "2023-02-29", "not a time"),
    bad("thirtieth of February", "day", "2026-02-30", "not a time"),
    bad("serial number of a spreadsheet", "day", "45322", "not a time"),
    bad("phone number for a day", "day", "0612345678", "not a time", own=True),
    bad("international number for a day", "day", "4961234567890", "", own=True),
    bad("day without separators", "day", "20260103", "", own=True),
    no_day("zeros for no day", "0000-00-00"),
    bad("year of two digits", "day", "26-01-03", "not a time"),
    bad("year of five digits", "day", "12026-01-03", ""),
    bad("clock of twelve hours", "day", "01/03/2026 03:04 PM", "not a time"),
    bad("hour twenty-five", "day", "2026-01-03 25:00:00", "not a time"),
    bad("hour that the clock skipped", "day", "2026-03-29 02:30:00", "clock skipped", "local"),
    bad("day of tomorrow's year", "day", "2062-01-03", "after the run's day"),
    bad("Buddhist year", "day", "2569-01-03", "after the run's day", own=True),
    bad("month by name", "day", "3 Jan 2026", "not a time"),
    bad("day of another alphabet", "day", "٢٠٢٦-٠١-٠٣", "not a time", own=True),
    bad("two days in a cell", "day", "2026-01-03 / 2026-01-04", "not a time", own=True),
    bad("quarter for a day", "day", "2026-Q1", "not a time", own=True),
    bad("words for a day", "day", "yesterday", "not a time", own=True),
    bad("epoch words", "day", "epoch", "not a time", own=True),
    bad("infinity for a day", "day", "infinity", "", own=True),
    bad("day before Christ", "day", "2026-01-03 (BC)", "not a time", own=True),
    kept("day with a time and an offset", "day", "2026-01-03T01:30:00+02:00", "2026-01-02T23:30:00"),
    kept("epoch in seconds", "day", "1767398400", "2026-01-03", own=True),
    kept("epoch in milliseconds", "day", "1767398400000", "2026-01-03"),
    kept("day with a time in UTC", "day", "2026-01-03T01:30:00Z", "2026-01-03T01:30:00"),
    Case("days in the time of a place", "kept", "", _local, source="local"),
    Case("days as declared", "kept", "", _written("day", lambda x: "-".join(reversed(x.split("-")))), source="dutch"),
)  # fmt: skip

TEXTS = (
    bad("id made a power of ten", "id", "1.23E+11", "a spreadsheet made of an id"),
    bad("id made an error", "id", "#REF!", "a spreadsheet made of an id"),
    bad("id is empty", "id", "", "missing"),
    bad("id is blanks only", "id", "   ", "missing"),
    bad("mail longer than any", "mail", "x" * 330 + "@mail.example", "too long"),
    bad("phone longer than any", "phone", "0" * 80, "too long"),
    kept("soft hyphen in a mail", "mail", "muel\u00adler@mail.example", "mueller@mail.example"),
    kept("zero-width space in a mail", "mail", "mueller\u200b@mail.example", "mueller@mail.example"),
    kept("right-to-left mark in a name", "name", "\u200fמילר\u200f"),
    kept("name in decomposed letters", "name", unicodedata.normalize("NFD", "Müller")),
    kept("formula as a name", "name", "=SUM(A1:A9)"),
    kept("vertical tab inside a cell", "note", "one\vtwo"),
    kept("line separator inside a cell", "note", "one\u2028two"),
    kept("form feed and group separator inside a cell", "note", "one\ftwo\x1dthree", own=True),
    kept("colour code inside a cell", "note", "\x1b[31mred", own=True),
    kept("letters beyond the first plane", "name", "𠮷野 🙂", own=True),
    kept("only quotes in a cell", "note", '""""'),
    kept("HTML entities in a name", "name", "M&uuml;ller &amp; Co", own=True),
    kept("line ends of two kinds inside a cell", "note", "one\r\ntwo\nthree"),
    kept("a header inside a cell", "note", "x\nid,name,mail,phone,amount,day,country,note\ny", own=True),
    kept("a total inside a cell", "note", "x\nTOTAL,,,,1.00,,,\ny", own=True),
    kept("backslash at the end of a quoted cell", "note", "a, b\\", own=True),
    kept("a date as a name", "name", "2026-01-03", own=True),
    kept("dash of typography in a name", "name", "Müller–Lüdenscheidt ’t", own=True),
    noted(kept("double-encoded text", "name", "MÃ¼ller"), "damaged_characters"),
    Case("ids that begin with a hash", "kept", "", _ids(lambda x: "#" + x)),
    Case("ids of 40 digits", "kept", "", _ids(lambda x: "1" * 23 + x)),
    Case("ids as JSON numbers", "kept", "", _json_number, source="lines", ending=".jsonl"),
    Case("names that other programs take for nothing", "kept", "", _names),
    Case("dump with its sign for NULL", "kept", "", _dump),
)  # fmt: skip

CELLS = (*AMOUNTS, *DAYS, *TEXTS)
