"""The file of keyed hashes: what is added once, what is told apart, and which keys it needs."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import KeyMismatchError
from cdp_pipeline.ledgers.tombstones import (
    add_tombstones,
    hashed,
    hashed_sql,
    path_of,
    read_tombstones,
    requests_in,
    secret,
    secrets_of,
)
from cdp_pipeline.run.lake import fingerprint

FIRST, SECOND = b"first key", b"second key"


def row(kind: str, key: str, request: str, *, day: int = 1, made_with: bytes = FIRST) -> dict[str, object]:
    return {
        "kind": kind,
        "key": key,
        "since": date(2026, 6, day),
        "request_id": request,
        "made_with": fingerprint(made_with),
    }


def test_a_hash_counts_once_and_stands_once_a_request(tmp_path: Path) -> None:
    """The count is of new hashes; each request keeps its row, and what is known keeps its first day."""
    assert add_tombstones(tmp_path, [row("phone", "b", "r2"), row("email", "a", "r1")]) == 2
    assert add_tombstones(tmp_path, [row("email", "a", "r2"), row("email", "a", "r1", day=9)]) == 0
    rows = [(r["kind"], r["key"], r["request_id"], r["since"].day) for r in read_tombstones(tmp_path).to_pylist()]
    assert rows == [("email", "a", "r1", 1), ("email", "a", "r2", 1), ("phone", "b", "r2", 1)]
    assert requests_in(read_tombstones(tmp_path)) == ["r1", "r2"]


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    """A folder without tombstones has none, and known rows leave the file as it was."""
    assert add_tombstones(tmp_path, []) == 0
    assert read_tombstones(tmp_path).num_rows == 0
    assert not path_of(tmp_path).exists()
    add_tombstones(tmp_path, [row("email", "a", "r1")])
    before = path_of(tmp_path).stat().st_ino
    assert add_tombstones(tmp_path, [row("email", "a", "r1")]) == 0
    assert path_of(tmp_path).stat().st_ino == before


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Neither the folder nor the file can be read by others."""
    add_tombstones(tmp_path / "data", [row("email", "a", "r1")])
    assert path_of(tmp_path / "data").parent.stat().st_mode & 0o777 == 0o700
    assert path_of(tmp_path / "data").stat().st_mode & 0o777 == 0o600


def test_a_hash_is_of_secret_kind_and_value() -> None:
    """In this order with a separator that no value holds, the same in Python and in SQL, half of a SHA-256."""
    wanted = hashlib.sha256(b"s\x1femail\x1fann@mail.example").hexdigest()[:32]
    assert hashed("s", "email", "ann@mail.example") == wanted
    assert duckdb.sql(f"select {hashed_sql('s', repr('email'), repr('ann@mail.example'))}").fetchall() == [(wanted,)]
    assert secret(FIRST) == "e130ec8620cbf2c6b877813f5569cbee55a90cdf808e7c03bd0aa87ec3dee983"
    assert secret(FIRST) != secret(SECOND)


def test_the_secrets_are_in_the_order_of_the_keys(tmp_path: Path) -> None:
    """The present key comes first, whatever the rows were made with; a row whose key is missing is refused."""
    add_tombstones(tmp_path, [row("email", "a", "r1"), row("email", "b", "r1", made_with=SECOND)])
    tombstones = read_tombstones(tmp_path)
    assert secrets_of(tombstones, [SECOND, FIRST]) == [secret(SECOND), secret(FIRST)]
    with pytest.raises(
        KeyMismatchError, match=f"under the key {fingerprint(SECOND)}, this run has {fingerprint(FIRST)}:"
    ):
        secrets_of(tombstones, [FIRST])
