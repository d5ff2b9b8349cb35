"""The restore drill: a backup made before an erasure comes back, and the erased person does not.

What belongs here: backup, request, loss, restore, and the run after it. What does not: what `cdp restore`
writes (operations/test_restore.py), and erasure itself.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline_tests.acceptance.published import AS_OF, PROJECT, cdp, copy_data, look_at, rows
from cdp_pipeline_tests.trust.nights import publish_layers

WHO = """select r.source, r.record_id, p.email, r.person_id from identity.person_records r
    join staging.people p using (source, record_id) where p.email is not null and r.source = 'hubspot' order by all limit 1"""


def test_the_erased_stay_out_of_a_restored_backup(shared: Path, exports: Path, data: Path, tmp_path: Path) -> None:
    """Erase, lose the data folder, restore last night's backup, run: the person is nowhere, everybody else is back."""
    ((source, record_id, email, person),) = rows(data, WHO)
    people = {row[0] for row in rows(data, "select person_id from profiles.customers")}
    asked = cdp("forget", f"{source}:{record_id}", "--data", data, "--project", PROJECT)
    assert asked.returncode == 0, asked.stderr
    backup = copy_data(shared / "data", tmp_path / "backup")
    new = tmp_path / "new"
    restored = cdp("restore", backup, "--register", data, "--data", new, "--project", PROJECT)
    assert restored.returncode == 0, restored.stderr
    assert not (new / "warehouse.duckdb").exists()
    publish_layers(exports, new, AS_OF + timedelta(days=1))
    snapshot = published_snapshot(new)
    assert snapshot is not None
    with look_at(snapshot).connect("profiles.customers", "staging.people", "staging.identifiers") as con:
        left = {row[0] for row in con.execute("select person_id from profiles.customers").fetchall()}
        told = con.execute(
            "select (select count(*) from staging.people where email = $1), "
            "(select count(*) from staging.identifiers where value = $1)",
            [email],
        ).fetchall()
    assert people - left == {person}
    assert told == [(0, 0)]
    assert list((new / "snapshots").iterdir()) == [snapshot]
