"""A file counts only when it is all there: age, last line, marker, manifest, and names of transfers."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.sources.arrivals import find_arrivals, ready_files
from cdp_pipeline.sources.completeness import Promise, promise_of
from cdp_pipeline.sources.raw import Receipt, load_source
from cdp_pipeline_tests.sources.test_arrivals import NOW, put, source
from cdp_pipeline_tests.sources.test_columns import PEOPLE

GOOD = "id,mail\n1,a@b.nl\n2,c@d.nl\n"


def loaded(root: Path, **keys: Any) -> dict[str, tuple[str, str]]:
    """File → status and code, after loading what was accepted; made anew from the same raw folder each time."""
    shape = source("*.csv*", **keys)
    arrivals = find_arrivals(root / "in", {"people": shape}, PEOPLE, [], NOW)
    receipts = load_source(root / "in", root / "raw", "people", shape, PEOPLE, arrivals, datetime(2000, 1, 1))  # noqa: DTZ001
    by_file: dict[str, Receipt] = {r.file: r for r in receipts}
    return {
        a.file: (by_file[a.file].status, code(by_file[a.file].reason))
        if a.file in by_file
        else (a.status, code(a.reason))
        for a in arrivals
    }


def code(reason: str) -> str:
    return reason.partition("[")[2].partition("]")[0]


def promise(root: Path, file: str, **said: Any) -> None:
    put(root / "in", f"{file}.manifest.json", json.dumps(said))


def test_a_cut_off_file_waits(tmp_path: Path) -> None:
    """Without final line end a file waits; a marker, or `final_newline: false`, lets it in, and it is not forgotten."""
    put(tmp_path / "in", "a.csv", GOOD.removesuffix("\n"))
    assert loaded(tmp_path) == {"a.csv": ("unready", "no_final_newline")}
    assert loaded(tmp_path, format={"final_newline": False}) == {"a.csv": ("loaded", "")}
    put(tmp_path / "in", "a.csv.done", "")
    assert loaded(tmp_path) == {"a.csv": ("loaded", "")}


def test_a_packed_file_is_judged_by_its_text(tmp_path: Path) -> None:
    """A whole gzip around a text that ends inside a line is refused, until a marker vouches for it."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.csv.gz"
    path.write_bytes(gzip.compress(GOOD[:-4].encode()))
    os.utime(path, (NOW - 100, NOW - 100))
    assert loaded(tmp_path) == {"a.csv.gz": ("refused", "no_final_newline")}
    put(tmp_path / "in", "a.csv.gz.done", "")
    assert loaded(tmp_path) == {"a.csv.gz": ("loaded", "")}


@pytest.mark.parametrize("ending", [".part", ".filepart", ".crdownload", ".tmp", "~"])
def test_a_transfer_under_way_waits(tmp_path: Path, ending: str) -> None:
    """A name that transfers use is not read, however old."""
    put(tmp_path / "in", f"a.csv{ending}")
    assert loaded(tmp_path) == {f"a.csv{ending}": ("unready", "still_arriving")}
    assert ready_files(tmp_path / "in", {"people": source("*.csv*")}, NOW) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"rows": 2}, ("loaded", "")),
        ({"rows": 3}, ("refused", "manifest_mismatch")),
        ({"rows": 1}, ("refused", "manifest_mismatch")),
        ({"bytes": len(GOOD)}, ("loaded", "")),
        ({"bytes": len(GOOD) + 1}, ("refused", "manifest_mismatch")),
        ({"sha256": hashlib.sha256(GOOD.encode()).hexdigest().upper()}, ("loaded", "")),
        ({"sha256": "0" * 64}, ("refused", "manifest_mismatch")),
        ({"rows": "2"}, ("refused", "bad_manifest")),
        ({"lines": 2}, ("refused", "bad_manifest")),
    ],
)
def test_a_manifest_is_held_to_its_word(tmp_path: Path, said: dict[str, Any], expected: tuple[str, str]) -> None:
    """Rows, bytes and digest of a manifest must be those of the file; the file is then finished at any age."""
    put(tmp_path / "in", "a.csv", GOOD, age=1)
    promise(tmp_path, "a.csv", **said)
    assert loaded(tmp_path) == {"a.csv": expected}


def test_a_mended_manifest_lets_the_same_file_in(tmp_path: Path) -> None:
    """A refusal that says nothing of the bytes is not kept."""
    put(tmp_path / "in", "a.csv", GOOD)
    promise(tmp_path, "a.csv", rows=5)
    assert loaded(tmp_path)["a.csv"] == ("refused", "manifest_mismatch")
    promise(tmp_path, "a.csv", rows=2)
    assert loaded(tmp_path)["a.csv"] == ("loaded", "")
    assert promise_of(tmp_path / "in" / "a.csv") == Promise(rows=2)


def test_lines_set_aside_count_for_the_manifest(tmp_path: Path) -> None:
    """A promise of three rows is kept by two good ones and one that was set aside, totals left out."""
    put(tmp_path / "in", "a.csv", GOOD + "3,x,y\nTotal,\n")
    promise(tmp_path, "a.csv", rows=3)
    assert loaded(tmp_path) == {"a.csv": ("loaded", "")}
    promise(tmp_path, "a.csv", rows=4)
    put(tmp_path / "in", "a.csv", GOOD + "3,x,y\nTotal,\n\n")
    assert loaded(tmp_path) == {"a.csv": ("refused", "manifest_mismatch")}


def test_an_empty_snapshot_takes_nobody_away(tmp_path: Path) -> None:
    """A snapshot with a header only is refused, and the one before counts; an increment may be empty."""
    put(tmp_path / "in", "2026-01-01/a.csv", GOOD)
    put(tmp_path / "in", "2026-01-02/a.csv", "id,mail\n")
    found = loaded(tmp_path, delivery="snapshot")
    assert found["2026-01-02/a.csv"] == ("refused", "empty_snapshot")
    assert loaded(tmp_path)["2026-01-02/a.csv"] == ("loaded", "")


def test_a_file_too_large_is_not_opened(tmp_path: Path) -> None:
    """`max_gb` bounds a file on disk and what it unpacks to."""
    put(tmp_path / "in", "a.csv", GOOD)
    small = {"format": {"max_gb": 1e-8}}
    assert loaded(tmp_path, **small) == {"a.csv": ("refused", "too_big")}
