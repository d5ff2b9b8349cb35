"""Files that are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cdp_pipeline.run import failpoints as faults
from cdp_pipeline.run import whole_file
from cdp_pipeline.run.failpoints import FaultError, forget
from cdp_pipeline.run.whole_file import append_line, is_leftover, remove_leftovers, replaced, write_whole


def test_a_file_is_replaced_by_a_whole_one(tmp_path: Path) -> None:
    """The new content is there, for its owner alone, and nothing lies beside it."""
    path = tmp_path / "privacy" / "requests.csv"
    write_whole(path, "one", "requests")
    write_whole(path, b"two", "requests")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["requests.csv"]


@pytest.mark.parametrize(("point", "expected"), [("begin", "old"), ("written", "old"), ("replaced", "new")])
def test_an_error_leaves_the_old_or_the_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, expected: str
) -> None:
    """At each of its points an error leaves one whole file, and no other."""
    path = tmp_path / "requests.csv"
    path.write_text("old")
    forget()
    monkeypatch.setenv(faults.VARIABLE, f"raise@requests.{point}")
    with pytest.raises(FaultError):
        write_whole(path, "new", "requests")
    assert path.read_text() == expected
    assert [found.name for found in tmp_path.iterdir()] == ["requests.csv"]


def test_content_reaches_the_disk_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lasting file is flushed, then renamed, then its folder is flushed: power may go at any moment."""
    said: list[str] = []
    monkeypatch.setattr(whole_file, "flush", lambda path: said.append(f"flush {path.name[:9]}"))
    rename = Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, to: (said.append(f"rename to {to.name}"), rename(path, to))[1])
    write_whole(tmp_path / "a.csv", "text", "a")
    assert said == ["flush .a.csv." + str(os.getpid())[:2], "rename to a.csv", f"flush {tmp_path.name[:9]}"]


def test_a_failing_writer_leaves_nothing_half_written(tmp_path: Path) -> None:
    """When the block that writes breaks, its temporary file goes."""

    def broken() -> None:
        with replaced(tmp_path / "a", "a") as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert not list(tmp_path.iterdir())


def test_lines_are_added_behind_a_torn_one(tmp_path: Path) -> None:
    """What a dead writer left half written stays a line of its own and spoils no other."""
    path = tmp_path / "alerts.jsonl"
    append_line(path, "first", "alert")
    with path.open("a") as file:
        file.write("hal")
    append_line(path, "second\n", "alert")
    assert path.read_text() == "first\nhal\nsecond\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_leftovers_of_dead_processes_go(tmp_path: Path) -> None:
    """The temporary file of a process that is gone is removed; that of a living one and every other file stay."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f".a.{dead.pid}", f".b.duckdb.{dead.pid}.wal", f".c.{os.getpid()}", ".lock", "d.123"):
        (tmp_path / name).write_text("")
    assert is_leftover(tmp_path / f".a.{dead.pid}")
    assert not is_leftover(tmp_path / f".c.{os.getpid()}")
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f".c.{os.getpid()}", ".lock", "d.123"}
