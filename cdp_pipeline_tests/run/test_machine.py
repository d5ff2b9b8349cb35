"""What the machine says is told in our words with a cure; nothing else of an error's text is."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.run.machine import is_interruption, machine_error

CANARY = "canary@mail.example"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space left on the disk (/data): free some"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "the file system is read-only (/data): mount it for writing"),
        (errno.EACCES, "permission denied (/data): run as the owner"),
        (errno.EMFILE, "too many open files: raise the limit"),
        (errno.ENOMEM, "not enough memory: "),
        (errno.EIO, "dmesg"),
    ],
)
def test_what_the_system_says_is_told_with_its_cure(number: int, words: str) -> None:
    """By its number, without the text that came with it."""
    said = machine_error(OSError(number, CANARY), Path("/data"))
    assert words in str(said)
    assert CANARY not in str(said)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (duckdb.IOException(f"Could not write {CANARY}: No space left on device"), "no space left"),
        (duckdb.IOException(f'Cannot open file "{CANARY}": Read-only file system'), "read-only"),
        (duckdb.IOException(f'Cannot open file "{CANARY}": Too many open files'), "too many open files"),
        (duckdb.OutOfMemoryException("failed to offload data block of size 256.0 KiB"), "no space left"),
        (duckdb.OutOfMemoryException("could not allocate block of size 256.0 KiB"), "memory_limit"),
        (sqlite3.OperationalError("database or disk is full"), "no space left"),
        (sqlite3.DatabaseError("file is not a database"), "history of runs is damaged (/data): move"),
        (sqlite3.OperationalError("unable to open database file"), "history of runs cannot be opened"),
        (MemoryError(), "not enough memory"),
    ],
)
def test_libraries_repeat_it_in_their_own_errors(error: Exception, words: str) -> None:
    """DuckDB and SQLite have no errno: their texts are searched for the words of the system, and not shown."""
    assert words in str(machine_error(error, Path("/data")))
    assert CANARY not in str(machine_error(error, Path("/data")))


def test_it_is_found_below_another_error() -> None:
    """What a library raised from it is about the same full disk; what was raised in spite of it is not."""
    full = OSError(errno.ENOSPC, "x")
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = full
    assert "no space" in str(machine_error(wrapped))
    beside = ValueError("beside")
    beside.__context__, beside.__suppress_context__ = full, True
    assert machine_error(beside) is None


def test_a_value_that_reads_like_it_is_none() -> None:
    """Only errors that can come from the system are searched; a missing table or a bad cell is another matter."""
    for error in (
        duckdb.ConversionException("Could not convert string 'No space left on device' to INT32"),
        ValueError(os.strerror(errno.ENOSPC)),
        FileNotFoundError("table staging.people has not been made"),
        FileNotFoundError(errno.ENOENT, "x", "y"),
    ):
        assert machine_error(error) is None


def test_the_file_is_named_as_it_may_be_shown(tmp_path: Path) -> None:
    """The path that was asked for, without characters that steer a terminal."""
    name = f"{tmp_path}/a\x1b[31m"
    assert f"permission denied ({tmp_path}/a?[31m)" in str(machine_error(PermissionError(errno.EACCES, "x", name)))


def test_a_signal_is_known_behind_the_error_of_a_library() -> None:
    """DuckDB says "Query interrupted" and hides the exception of the signal; other runtime errors are errors."""
    assert is_interruption(RuntimeError("Query interrupted"))
    assert is_interruption(duckdb.InterruptException("INTERRUPT Error: Interrupted!"))
    wrapped = ValueError("wrapped")
    wrapped.__context__ = KeyboardInterrupt()
    assert is_interruption(wrapped)
    assert not is_interruption(RuntimeError("dictionary changed size"))
