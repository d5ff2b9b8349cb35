"""A data folder that version e9f8943 left behind is carried on: by the next run, by the readers of what people keep.

What belongs here: the files as that version wrote them, where today's say more or say it elsewhere, and today's code
on them. What does not: a whole night, and files whose form never changed but for those written here to be read along.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from cdp_pipeline.errors import GateError
from cdp_pipeline.identity.model.saved_model import load
from cdp_pipeline.ledgers import requests as register
from cdp_pipeline.ledgers.labels import read_labels
from cdp_pipeline.ledgers.ledger import REQUESTS as LEDGER
from cdp_pipeline.ledgers.tombstones import read_tombstones, requests_in
from cdp_pipeline.ledgers.verdicts import read_verdicts
from cdp_pipeline.operations.doctor import examine
from cdp_pipeline.operations.restore import restore
from cdp_pipeline.orchestration.instance import SILENT, open_instance, started_runs
from cdp_pipeline.orchestration.resources import expect_onward
from cdp_pipeline.privacy.certificate import path_of
from cdp_pipeline.privacy.corrections import read_corrections
from cdp_pipeline.privacy.door import reads
from cdp_pipeline.privacy.restriction import read_restrictions
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.publishing.snapshots import publish, rollback
from cdp_pipeline.publishing.warehouse import build_warehouse
from cdp_pipeline.run.lake import Run, fingerprint, published_snapshot
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.run_folder import open_run
from cdp_pipeline.run.steps import Table
from cdp_pipeline.staging.replay import read_replays
from cdp_pipeline_tests.small_run import KEY, put

SETTINGS = Settings(name="test", key_env="CDP_KEY_OF_THESE_TESTS")
SNAPSHOT = "20260629T023000-0a1b2c3d"
TABLES = {
    "profiles.customers": "select 'P1' as person_id, 'Ada' as given_name union all select 'P2', 'Bo'",
    "profiles.phone_spellings": "select '+31201234567' as phone",  # a table that no step makes any more
    "identity.term_frequencies": "select 'given_name' as column_name, 'ada' as value, 0.5::double as tf",
}
DAGSTER_YAML = """\
# No word about runs leaves this machine.
telemetry: {enabled: false}
nux: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 1}}
run_monitoring: {enabled: true, poll_interval_seconds: 60}
retention:
  schedule: {purge_after_days: 90}
  sensor: {purge_after_days: {skipped: 7, failure: 30, success: 90}}
