"""The dates of a text column, read the way the column as a whole demands.

What belongs here: the shapes of written dates, and choosing the order of day and month for all
values of one shape. What does not: guessing cell by cell; 03/04/2026 is read as its column's other
cells are.

A date that cannot be (31 February, month 13) is kept as text of the same layout: a slip of the pen
is still evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

# 3 letters each (4 where 3 are not enough), in English, Dutch, German, French, Spanish, Italian, Danish, Swedish
MONTHS = (
    "jan ene gen", "feb fev", "mar mrt maa", "apr avr abr", "may mai mei maj mag", "jun giu juin",
    "jul lug juil", "aug aou ago", "sep set", "oct okt ott out", "nov", "dec dez dic des",
)  # fmt: skip
SPLIT = "[-/. ]"
TIME = "(?:[ t,].*)?"
# shape, then its possible orders: words and the groups that hold year, month and day
SHAPES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (rf"(\d{{4}}){SPLIT}(\d{{1,2}}){SPLIT}(\d{{1,2}}){TIME}", (("year-month-day", "123"), ("year-day-month", "132"))),
    (r"(\d{4})(\d{2})(\d{2})(?:\.0)?", (("yearmonthday", "123"),)),
    (r"(\d{2})(\d{2})(\d{4})(?:\.0)?", (("daymonthyear", "321"), ("monthdayyear", "312"))),
    (rf"(\d{{1,2}}){SPLIT}(\d{{1,2}}){SPLIT}(\d{{4}}){TIME}", (("day/month/year", "321"), ("month/day/year", "312"))),
    (
        r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2})",
        (("day/month/short year", "321"), ("month/day/short year", "312"), ("short year/month/day", "123")),
    ),
    (
        r"(\d{1,2})(?:st|nd|rd|th|\.|er)?[-/ ]*(?:de )?([a-z]{3,})[-/.,]* ?(?:de )?(\d{4}|\d{2})",
        (("day month-name year", "321"),),
    ),
    (r"([a-z]{3,})[. -]*(\d{1,2})(?:st|nd|rd|th)?[, -]+(\d{4})", (("month-name day, year", "312"),)),
    (r"(\d{4})(?:\.0)?()()", (("year only", "123"),)),
)  # fmt: skip


@dataclass(frozen=True)
class DateFormat:
    sql: str  # 'YYYY-MM-DD' of the column (text); null for values of no known shape
    words: str
    read: int  # values it reads
    values: int  # values that are not empty
    impossible: int  # values read that no calendar has
    is_ambiguous: bool  # another order of day and month reads as many


def detect(con: DuckDBPyConnection, relation: str, column: str) -> DateFormat | None:
    """How to read the dates of `column` (text); None when that gives real dates for less than half of them.

    Two-digit years are of this century below 30, as spreadsheets have it.
    """
    text = f'strip_accents(lower(trim("{column}")))'
    tried = [(shape, words, _written(text, shape, groups)) for shape, orders in SHAPES for words, groups in orders]
    counted = ", ".join(f"count({sql}), count({_real(sql)})" for _, _, sql in tried)
    row = con.execute(f"select count(nullif({text}, '')), {counted} from {relation}").fetchall()[0]
    values, counts = row[0], list(zip(row[1::2], row[2::2], strict=True))
    best: dict[str, int] = {}
    for at, (shape, _, _) in enumerate(tried):
        kind = "eight digits" if shape in (SHAPES[1][0], SHAPES[2][0]) else shape
        if counts[at][0] and counts[at][1] > (counts[best[kind]][1] if kind in best else -1):
            best[kind] = at
    chosen = sorted(best.values(), key=lambda at: (-counts[at][1], at))
    if not chosen or 2 * sum(counts[at][1] for at in chosen) < values:
        return None
    main = chosen[0]
    twins = [
        at
        for at, (shape, words, _) in enumerate(tried)
        if shape == tried[main][0] and at != main and words != "year-day-month"
    ]  # nobody writes that one
    return DateFormat(
        f"coalesce({', '.join(tried[at][2] for at in chosen)})",
        " and ".join(tried[at][1] for at in chosen),
        sum(counts[at][0] for at in chosen),
        values,
        sum(counts[at][0] - counts[at][1] for at in chosen if tried[at][1] != "year only"),
        any(counts[at][1] == counts[main][1] for at in twins),
    )


def layout(year: str, month: str, day: str) -> str:
    """SQL of 'YYYY-MM-DD' from three texts of digits; null when one is no number of that length."""
    full = f"case when len({year}) = 2 then case when {year} < '30' then '20' else '19' end || {year} else {year} end"
    padded = f"lpad({month}, 2, '0') || '-' || lpad({day}, 2, '0')"
    is_date = (
        f"regexp_full_match({year} || '-' || {month} || '-' || {day}, '(\\d{{2}}|\\d{{4}})-\\d{{0,2}}-\\d{{0,2}}')"
    )
    return f"case when {is_date} then {full} || '-' || {padded} end"


def _written(text: str, shape: str, groups: str) -> str:
    parts = [f"regexp_extract({text}, '^{shape}$', {group})" for group in groups]
    if "[a-z]" in shape:
        parts[1] = _month(parts[1])
    return f"case when regexp_full_match({text}, '{shape}') then {layout(*parts)} end"


def _month(name: str) -> str:
    """SQL: the number of a month from its name; null for another word."""
    said = [(word, at + 1) for at, words in enumerate(MONTHS) for word in words.split()]
    said.sort(key=lambda pair: -len(pair[0]))
    cases = " ".join(f"when starts_with({name}, '{word}') then '{at:02d}'" for word, at in said)
    return f"case {cases} end"


def _real(sql: str) -> str:
    """SQL: a day of the calendar between 1500 and 2099; a year alone counts."""
    return f"case when {sql} between '1500' and '2100' then try_cast(replace({sql}, '-00-00', '-01-01') as date) end"
