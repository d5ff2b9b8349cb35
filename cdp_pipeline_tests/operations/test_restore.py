"""Bringing a data folder back from a backup: what comes back, what does not, and what is refused.

What belongs here: the folder after `restore`. What does not: the run after it, which takes the erased
out again (acceptance/test_restore_drill.py).
"""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers import requests as register
from cdp_pipeline.ledgers import tombstones
from cdp_pipeline.ledgers.ledger import REQUESTS
from cdp_pipeline.operations.restore import restore
from cdp_pipeline.privacy.door import Door
from cdp_pipeline.privacy.replica import keep_copy, unite
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.lake import DELIVERED, published_snapshot
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.steps import Table
from cdp_pipeline.run.whole_file import alone
from cdp_pipeline_tests.activation.conftest import destination
from cdp_pipeline_tests.small_run import KEY, put, small_run

TABLES = {"profiles.customers": Table("profiles.customers", "People")}
SOMEBODY = Subject("p1", (), ())


def a_project(data: Path) -> Project:
    return Project(data, Settings(name="test"))


def erase(data: Path, request: str) -> None:
    """A request and a tombstone, as `cdp forget` writes them."""
    register.add_request(data, "erase", Subject(f"p{request}", (), ()), KEY, date(2026, 6, int(request)))
    row = {"kind": "email", "key": request, "since": date(2026, 6, 1), "request_id": request, "made_with": "k"}
    tombstones.add_tombstones(data, [row])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A backup: a published state with an audience, a report, a warehouse and a verdict; one person was erased before."""
    data = tmp_path / "before"
    run = small_run(data)
    put(run, "profiles.customers", "select 'p1' as person_id")
    put(run, "activation.mail", "select 'p1' as person_id")
    for name in ("activation/mail/vip.csv", "reports/index.html"):
        (run.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (run.folder / name).write_text("p1\n")
    build_warehouse(run, TABLES)
    publish(run, [])
    (data / "verdicts.csv").write_text("record_l,record_r,verdict,decided_at\n")
    erase(data, "1")
    return Path(shutil.copytree(data, tmp_path / "copy", symlinks=True))


def requests(data: Path) -> set[str]:
    return {request.received_date for request in register.read_requests(data)}


def hashes(data: Path) -> set[str]:
    return set(tombstones.read_tombstones(data)["key"].to_pylist())


def test_who_was_erased_since_stays_erased(copy: Path, tmp_path: Path) -> None:
    """Requests and tombstones of the present folder and of the second place hold beside those of the backup."""
    data = Path(shutil.copytree(copy, tmp_path / "data", symlinks=True))
    erase(data, "2")
    keep_copy(data, str(tmp_path / "second" / "place"))
    erase(data, "3")
    shutil.rmtree(data)
    done = restore(copy, data, tmp_path / "second" / "place", a_project(data))
    assert (done.requests, done.hashes) == (2, 2)
    assert hashes(data) == {"1", "2"}
    assert requests(data) == {"2026-06-01", "2026-06-02"}
    erase(data, "4")
    restore(copy, data, None, a_project(data))
    assert hashes(data) == {"1", "2", "4"}


def test_nothing_can_be_read_until_the_next_run(copy: Path, tmp_path: Path) -> None:
    """Tables come back for the run to go on from; warehouses, audiences and the report do not, and the folder is shut."""
    data = tmp_path / "data"
    restore(copy, data, copy, a_project(data))
    snapshot = published_snapshot(data)
    assert snapshot is not None
    assert (snapshot / "profiles" / "customers.parquet").exists()
    assert not (data / "warehouse.duckdb").exists()
    assert not (snapshot / "warehouse_full.duckdb").exists()
    assert not list(snapshot.rglob("*.csv"))
    assert not list(snapshot.rglob("*.html"))
    assert "activation.mail" not in read_manifest(snapshot).tables
    assert snapshot.stat().st_mode & 0o777 == 0o700
    assert (data / "verdicts.csv").exists()


def test_whom_the_destinations_have_is_kept_for_the_removal_files(copy: Path, tmp_path: Path) -> None:
    """Keys in the files of the backup and of the folder it is restored over wait, hidden, for the next run."""
    data = Path(shutil.copytree(copy, tmp_path / "data", symlinks=True))
    files = [next(place.glob("snapshots/*/activation/mail/*.csv")) for place in (copy, data)]
    for file, mail in zip(files, ("before@example.org", "since@example.org"), strict=True):
        file.write_text(f"email,name\n{mail},A\n")
    restore(copy, data, None, replace(a_project(data), destinations={"mail": destination()}))
    (kept,) = (data / "current").resolve().glob(f"{DELIVERED}/mail/vip.csv")
    assert kept.read_text() == "email,name\nbefore@example.org,\nsince@example.org,\n"


def test_decisions_made_since_are_kept(copy: Path, tmp_path: Path) -> None:
    """A file of decisions that the present folder has is newer than the backup's."""
    data = Path(shutil.copytree(copy, tmp_path / "data", symlinks=True))
    (data / "verdicts.csv").write_text("newer\n")
    restore(copy, data, None, a_project(data))
    assert (data / "verdicts.csv").read_text() == "newer\n"


def test_a_backup_alone_is_not_believed(copy: Path, tmp_path: Path) -> None:
    """Without any other place that knows of requests, somebody erased since would be back: it has to be said."""
    with pytest.raises(InputError, match="register"):
        restore(copy, tmp_path / "data", None, a_project(copy))
    assert not (tmp_path / "data" / "current").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no requests"):
        restore(copy, tmp_path / "data", tmp_path / "empty", a_project(copy))


def test_a_damaged_backup_is_refused(copy: Path, tmp_path: Path) -> None:
    """Every table is held against the manifest before anything is touched."""
    data = Path(shutil.copytree(copy, tmp_path / "data", symlinks=True))
    before = published_snapshot(data)
    table = (copy / "current").resolve() / "profiles" / "customers.parquet"
    table.chmod(0o600)
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match=r"profiles\.customers"):
        restore(copy, data, None, a_project(data))
    assert published_snapshot(data) == before
    assert (data / "warehouse.duckdb").exists()
    with pytest.raises(InputError, match="no copy of a data folder"):
        restore(tmp_path, data, None, a_project(data))


def test_uniting_waits_for_who_writes_the_files(copy: Path) -> None:
    """A request and a hash that another command adds meanwhile are kept."""
    for path in (copy / REQUESTS.file, tombstones.path_of(copy)):
        with ThreadPoolExecutor(1) as pool:
            with alone(path):
                united = pool.submit(unite, [copy], copy)
                assert not wait([united], timeout=0.5).done
            assert united.result(timeout=30) == (1, 1)


def test_the_second_place_holds_no_more_than_it_must(copy: Path, tmp_path: Path) -> None:
    """Hashes, the register and who looked, for its owner's eyes; without a place nothing is written."""
    Door(copy, "access").enter()
    keep_copy(copy, None)
    place = tmp_path / "place"
    keep_copy(copy, str(place))
    kept = sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    assert kept == ["privacy/reads.jsonl", "privacy/tombstones.parquet", "requests.csv"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in [place, *place.rglob("*")])