"""
REQUESTS = """\
request_id,received_date,kind,subject_key,due_date,status,done_date
20260601-001,2026-06-01,erase,aaaa,2026-07-01,done,2026-06-02
20260628-001,2026-06-28,erase,bbbb,2026-07-28,open,
20260628-002,2026-06-28,access,cccc,2026-07-28,open,
20260628-003,2026-06-28,restrict,dddd,2026-07-28,done,2026-06-28
"""
KEPT_BY_PEOPLE = {
    "requests.csv": REQUESTS,
    "verdicts.csv": "record_l,record_r,verdict,decided_at,reviewer,note\n11,22,same,2026-06-20,eva,seen\n",
    "labels.csv": "source,record_id,person\nshop,1,a\n",
    "corrections.csv": "source,record_id,column,value,decided_at,reviewer\nshop,1,city,Delft,2026-06-20,eva\n",
    "replays.jsonl": json.dumps({
        "table": "orders", "source": "shop", "fingerprint": "f", "line": 2, "row": "r", "after": "a",
        "changes": {"currency": "EUR"}, "decided_at": "2026-06-20", "reviewer": "eva",
    }) + "\n",
    "privacy/reads.jsonl": '{"at": "2026-06-20T08:00:00+00:00", "user": "eva", "command": "access", "subject_key": "cccc"}\n',
    "privacy/certificates/20260601-001.json": json.dumps({
        "request_id": "20260601-001", "received_date": "2026-06-01", "due_date": "2026-07-01",
        "carried_out_as_of": "2026-06-02", "published": "20260602T023000-ffffffff", "carried_out_with": [],
        "rows_removed": {"staging.people": 1}, "rows_removed_by_layer": {"staging": 1}, "tombstones": {"email": 1},
        "recipients_to_notify": [], "sources_to_erase_at": [], "notes": [],
    }),
    "alerts.jsonl": '{"at": "2026-06-20T03:00:00+00:00", "event": "run:1", "kind": "failed", "night": "2026-06-20"}\n',
    ".dagster/dagster.yaml": DAGSTER_YAML,
}  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder as that version wrote it: one published state as of 2026-06-29, and what people keep beside it."""
    folder = tmp_path / "data"
    snapshot = folder / "snapshots" / SNAPSHOT
    tables = {}
    for name, select in TABLES.items():
        path = snapshot / f"{name.replace('.', '/')}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        duckdb.sql(f"copy ({select}) to '{path}' (format parquet)")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        tables[name] = {
            "key": "k", "digest": digest, "rows": parquet.read_metadata(path).num_rows, "inputs": {}, "seconds": 0.1,
            "numbers": {}, "is_reused": False,
        }  # fmt: skip
    check = {"passed": True, "is_blocking": True, "failing_rows": 0, "inputs": {}, "asset": "profiles.customers"}
    manifest = {
        "run_id": "0a1b2c3d-run", "as_of": "2026-06-29", "key_fingerprint": fingerprint(KEY),
        "published_at": "2026-06-29T02:30:00+00:00", "started_from": "", "started_on": "boot", "erased": ["20260601-001"],
        "erased_now": [], "tables": tables, "checks": {"is_whole": {**check, "description": "d", "owner": "o", "fix": "f"}},
    }  # fmt: skip
    (snapshot / "manifest.json").write_text(json.dumps(manifest))
    model = {
        "base": 0.01, "compared": ["name"], "is_trained": False, "levels": {"name": [[0.9, 0.1], [0.1, 0.9]]}, "limits": {},
        "prior": 0.25, "records": 2, "sessions": 0, "stamp": "s", "trainings": 0, "version": "v", "vetoes": [],
    }  # fmt: skip
    (snapshot / "identity" / "model.json").write_text(json.dumps(model))
    for name, text in KEPT_BY_PEOPLE.items():
        (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / name).write_text(text)
    hashes = {
        "kind": ["email"], "key": ["abc"], "since": [date(2026, 6, 1)], "request_id": ["20260601-001"],
        "made_with": [fingerprint(KEY)],
    }  # fmt: skip
    parquet.write_table(pa.table(hashes), folder / "privacy" / "tombstones.parquet")
    parquet.write_table(pa.table({**hashes, "restriction": ["restrict"]}), folder / "privacy" / "restrictions.parquet")
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (folder / "current").symlink_to(Path("snapshots") / SNAPSHOT)
    for name in ("warehouse.duckdb", "warehouse_full.duckdb"):
        (folder / name).symlink_to(Path("current") / name)
    return folder


def next_run(data: Path) -> Run:
    """The run of the day after, opened on what is published."""
    project, day = Project(data, SETTINGS), date(2026, 6, 30)
    return open_run(Run(project, data / "exports", data, day, "second", KEY, published_snapshot(data)))


def test_the_next_night_goes_on_from_it(data: Path) -> None:
    """What was published is read as before, a table that nothing makes any more goes, and all files are sworn to."""
    expect_onward(data, "2026-06-30")
    run = next_run(data)
    with run.connect("previous.profiles.customers") as con:
        run.write(con, "profiles.customers", "select * from previous.profiles.customers", ["person_id"])
        rows = con.execute("select * from previous.profiles.customers order by 1").fetchall()
    assert rows == [("P1", "Ada"), ("P2", "Bo")]
    put(run, "profiles.customers", "select 'P1' as person_id")
    made = ("profiles.customers", "identity.term_frequencies")
    build_warehouse(run, {name: Table(name, "A table") for name in made})
    publish(run, [])
    manifest = read_manifest(data / "current")
    assert (manifest.as_of, manifest.started_from, manifest.erased) == ("2026-06-30", SNAPSHOT, ("20260601-001",))
    assert set(manifest.tables) == set(made)
    assert {"identity/model.json", "warehouse.duckdb"} <= set(manifest.files)
    assert rollback(data, SNAPSHOT, Project(data, SETTINGS)) == SNAPSHOT


