"""The date format of a column, found from the column as a whole.

What belongs here: choosing one format for all values of a column. What does not: guessing cell by
cell; 03/04/2026 is read the way the other cells of its column demand.
"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

# in order of preference when two formats read the column equally well
FORMATS: tuple[tuple[str, str], ...] = (
    ("%Y-%m-%d", "year-month-day"),
    ("%Y%m%d", "yearmonthday"),
    ("%d-%m-%Y", "day-month-year"),
    ("%d/%m/%Y", "day/month/year"),
    ("%d.%m.%Y", "day.month.year"),
    ("%m/%d/%Y", "month/day/year"),
    ("%m-%d-%Y", "month-day-year"),
    ("%Y/%m/%d", "year/month/day"),
    ("%Y-%m-%d %H:%M:%S", "year-month-day with time"),
    ("%Y-%m-%dT%H:%M:%S", "year-month-day with time"),
    ("%d %b %Y", "day month-name year"),
    ("%d %B %Y", "day month-name year"),
    ("%b %d %Y", "month-name day year"),
    ("%B %d, %Y", "month-name day, year"),
    ("%d/%m/%y", "day/month/short year"),
    ("%m/%d/%y", "month/day/short year"),
)


@dataclass(frozen=True)
class DateFormat:
    pattern: str  # strptime
    words: str
    read: int  # values it reads
    values: int  # values that are not empty
    is_ambiguous: bool  # another order of day and month reads as many


def detect(con: DuckDBPyConnection, relation: str, column: str) -> DateFormat | None:
    """The format that reads most values of `column` (text); None when none reads half of them."""
    text = f"""trim("{column}")"""
    counted = ", ".join(f"count(try_strptime({text}, '{pattern}'))" for pattern, _ in FORMATS)
    row = con.execute(f"""select count(nullif({text}, '')), {counted} from {relation}""").fetchall()[0]
    values, reads = row[0], row[1:]
    best = max(range(len(FORMATS)), key=lambda at: (reads[at], -at))
    if not values or reads[best] * 2 < values:
        return None
    pattern, words = FORMATS[best]
    twin = pattern.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
    is_ambiguous = any(other == twin != pattern and reads[at] == reads[best] for at, (other, _) in enumerate(FORMATS))
    return DateFormat(pattern, words, reads[best], values, is_ambiguous)
