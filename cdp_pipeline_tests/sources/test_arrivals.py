"""Which files of the drop zone count, and for which source."""

# ruff: noqa: DTZ001  (times without offset are what is tested)

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline.project.shapes import Source
from cdp_pipeline.sources.arrivals import Arrival, delivery_time, find_arrivals, matches, ready_files
from cdp_pipeline_tests.sources.test_columns import PEOPLE

NOW = 1_800_000_000.0


def source(files: str, record_id: str = "id", **keys: Any) -> Source:
    """A source of people with one required column."""
    into: dict[str, Any] = {"people": {"columns": {"record_id": record_id, "email": "mail"}}}
    return Source.model_validate(
        {"description": "x", "owner": "x", "files": files, "legal_basis": "contract", "into": into} | keys
    )


def put(root: Path, file: str, text: str = "id,mail\n1,a@b.nl\n", age: float = 3600) -> Path:
    """A file that was last changed `age` seconds before NOW."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (NOW - age, NOW - age))
    return path


def verdicts(root: Path, sources: dict[str, Source], previous: list[Arrival] | None = None) -> dict[str, str]:
    """File → status."""
    return {a.file: a.status for a in find_arrivals(root, sources, PEOPLE, previous or [], NOW)}


def test_only_finished_regular_files_inside_the_root_count(tmp_path: Path) -> None:
    """Hidden and _ names, markers and folders are passed over; links out of the root, loops and pipes are refused."""
    root = tmp_path / "exports"
    for file in ("a.csv", "deep/er/a.csv", "_old/a.csv", ".git/a.csv", "_a.csv", ".a.csv", "a.csv.done", "notes.txt"):
        put(root, file, f"id,mail\n{file},x\n")
    outside = put(tmp_path, "outside.csv")
    (root / "link.csv").symlink_to(outside)
    (root / "linked").symlink_to(tmp_path)
    (root / "loop").symlink_to(root)
    (root / "dangling.csv").symlink_to(root / "nowhere")
    (root / "self.csv").symlink_to(root / "self.csv")
    os.mkfifo(root / "pipe.csv")
    assert verdicts(root, {"people": source("*.csv")}) == {
        "a.csv": "accepted",
        "deep/er/a.csv": "accepted",
        "notes.txt": "unclaimed",
        **dict.fromkeys(("link.csv", "linked", "loop", "dangling.csv", "self.csv", "pipe.csv"), "refused"),
    }


def test_a_file_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A name with bytes outside UTF-8 is listed, not loaded, and stops nothing."""
    os.close(os.open(os.fsencode(tmp_path) + b"/caf\xe9.csv", os.O_CREAT))
    put(tmp_path, "a.csv")
    found = find_arrivals(tmp_path, {"people": source("*.csv")}, PEOPLE, [], NOW)
    assert [(a.file[:8], a.status) for a in found] == [("a.csv", "accepted"), ("caf?.csv", "refused")]


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is readable for root")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    """A file without read permission is listed with its reason."""
    put(tmp_path, "a.csv").chmod(0)
    found = find_arrivals(tmp_path, {"people": source("*.csv")}, PEOPLE, [], NOW)
    assert (found[0].status, "[unreadable]" in found[0].reason) == ("refused", True)


def test_a_young_file_waits_for_its_marker(tmp_path: Path) -> None:
    """A file changed less than a minute ago is unready unless its .done marker is there."""
    put(tmp_path, "young.csv", age=5)
    put(tmp_path, "marked.csv", "id,mail\n2,x\n", age=5)
    put(tmp_path, "marked.csv.done", "", age=5)
    sources = {"people": source("*.csv")}
    assert verdicts(tmp_path, sources) == {"young.csv": "unready", "marked.csv": "accepted"}
    assert [line.split(":")[0] for line in ready_files(tmp_path, sources, NOW)] == ["marked.csv"]


def test_known_files_keep_their_fingerprint_unread(tmp_path: Path) -> None:
    """Equal path, size and time take the fingerprint of last time; a changed time reads it again."""
    sources = {"people": source("*.csv")}
    path = put(tmp_path, "a.csv")
    first = find_arrivals(tmp_path, sources, PEOPLE, [], NOW)
    path.write_text("id,mail\n9,z@b.nl\n", encoding="utf-8")
    os.utime(path, (NOW - 3600, NOW - 3600))
    second = find_arrivals(tmp_path, sources, PEOPLE, first, NOW)
    assert (second[0].fingerprint, second[0].status) == (first[0].fingerprint, "accepted")
    os.utime(path, (NOW - 1800, NOW - 1800))
    third = find_arrivals(tmp_path, sources, PEOPLE, second, NOW)
    assert third[0].fingerprint != first[0].fingerprint
    assert third[0].status == "accepted"


def test_equal_content_counts_once(tmp_path: Path) -> None:
    """The file that was delivered first counts; the other is a duplicate and says of what."""
    put(tmp_path, "2026-02-01/a.csv")
    put(tmp_path, "2026-01-01/b.csv")
    found = {a.file: a for a in find_arrivals(tmp_path, {"people": source("*.csv")}, PEOPLE, [], NOW)}
    assert found["2026-01-01/b.csv"].status == "accepted"
    assert (found["2026-02-01/a.csv"].status, found["2026-02-01/a.csv"].reason) == (
        "duplicate",
        "same content as 2026-01-01/b.csv",
    )


def test_a_newer_snapshot_supersedes_older_ones(tmp_path: Path) -> None:
    """All files of the newest delivery count, also when one repeats an older content."""
    for file, mail in (
        ("2026-01-01/a.csv", "x"),
        ("2026-01-02/a.csv", "y"),
        ("2026-01-03/a.csv", "x"),
        ("2026-01-03/b.csv", "z"),
    ):
        put(tmp_path, file, f"id,mail\n1,{mail}\n")
    assert verdicts(tmp_path, {"people": source("*.csv", delivery="snapshot")}) == {
        "2026-01-01/a.csv": "superseded",
        "2026-01-02/a.csv": "superseded",
        "2026-01-03/a.csv": "accepted",
        "2026-01-03/b.csv": "accepted",
    }


def test_the_more_specific_pattern_claims_unless_the_header_does_not_fit(tmp_path: Path) -> None:
    """The longer literal pattern is asked first; the next one gets the file when columns are missing."""
    put(tmp_path, "shop_contacts.csv")
    put(tmp_path, "shop/contacts.csv", "key,mail\n1,x\n")
    put(tmp_path, "other_contacts.csv", "kee,mail\n1,x\n")
    sources = {"wide": source("*contacts.csv", record_id="key"), "narrow": source("shop*contacts.csv")}
    found = {a.file: a for a in find_arrivals(tmp_path, sources, PEOPLE, [], NOW)}
    assert found["shop_contacts.csv"].source == "narrow"
    assert found["shop/contacts.csv"].source == "wide"
    refused = found["other_contacts.csv"]
    assert (refused.status, refused.source) == ("refused", "wide")
    assert refused.reason.startswith("missing key (did you mean kee?) [missing_columns]")


def test_two_equal_claims_are_refused(tmp_path: Path) -> None:
    """Two sources with equally specific patterns and fitting headers leave the file out, by name."""
    put(tmp_path, "a.csv")
    found = find_arrivals(tmp_path, {"one": source("*.csv"), "two": source("*.csv")}, PEOPLE, [], NOW)
    assert found[0].status == "refused"
    assert "claimed by one and two [claimed_twice]" in found[0].reason


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a/2026-03-01.csv", datetime(2026, 3, 1)),
        ("2026-03-01/orders_20260302_0130.csv", datetime(2026, 3, 2, 1, 30)),
        ("x_2026-03-01T04-05-06Z.csv", datetime(2026, 3, 1, 4, 5, 6)),
        ("x_20261399.csv", datetime(1970, 1, 1)),
        ("x_120260301.csv", datetime(1970, 1, 1)),
    ],
)
def test_delivery_time_is_in_the_path(file: str, expected: datetime) -> None:
    """The last date of the path counts; what is no date does not, then the last change does."""
    assert delivery_time(file, 0.0) == expected


@pytest.mark.parametrize(
    ("file", "pattern", "expected"),
    [
        ("a.csv", "*.csv", True),
        ("x/y/a.csv", "*.csv", True),
        ("x/y/a.csv", "**/a.csv", True),
        ("a.csv", "**/a.csv", True),
        ("x/a.csv", "x/*.csv", True),
        ("w/x/a.csv", "x/*.csv", True),
        ("x/y/a.csv", "x/*.csv", False),
        ("x/y/a.csv", "x/**/*.csv", True),
        ("x/a.csv", "x/**/*.csv", True),
        ("A.csv", "a.csv", False),
        ("ab.csv", "a?.csv", True),
        ("a1.csv", "a[0-9].csv", True),
        ("ax.csv", "a[!0-9].csv", True),
        ("axcsv", "a.csv", False),
    ],
)
def test_patterns_fit_at_any_depth(file: str, pattern: str, expected: bool) -> None:
    """Globs are case-sensitive; a star stays inside a folder, two stars do not."""
    assert matches(file, pattern) is expected
