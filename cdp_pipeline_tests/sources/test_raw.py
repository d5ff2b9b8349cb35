"""Parts of the raw layer: made once, kept, removed, and accounted for."""

# ruff: noqa: DTZ001  (times without offset are what is tested)

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.project.shapes import Source
from cdp_pipeline.project.words import Words
from cdp_pipeline.sources import raw
from cdp_pipeline.sources.account import files_table, rejects_table
from cdp_pipeline.sources.arrivals import Arrival, find_arrivals
from cdp_pipeline.sources.raw import NO_WORDS, Receipt, load_source
from cdp_pipeline_tests.sources.test_arrivals import NOW, put, source
from cdp_pipeline_tests.sources.test_columns import PEOPLE

LONG_AGO = datetime(2000, 1, 1)


class Lake:
    """A drop zone and the raw folder of one source, loaded as often as asked."""

    def __init__(self, root: Path) -> None:
        self.exports, self.folder = root / "exports", root / "raw" / "people"
        self.arrivals: list[Arrival] = []
        self.receipts: list[Receipt] = []

    def load(
        self, shape: Source, keep_since: datetime = LONG_AGO, words: Words = NO_WORDS
    ) -> Sequence[tuple[Any, ...]]:
        """Load once more; the rows of the raw table."""
        self.arrivals = find_arrivals(self.exports, {"people": shape}, PEOPLE, self.arrivals, NOW)
        self.receipts = load_source(
            self.exports, self.folder, "people", shape, PEOPLE, self.arrivals, keep_since, words=words
        )
        parts = [str(p) for p in self.folder.glob("*.parquet") if not p.name.endswith(".rejects.parquet")]
        with duckdb.connect() as con:
            query = "select id, mail, _file, _line from read_parquet(?, union_by_name = true) order by all"
            return con.execute(query, [parts]).fetchall()

    @property
    def files(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = files_table({"people": self.folder}, self.arrivals).to_pylist()
        return sorted(rows, key=lambda row: str(row["file"]))

    @property
    def statuses(self) -> Mapping[str, str]:
        return {row["file"]: row["status"] for row in self.files}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(tmp_path)


def test_rows_carry_their_origin(lake: Lake) -> None:
    """A raw row has the mapped columns as text, its file and its line; other columns are named, not kept."""
    put(lake.exports, "2026-01-02/a.csv", 'id,extra,mail\n007,"x\ny",a@b.nl\n008,z,\n')
    assert lake.load(source("*.csv")) == [("007", "a@b.nl", "2026-01-02/a.csv", 2), ("008", "", "2026-01-02/a.csv", 4)]
    row = lake.files[0]
    assert (row["status"], row["unmapped_columns"], row["missing_columns"]) == ("loaded", ["extra"], [])


def test_every_record_is_accounted_for(lake: Lake) -> None:
    """Rows read are rows loaded and rows rejected; rejects stand in quarantine.lines with file and line."""
    put(lake.exports, "a.csv", 'id,mail\n1,"x"\n2\n3,y,z\n\n4,w\n')
    lake.load(source("*.csv"))
    row = lake.files[0]
    assert (row["rows_read"], row["rows_loaded"], row["rows_rejected"], row["blank_lines"]) == (4, 2, 2, 1)
    lines = rejects_table({"people": lake.folder}).to_pylist()
    assert [(r["source"], r["file"], r["line"], r["code"], r["content"]) for r in lines] == [
        ("people", "a.csv", 3, "too_few_fields", "2"),
        ("people", "a.csv", 4, "too_many_fields", "3,y,z"),
    ]


def test_an_unchanged_file_is_not_read_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run opens neither known nor renamed files; a renamed one keeps its first name."""
    path = put(lake.exports, "a.csv")
    put(lake.exports, "bad.csv", "id,mail\n" + "x\n" * 3000)
    first = lake.load(source("*.csv"))
    monkeypatch.setattr(raw, "read_file", None)
    assert lake.load(source("*.csv")) == first
    path.rename(lake.exports / "b.csv")
    assert lake.load(source("*.csv")) == first
    assert [(r["file"], r["reason"]) for r in lake.files if r["status"] == "loaded"] == [("a.csv", "now named b.csv")]


def test_a_part_outlives_its_file_until_its_time_is_over(lake: Lake) -> None:
    """Rows of an increment stay when the export is moved away, and go when they are too old."""
    put(lake.exports, "2026-01-01/a.csv").unlink()
    put(lake.exports, "2026-01-01/a.csv")
    first = lake.load(source("*.csv"))
    (lake.exports / "2026-01-01/a.csv").unlink()
    assert lake.load(source("*.csv")) == first
    assert lake.statuses == {"2026-01-01/a.csv": "loaded"}
    assert lake.load(source("*.csv"), keep_since=datetime(2026, 1, 2)) == []


def test_a_new_mapping_reads_files_again(lake: Lake) -> None:
    """A changed column or format makes new parts in place of the old ones."""
    put(lake.exports, "a.csv", "id,mail,tel\n1,x,06\n")
    lake.load(source("*.csv"))
    changed: dict[str, Any] = {"into": {"people": {"columns": {"record_id": "id", "email": "mail", "phone": "tel"}}}}
    lake.load(source("*.csv", **changed))
    assert len(list(lake.folder.glob("*.parquet"))) == 2
    assert lake.files[0]["unmapped_columns"] == []


def test_only_the_newest_snapshot_is_in_the_table(lake: Lake) -> None:
    """A newer delivery replaces the rows of an older one, also one that comes back to an old content."""
    snapshot = source("*.csv", delivery="snapshot")
    put(lake.exports, "2026-01-01/a.csv", "id,mail\n1,x\n")
    assert [row[0] for row in lake.load(snapshot)] == ["1"]
    put(lake.exports, "2026-01-02/a.csv", "id,mail\n2,x\n")
    assert [row[0] for row in lake.load(snapshot)] == ["2"]
    assert lake.statuses == {"2026-01-01/a.csv": "superseded", "2026-01-02/a.csv": "loaded"}
    put(lake.exports, "2026-01-03/a.csv", "id,mail\n1,x\n")
    assert [row[0] for row in lake.load(snapshot)] == ["1"]


@pytest.mark.parametrize("is_first_run", [True, False])
def test_a_refused_snapshot_leaves_the_one_before(lake: Lake, is_first_run: bool) -> None:
    """When nothing of the newest delivery is acceptable the delivery before it counts, on any run."""
    snapshot = source("*.csv", delivery="snapshot")
    put(lake.exports, "2026-01-01/a.csv", "id,mail\n1,x\n")
    if not is_first_run:
        lake.load(snapshot)
    put(lake.exports, "2026-01-02/a.csv", "id,mail\n" + "x\n" * 3000)
    assert [row[0] for row in lake.load(snapshot)] == ["1"]
    assert lake.statuses == {"2026-01-01/a.csv": "loaded", "2026-01-02/a.csv": "refused"}


def test_a_file_that_changes_while_it_is_read_is_not_used(lake: Lake) -> None:
    """Bytes that are not those of the fingerprint never become a part."""
    path = put(lake.exports, "a.csv")
    arrivals = find_arrivals(lake.exports, {"people": source("*.csv")}, PEOPLE, [], NOW)
    path.write_text("id,mail\n1,other\n", encoding="utf-8")
    os.utime(path, (NOW - 100, NOW - 100))
    receipts = load_source(lake.exports, lake.folder, "people", source("*.csv"), PEOPLE, arrivals, LONG_AGO)
    assert (receipts[0].status, "changed_while_read" in receipts[0].reason) == ("refused", True)
    account = files_table({"people": lake.folder}, arrivals).to_pylist()
    assert [(row["status"], row["rows_loaded"]) for row in account] == [("unready", 0)]
    assert lake.load(source("*.csv"))[0][1] == "other"


def test_a_table_without_files_has_its_columns(lake: Lake) -> None:
    """Nothing delivered is an empty table, not a missing one."""
    lake.exports.mkdir(parents=True)
    assert lake.load(source("*.csv")) == []
    assert lake.files == []


def test_a_killed_write_leaves_no_part(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part appears whole or not at all, and only with its sidecar."""
    put(lake.exports, "a.csv")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(raw, "_write_sidecar", killed)
        with pytest.raises(KeyboardInterrupt):
            lake.load(source("*.csv"))
    assert not list(lake.folder.glob("[!.]*.parquet"))
    assert len(lake.load(source("*.csv"))) == 1
