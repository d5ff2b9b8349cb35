"""Lines of replays.jsonl: added behind those that are there, and told when they are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.replays import FILE, Replay, add_replays, read_replays

FIRST = Replay("orders", "shop", "f1", 7, "a", "b", {"total": "12.50"}, "2026-06-01", "ann")
SECOND = Replay("people", "crm", "f2", 9, "c", "d", {"city": ""}, "2026-06-02", "bart")


def test_lines_are_added_in_their_order(tmp_path: Path) -> None:
    """What was there stays before what comes; a place is table, source, export and line."""
    assert read_replays(tmp_path) == []
    add_replays(tmp_path, [FIRST])
    add_replays(tmp_path, [SECOND])
    assert read_replays(tmp_path) == [FIRST, SECOND]
    assert SECOND.place == ("people", "crm", "f2", 9)


def test_lines_that_are_no_replay_are_told_by_number(tmp_path: Path) -> None:
    """Broken JSON, other keys; an empty line is none. The text of a line is not repeated."""
    add_replays(tmp_path, [FIRST])
    with (tmp_path / FILE).open("a") as file:
        file.write('\n{"table": "secret"}\nhalf a secr\n')
    with pytest.raises(InputError) as error:
        read_replays(tmp_path)
    assert [problem.partition(": ")[0] for problem in error.value.problems] == [f"{FILE}:3", f"{FILE}:4"]
    assert "secr" not in str(error.value)
