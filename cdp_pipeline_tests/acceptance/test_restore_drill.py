"""The restore drill: a backup made before an erasure comes back, and the erased person does not.

What belongs here: backup, request, loss, restore, and the run after it. What does not: what `cdp restore`
writes (operations/test_restore.py), and erasure itself.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cdp_pipeline_tests.acceptance.published import AS_OF, PROJECT, assert_one_state, cdp, copy_data, publish_next, rows

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
    publish_next(exports, new, as_of=AS_OF + timedelta(days=1))
    assert_one_state(new)
    left = {row[0] for row in rows(new, "select person_id from profiles.customers")}
    assert person not in left
    assert people - left == {person}
    assert rows(new, f"select count(*) from staging.people where email = '{email}'") == [(0,)]
    assert rows(new, f"select count(*) from staging.identifiers where value = '{email}'") == [(0,)]
    assert len(list((new / "snapshots").iterdir())) == 1
