"""Rows that a flag of their own forbids to keep: counted, and nowhere else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cdp_pipeline.errors import ProjectError
from cdp_pipeline.project.shapes import Source
from cdp_pipeline.project.words import Words
from cdp_pipeline_tests.sources.test_arrivals import put, source
from cdp_pipeline_tests.sources.test_raw import LONG_AGO, Lake, lake

__all__ = ["lake"]
FILE = "id,mail,flag\n1,a@x.nl,yes\n2,marker@x.nl,no\n3,c@x.nl,\n"
RULE = {"refused": "\"flag\" = 'no'"}


def with_rule(rules: dict[str, str] | None = None) -> Source:
    """The source of these tests with a rule about its column `flag`."""
    return source("*.csv").model_copy(update={"withhold": RULE if rules is None else rules})


def everything(folder: Path) -> str:
    """All values of all Parquet files of a folder, as one text."""
    return " ".join(str(pq.read_table(path).to_pylist()) for path in sorted(folder.glob("*.parquet")))


def test_a_withheld_row_is_counted_and_leaves_nothing(lake: Lake) -> None:
    """Read is loaded, rejected and withheld; the row's values are in no file of the raw folder."""
    put(lake.exports, "a.csv", FILE)
    assert [row[0] for row in lake.load(with_rule())] == ["1", "3"]
    row = lake.files[0]
    assert (row["rows_read"], row["rows_loaded"], row["rows_rejected"], row["rows_withheld"]) == (3, 2, 0, 1)
    assert "marker" not in everything(lake.folder)


def test_lines_of_the_rows_kept_stay_right(lake: Lake) -> None:
    """Lines are those of the export, as if nothing had been held back."""
    put(lake.exports, "a.csv", FILE)
    assert [row[3] for row in lake.load(with_rule())] == [2, 4]


def test_a_new_rule_reads_the_file_again(lake: Lake) -> None:
    """A part that was read without the rule is made anew while its export is there."""
    put(lake.exports, "a.csv", FILE)
    assert len(lake.load(source("*.csv"))) == 3
    assert [row[0] for row in lake.load(with_rule())] == ["1", "3"]
    assert len(list(lake.folder.glob("*.rejects.parquet"))) == 1


@pytest.mark.parametrize("column", ["mail", "flag"])
def test_a_new_rule_reaches_parts_whose_export_is_gone(lake: Lake, column: str) -> None:
    """They are rewritten by what they hold; a column they were never read with counts as empty."""
    path = put(lake.exports, "a.csv", FILE)
    assert len(lake.load(source("*.csv"))) == 3
    assert path.exists()
    path.unlink()
    found = lake.load(with_rule({"refused": f"\"{column}\" in ('no', 'marker@x.nl')"}))
    expected = ["1", "3"] if column == "mail" else ["1", "2", "3"]
    assert [row[0] for row in found] == expected
    assert ("marker" in everything(lake.folder)) is (column == "flag")
    (receipt,) = [row for row in lake.files if row["file"] == "a.csv"]
    assert (receipt["rows_loaded"], receipt["rows_read"]) == (len(expected), 3)
    assert lake.load(with_rule({"refused": f"\"{column}\" in ('no', 'marker@x.nl')"})) == found


def test_a_rule_knows_the_words_of_the_project(lake: Lake) -> None:
    """What is no plain yes is held back; another word for yes reads the export again."""
    put(lake.exports, "a.csv", "id,mail,flag\n1,a@x.nl,Yes \n2,b@x.nl,nope\n3,c@x.nl,\n4,d@x.nl,aye\n")
    granted = with_rule({"not_granted": "permission_status(\"flag\") <> 'granted'"})
    few = Words(statuses=(("yes", "granted"), ("nope", "denied")))
    assert [row[0] for row in lake.load(granted, words=few)] == ["1", "3"]
    more = Words(statuses=(*few.statuses, ("aye", "granted")))
    assert [row[0] for row in lake.load(granted, words=more)] == ["1", "3", "4"]
    assert [row[0] for row in lake.load(granted, words=few)] == ["1", "3"]


def test_words_matter_only_where_a_rule_reads_them(lake: Lake) -> None:
    """A source without a rule is not read again because a word was added."""
    put(lake.exports, "a.csv", FILE)
    lake.load(source("*.csv"))
    before = sorted(path.name for path in lake.folder.iterdir())
    lake.load(source("*.csv"), words=Words(statuses=(("aye", "granted"),)))
    assert sorted(path.name for path in lake.folder.iterdir()) == before


def test_a_rule_that_cannot_run_stops_without_a_value(lake: Lake) -> None:
    """A failing rule is a mistake of the project; its message holds no value of a row."""
    put(lake.exports, "a.csv", FILE)
    with pytest.raises(ProjectError, match="withhold of the source: wrong: the SQL fails on some value") as caught:
        lake.load(with_rule({"wrong": 'cast("mail" as date) is null'}))
    assert "marker" not in str(caught.value)


def test_parts_go_when_their_time_is_over_as_before(lake: Lake) -> None:
    """A rule keeps nothing longer: a part older than the bound goes, rule or not."""
    path = put(lake.exports, "a.csv", FILE)
    lake.load(with_rule(), LONG_AGO)
    path.unlink()
    assert lake.load(with_rule(), datetime(2100, 1, 1)) == []  # noqa: DTZ001 - as the raw layer keeps times
