"""A verdict as a line of verdicts.csv: which records it names, and what happens to lines before it."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain import verdict
from cdp_pipeline.ledgers.verdicts import read_verdicts
from cdp_pipeline.privacy.door import Door
from cdp_pipeline.privacy.keys import EXCHANGED
from cdp_pipeline.run.manifest import read_manifest

DAY = date(2026, 2, 1)


def judged(data: Path, one: str, other: str, said: str, day: date = DAY, note: str = "") -> verdict.Judged:
    return verdict.judge(data / "current", Door(data, "identity judge"), (one, other), said, day, "somebody", note)


def key(data: Path, record_id: str) -> int:
    sql = f"select record_key from '{data}/current/identity/records.parquet' where record_id = '{record_id}'"
    return int(duckdb.sql(sql).fetchall()[0][0])


def test_a_verdict_is_a_line_that_the_next_run_reads(data: Path) -> None:
    """The line names the two records by their keys, smaller first, in a file for its owner alone."""
    said = judged(data, "crm:7", "crm:5", "same", note="rang, both")
    assert said == verdict.Judged("crm:7", "crm:5", "same", True)
    rows = read_verdicts(data / "verdicts.csv").to_pylist()
    low, high = sorted((key(data, "7"), key(data, "5")))
    assert [(r["record_key_l"], r["record_key_r"], r["verdict"], r["note"]) for r in rows] == [
        (low, high, "same", "rang, both")
    ]
    assert rows[0]["decided_at"].date() == DAY
    assert stat.S_IMODE((data / "verdicts.csv").stat().st_mode) == 0o600
    assert "mail.example" not in (data / "verdicts.csv").read_text()


def test_the_same_verdict_is_written_once(data: Path) -> None:
    """A verdict that stands is not repeated, in either order; another one is added and wins."""
    judged(data, "crm:7", "crm:5", "same")
    before = (data / "verdicts.csv").read_bytes()
    assert not judged(data, "crm:5", "crm:7", "same", date(2026, 2, 2)).is_new
    assert (data / "verdicts.csv").read_bytes() == before
    assert judged(data, "crm:5", "crm:7", "different").is_new
    assert judged(data, "crm:5", "crm:7", "same").is_new
    assert [r["verdict"] for r in read_verdicts(data / "verdicts.csv").to_pylist()] == ["same", "different", "same"]


def test_lines_written_by_hand_are_kept(data: Path) -> None:
    """Fewer columns, another order and a byte order mark survive the next verdict."""
    path = data / "verdicts.csv"
    path.write_text("verdict,record_r,record_l,decided_at\nsame,12,11,2026-01-01\n", encoding="utf-8-sig")
    judged(data, "crm:7", "crm:5", "different")
    rows = read_verdicts(path).to_pylist()
    assert (rows[0]["record_key_l"], rows[0]["verdict"], rows[0]["reviewer"]) == (11, "same", "")
    assert rows[1]["reviewer"] == "somebody"


def test_a_wrong_file_is_not_touched(data: Path) -> None:
    """A mistake in the file is told with its line, and nothing is written."""
    path = data / "verdicts.csv"
    path.write_text("record_l,record_r,verdict,decided_at\n11,12,sane,2026-01-01\n")
    with pytest.raises(InputError, match=r"verdicts.csv:2: verdict must be same or different"):
        judged(data, "crm:7", "crm:5", "same")
    assert path.read_text().count("\n") == 2


def test_a_person_stands_for_its_nearest_record(data: Path) -> None:
    """Two person ids become the pair of records that comes nearest to joining them."""
    people = dict(
        duckdb.sql(f"select record_id, person_id from '{data}/current/identity/person_records.parquet'").fetchall()
    )
    said = judged(data, people["4"], people["1"], "different")
    assert said.left == "crm:4"
    assert said.right in {"crm:1", "shop:2", "shop:3"}


def test_a_person_is_split_by_naming_records(data: Path) -> None:
    """One person cannot be judged against itself; two of its records can, one record cannot."""
    people = dict(
        duckdb.sql(f"select record_id, person_id from '{data}/current/identity/person_records.parquet'").fetchall()
    )
    with pytest.raises(InputError, match="name two of its records"):
        judged(data, people["1"], "shop:3", "different")
    with pytest.raises(InputError, match="is one record: name two"):
        judged(data, "crm:1", "crm:1", "different")
    assert judged(data, "crm:1", "shop:3", "different").is_new


def test_between_an_exchange_of_the_key_and_the_next_run_nothing_is_judged(data: Path) -> None:
    """What is published names records by the old key; the next run would not know them."""
    made_with = read_manifest(data / "current").key_fingerprint
    (data / EXCHANGED).write_text(f"{made_with} another\n")
    with pytest.raises(InputError, match="the key was exchanged"):
        judged(data, "crm:7", "crm:5", "same")
    assert not (data / "verdicts.csv").exists()
