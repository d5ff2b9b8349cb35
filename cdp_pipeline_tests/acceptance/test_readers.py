"""Readers during publication see one whole state, the old or the new, and never an error.

What belongs here: reading while snapshots change over. What does not: killed runs (test_kills.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from cdp_pipeline.lake import published_snapshot
from cdp_pipeline.manifest import read_manifest
from cdp_pipeline_tests.acceptance.published import AS_OF, publish_next

PUBLICATIONS = 3


def ask_warehouse(data: Path) -> tuple[date, date]:
    """The day of the run and the day of its receipts, as an analyst with the fixed path is told."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as con:
        run = con.execute("select as_of from config.run").fetchall()[0][0]
        receipts = con.execute("select max(as_of) from activation.receipts").fetchall()[0][0]
    return run, receipts


def ask_tables(data: Path) -> tuple[date, date]:
    """The same from the manifest and the Parquet files, in a snapshot resolved once."""
    snapshot = published_snapshot(data)
    assert snapshot
    receipts = duckdb.connect().execute(
        f"select max(as_of) from read_parquet('{snapshot}/activation/receipts.parquet')"
    ).fetchall()[0][0]  # fmt: skip
    return date.fromisoformat(read_manifest(snapshot).as_of), receipts


def test_readers_see_whole_states(exports: Path, data: Path) -> None:
    """While three runs publish, every question is answered, by one state, and days never go back."""
    answers: dict[str, list[tuple[date, date]]] = {"warehouse": [], "tables": []}
    errors: list[Exception] = []
    done = threading.Event()

    def keep_asking(name: str, ask: Callable[[Path], tuple[date, date]]) -> None:
        while not done.is_set():
            try:
                answers[name].append(ask(data))
            except Exception as error:  # noqa: BLE001  (whatever a reader meets is what is tested)
                errors.append(error)
            done.wait(0.02)

    readers = [
        threading.Thread(target=keep_asking, args=item)
        for item in {"warehouse": ask_warehouse, "tables": ask_tables}.items()
    ]
    for reader in readers:
        reader.start()
    try:
        for night in range(1, PUBLICATIONS + 1):
            publish_next(exports, data, as_of=AS_OF + timedelta(days=night))
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert not errors
    for seen in answers.values():
        assert all(run == receipts for run, receipts in seen)
        days = [run for run, _ in seen]
        assert days == sorted(days)
        assert len(set(days)) >= PUBLICATIONS
