"""The manifest: what is stale, and which checks stand in the way of publication."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_pipeline.run.manifest import Entry, Manifest, Verdict, read_manifest, write_manifest

ORDERS = Entry("k1", "digest of orders", 10)
SPENDING = Entry("k2", "digest of spending", 5, {"staging.orders": "digest of orders"})
PASSED = Verdict(True, True, 0, {"staging.orders": "digest of orders"})
MANIFEST = Manifest(
    run_id="r",
    as_of="2026-06-30",
    tables={"staging.orders": ORDERS, "profiles.spending": SPENDING},
    checks={"sums_agree": PASSED},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A manifest comes back equal, and an empty folder has an empty one."""
    assert read_manifest(tmp_path) == Manifest()
    write_manifest(tmp_path, MANIFEST)
    assert read_manifest(tmp_path) == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_what_somebody_else_wrote_is_read(tmp_path: Path) -> None:
    """What was read is remembered only as long as the file is the same, in whichever of several folders."""
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        write_manifest(folder, replace(MANIFEST, run_id=folder.name))
    assert [read_manifest(folder).run_id for folder in folders] == ["a", "b", "c"]
    (tmp_path / "a" / "manifest.json").replace(tmp_path / "c" / "manifest.json")
    assert [read_manifest(folder).run_id for folder in folders] == ["", "b", "a"]
    kept = tmp_path / "c" / "manifest.json"
    kept.write_text(kept.read_text().replace("sums_agree", "sums_differ"))
    assert list(read_manifest(folders[2]).checks) == ["sums_differ"]


def test_the_same_again_is_not_written(tmp_path: Path) -> None:
    """A manifest that says what the file says leaves the file alone."""
    write_manifest(tmp_path, MANIFEST)
    before = (tmp_path / "manifest.json").stat()
    write_manifest(tmp_path, replace(MANIFEST, tables=dict(MANIFEST.tables)))
    assert (tmp_path / "manifest.json").stat() == before
    write_manifest(tmp_path, replace(MANIFEST, tables={}))
    assert read_manifest(tmp_path).tables == {}


def test_a_table_is_stale_when_what_it_read_was_rebuilt() -> None:
    """Fresh tables are not stale; a new digest below makes the table above stale, and only that."""
    assert MANIFEST.stale() == []
    rebuilt = replace(MANIFEST, tables={**MANIFEST.tables, "staging.orders": replace(ORDERS, digest="new")})
    assert rebuilt.stale() == ["profiles.spending"]


def test_rebuilding_to_the_same_bytes_makes_nothing_stale() -> None:
    """Another key with an equal digest is an equal table."""
    same = replace(MANIFEST, tables={**MANIFEST.tables, "staging.orders": replace(ORDERS, key="other")})
    assert same.stale() == []


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (None, "check sums_agree did not run: cdp run makes and checks what is missing"),
        (replace(PASSED, passed=False, failing_rows=3), "check sums_agree failed on 3 rows"),
        (
            replace(PASSED, passed=False, failing_rows=3, owner="finance", fix="count again"),
            "check sums_agree failed on 3 rows: count again (owner: finance)",
        ),
        (
            replace(PASSED, inputs={"staging.orders": "older"}),
            "check sums_agree ran before its tables were rebuilt: cdp run makes and checks what is missing",
        ),
    ],
)
def test_a_check_that_says_nothing_good_refuses(verdict: Verdict | None, said: str) -> None:
    """A blocking check that failed, did not run, or ran too early is named with its reason."""
    checks = {"sums_agree": verdict} if verdict else {}
    assert replace(MANIFEST, checks=checks).refused(["sums_agree"]) == [said]


def test_a_passed_check_and_an_unasked_one_refuse_nothing() -> None:
    """Only the checks that are expected count, and a pass on today's tables is a pass."""
    assert MANIFEST.refused(["sums_agree"]) == []
    failed = replace(MANIFEST, checks={"other": replace(PASSED, passed=False, failing_rows=1)})
    assert failed.refused([]) == []


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=12))
def test_stale_is_exactly_what_read_another_digest(edges: list[tuple[int, int, bool]]) -> None:
    """For any graph: a table is stale if and only if one of its inputs has another digest than it saw."""
    tables: dict[str, Entry] = {str(n): Entry("k", f"d{n}", 1) for n in range(6)}
    expected = set()
    for reader, read, is_fresh in edges:
        if reader == read or str(read) in tables[str(reader)].inputs:
            continue
        seen = f"d{read}" if is_fresh else "older"
        tables[str(reader)] = replace(tables[str(reader)], inputs={**tables[str(reader)].inputs, str(read): seen})
        expected |= set() if is_fresh else {str(reader)}
    assert Manifest(tables=tables).stale() == sorted(expected)


def test_a_reused_table_says_so() -> None:
    """An entry taken over cost no time and is marked."""
    reused = replace(ORDERS, seconds=3.0).reused()
    assert (reused.is_reused, reused.seconds, reused.digest) == (True, 0.0, ORDERS.digest)
