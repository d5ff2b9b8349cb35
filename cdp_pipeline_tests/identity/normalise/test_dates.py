"""Birth dates as exports write them."""

from __future__ import annotations

import duckdb
import pytest

from cdp_pipeline.identity.normalise import dates


def _read(values):
    con = duckdb.connect()
    con.execute("create table t as select unnest($values) as d", {"values": values})
    form = dates.detect(con, "t", "d")
    return form and (form, [row[0] for row in con.execute(f"select {form.sql} from t").fetchall()])


@pytest.mark.parametrize(
    ("written", "words", "read"),
    [
        (["1980-12-31", "1981-1-2"], "year-month-day", ["1980-12-31", "1981-01-02"]),
        (["1980-12-31 00:00:00", "1981-01-02T10:00:00Z"], "year-month-day", ["1980-12-31", "1981-01-02"]),
        (["19801231", "19810102.0"], "yearmonthday", ["1980-12-31", "1981-01-02"]),
        (["31121980", "02011981"], "daymonthyear", ["1980-12-31", "1981-01-02"]),
        (["31/12/1980", "01/02/1975"], "day/month/year", ["1980-12-31", "1975-02-01"]),
        (["12/31/1980", "01/02/1975"], "month/day/year", ["1980-12-31", "1975-01-02"]),
        (["31-12-80", "1-2-05"], "day/month/short year", ["1980-12-31", "2005-02-01"]),
        (["31 dec 1980", "1 mrt. 1975", "3 août 1960", "12. März 1950"], "day month-name year",
         ["1980-12-31", "1975-03-01", "1960-08-03", "1950-03-12"]),
        (["31 de diciembre de 1980", "2 juillet 1990"], "day month-name year", ["1980-12-31", "1990-07-02"]),
        (["December 31, 1980", "Mar 3rd 1960"], "month-name day, year", ["1980-12-31", "1960-03-03"]),
        (["1980", "1975.0"], "year only", ["1980-00-00", "1975-00-00"]),
    ],
)  # fmt: skip
def test_formats(written, words, read):
    """One format for the column, and every value in one layout."""
    form, found = _read(written)
    assert (form.words, found) == (words, read)


def test_impossible_dates_are_kept_as_text():
    """Month 13 and 30 February stay evidence, in the same layout; other text is empty."""
    form, found = _read(["1980-12-31", "1978-13-04", "1970-02-30", "1981-01-02", "1990-05-05", "?"])
    assert found == ["1980-12-31", "1978-13-04", "1970-02-30", "1981-01-02", "1990-05-05", None]
    assert (form.read, form.values, form.impossible) == (5, 6, 2)


def test_the_whole_column_decides_on_day_and_month():
    """An ambiguous date is read as the others are; a column of only such dates is said to be ambiguous."""
    assert _read(["03/04/1980", "12/31/1980"])[1] == ["1980-03-04", "1980-12-31"]
    assert _read(["03/04/1980", "01/02/1975"])[0].is_ambiguous
    assert not _read(["1980-12-31", "1981-01-02"])[0].is_ambiguous


def test_two_shapes_in_one_column():
    """Dates of two systems in one column are read each in its own shape."""
    form, found = _read(["31.12.1980", "1980-12-31", "30.11.1970"])
    assert found == ["1980-12-31", "1980-12-31", "1970-11-30"]
    assert form.words == "day/month/year and year-month-day"


def test_no_dates():
    """Text, and columns with more impossible dates than real ones, are not read."""
    assert _read(["hello", "x"]) is None
    assert _read(["29/02/1981", "31/31/1980"]) is None
