"""Withdrawals outlive going back: what was read of permissions since is handed to the older state."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.operations.restore import restore
from cdp_pipeline.publishing.rollback import roll_back
from cdp_pipeline.publishing.withdrawals import take_withdrawals
from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline_tests.privacy.town import Town, town


def withdrawn(made: Town) -> bool:
    """Whether staging knows that Cor took the permission back."""
    rows = made.rows("staging.permissions", "value, status, changed_at::date::varchar")
    return any(value == "cor@mail.example" and day == "2026-06-02" for value, _, day in rows)


def withdraw(made: Town) -> None:
    """A night with Cor's withdrawal, published; its exports leave the drop zone after it."""
    old = "cor@mail.example,+31687654321,2024-01-01 10:00,2024-01-01 10:00,Yes,2024-01-01 10:00"
    new = "cor@mail.example,+31687654321,2024-01-01 10:00,2026-06-02 10:00,No,2026-06-02 10:00"
    made.deliver(lambda text: text.replace(old, new))
    made.night()
    assert withdrawn(made)
    made.publish()
    shutil.rmtree(made.exports / "2026-06-02")


def test_a_withdrawal_whose_file_is_gone_holds_after_going_back(tmp_path: Path) -> None:
    """Back to the night before it, and the run after that still knows it."""
    made = town(tmp_path)
    first = published_snapshot(made.data)
    assert first is not None
    withdraw(made)
    went = roll_back(made.project, made.data, first.name)
    assert (went.published, published_snapshot(made.data)) == (first.name, first)
    made.night()
    assert withdrawn(made)


def test_a_source_newer_than_the_older_state_gets_a_folder(tmp_path: Path) -> None:
    """Its parts come into a folder that was not there; a second time, or from nowhere, nothing is taken."""
    made = town(tmp_path / "town")
    state = published_snapshot(made.data)
    assert state is not None
    older = Path(shutil.copytree(state, tmp_path / "older"))
    shutil.rmtree(older / "raw" / "hubspot_contacts")
    withdraw(made)
    now = published_snapshot(made.data)
    assert now is not None
    assert take_withdrawals(now, older, made.project) >= 2
    names = {part.name for part in (now / "raw" / "hubspot_contacts").iterdir()}
    assert {part.name for part in (older / "raw" / "hubspot_contacts").iterdir()} == names
    assert take_withdrawals(now, older, made.project) == 0
    assert take_withdrawals(None, older, made.project) == take_withdrawals(now, now, made.project) == 0


def test_a_backup_is_told_of_withdrawals_before_it_is_gone_on_from(tmp_path: Path) -> None:
    """Restored over the folder that knows of the withdrawal, the next run knows it as well."""
    made = town(tmp_path / "town")
    copy = Path(shutil.copytree(made.data, tmp_path / "copy", symlinks=True))
    withdraw(made)
    assert restore(copy, made.data, None, made.project).parts >= 2
    made.night()
    assert withdrawn(made)


def test_stops_kept_of_erased_people_are_united(tmp_path: Path) -> None:
    """Stops of either state hold, each once, and the next run does not take the older table for whole."""
    made = town(tmp_path)
    older = published_snapshot(made.data)
    assert older is not None
    now = Path(shutil.copytree(older, tmp_path / "now"))
    table = older / "raw" / "erased_permissions.parquet"
    schema = pq.read_schema(table)
    one = {"value": "+31612345678", "status": "withdrawn", "source": "hubspot"}
    other = {"value": "+31687654321", "status": "complaint", "source": "hubspot"}
    pq.write_table(pa.Table.from_pylist([one], schema=schema), table)
    pq.write_table(pa.Table.from_pylist([one, other], schema=schema), now / "raw" / table.name)
    assert take_withdrawals(now, older, made.project) == 1
    assert [row["value"] for row in pq.read_table(table).to_pylist()] == [one["value"], other["value"]]
    assert "raw.erased_permissions" not in read_manifest(older).tables
    assert take_withdrawals(now, older, made.project) == 0