def test_a_day_before_it_is_refused_with_the_cure(data: Path) -> None:
    """Its manifest says of which day it is."""
    with pytest.raises(GateError, match="published is as of 2026-06-29"):
        expect_onward(data, "2026-06-28")


def test_the_match_model_is_used_again_or_trained_anew(data: Path) -> None:
    """A model of another release is no error."""
    model = load(data / "current" / "identity")
    assert model is None or model.prior == 0.25


def test_the_register_of_requests_is_read_and_written_anew(data: Path) -> None:
    """`done` is carried out on its day, an open erasure waits; the next request brings the columns of today."""
    states = [(r.request_id, r.status, r.carried_out_at) for r in register.read_requests(data)]
    assert states == [
        ("20260601-001", "carried_out", "2026-06-02"), ("20260628-001", "waiting", ""), ("20260628-002", "received", ""),
        ("20260628-003", "carried_out", "2026-06-28"),
    ]  # fmt: skip
    register.add_request(data, "erase", Subject("P1", (), ()), KEY, date(2026, 6, 30))
    assert (data / LEDGER.file).read_text().splitlines()[0] == ",".join((*LEDGER.columns, *LEDGER.optional[:4]))
    assert [(r.request_id, r.status, r.carried_out_at) for r in register.read_requests(data)][:4] == states
    assert path_of(data, "20260601-001").exists()


def test_what_people_keep_is_read(data: Path) -> None:
    """Verdicts, labels, corrections, replays, hashes of who is kept out, and who looked."""
    assert read_verdicts(data / "verdicts.csv").column("verdict").to_pylist() == ["same"]
    assert read_labels(data / "labels.csv").to_pylist() == [{"source": "shop", "record_id": "1", "person": "a"}]
    (correction,) = read_corrections(data)
    assert (correction.column, correction.value, correction.replaced) == ("city", "Delft", "")
    (replay,) = read_replays(data)
    assert (replay.place, replay.changes) == (("orders", "shop", "f", 2), {"currency": "EUR"})
    assert requests_in(read_tombstones(data)) == ["20260601-001"]
    assert read_restrictions(data).column("restriction").to_pylist() == ["restrict"]
    assert [read["command"] for read in reads(data)] == ["access"]


@dg.op
def nothing() -> None:
    """Does nothing."""


@dg.job
def nightly() -> None:
    """A night of which only the history counts."""
    nothing()


def test_its_history_and_its_state_are_well(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of before are found with today's code, and the doctor finds nothing bad."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv(SETTINGS.key_env, KEY.decode())
    with dg.DagsterInstance.from_config(str(data / ".dagster")) as before:
        nightly.execute_in_process(instance=before, tags={"cdp/as_of": "2026-06-29"})
    project, now = Project(Path("project"), SETTINGS), datetime(2026, 6, 29, 9, tzinfo=UTC)
    with open_instance(data) as instance:
        ((run, _),) = started_runs(instance, datetime(2026, 1, 1, tzinfo=UTC), "UTC")
        findings = examine(instance, project, data, data / "exports", now)
    assert (str(run.night), run.succeeded) == ("2026-06-29", True)
    assert {finding.subject for finding in findings if finding.state == "bad"} == set()
    assert (data / ".dagster" / "dagster.yaml").read_text() == SILENT


def test_a_backup_of_it_is_restored(data: Path, tmp_path: Path) -> None:
    """An old copy comes back into an empty folder, with its register in the columns of today."""
    restored = restore(data, tmp_path / "new", data, Project(data, SETTINGS))
    assert (restored.as_of, restored.requests, restored.hashes) == ("2026-06-29", 4, 2)
    assert [r.status for r in register.read_requests(tmp_path / "new")][:2] == ["carried_out", "waiting"]
    assert (tmp_path / "new" / "verdicts.csv").read_text() == KEPT_BY_PEOPLE["verdicts.csv"]
