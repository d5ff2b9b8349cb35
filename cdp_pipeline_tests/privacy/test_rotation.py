"""Exchanging the secret key: what it keyed is keyed anew, and what cannot be is told of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from cdp_pipeline.errors import InputError, KeyMismatchError
from cdp_pipeline.identity.normalise.normalise import record_key
from cdp_pipeline.ledgers import requests as register
from cdp_pipeline.ledgers import tombstones
from cdp_pipeline.ledgers.ledger import REQUESTS, VERDICTS
from cdp_pipeline.privacy.door import Door, reads
from cdp_pipeline.privacy.keys import EXCHANGED, FILE, HELD, NEXT, earlier_keys, key_in_force, keys_of, secret_key
from cdp_pipeline.privacy.rotation import held_and_needed, rotate
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.run.lake import fingerprint, open_duckdb
from cdp_pipeline.run.manifest import read_manifest, write_manifest
from cdp_pipeline.run.whole_file import alone
from cdp_pipeline_tests.small_run import KEY, put, small_run

VARIABLE = "CDP_KEY_OF_THESE_TESTS"
RECORDS = [("crm", "1"), ("crm", "2"), ("shop", "1")]
NEW = "another key of these tests"
ERASED = Subject(None, (), (("email", "erased@example.org"),))
LIVING = Subject("p1", (), ())


def keyed(key: bytes) -> list[int]:
    """The record keys of RECORDS."""
    with open_duckdb() as con:
        con.register("r", pa.table({"source": [s for s, _ in RECORDS], "record_id": [i for _, i in RECORDS]}))
        sql = f"select {record_key('source', 'record_id')} from r order by source, record_id"
        return [int(row[0]) for row in con.execute(sql, {"key": key.hex()}).fetchall()]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Published records, verdicts on them, two requests and a tombstone, all under KEY in the folder's own file."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv(f"{VARIABLE}_PREVIOUS", raising=False)
    folder = tmp_path / "data"
    run = small_run(folder)
    rows = ", ".join(str(record) for record in RECORDS)
    put(run, "identity.records", f"select * from (values {rows}) t(source, record_id)")
    put(run, "identity.persons", "select 'p1' as person_id")
    publish(run, [])
    (folder / FILE).write_bytes(KEY)
    first, second, third = keyed(KEY)
    (folder / VERDICTS.file).write_text(
        "note,record_l,record_r,verdict,decided_at\n"
        f'"a, b",{first},{second},same,2026-01-01\n,{third},{first},different,2026-01-02\n,{first},77,same,2026-01-03\n'
    )
    for subject in (LIVING, ERASED):
        register.add_request(folder, "access", subject, KEY, date(2026, 6, 1))
    stone = {"kind": "email", "key": "x", "since": date(2026, 6, 1), "request_id": "1", "made_with": fingerprint(KEY)}
    tombstones.add_tombstones(folder, [stone])
    return folder


def test_verdicts_name_the_same_records_by_the_new_key(data: Path) -> None:
    """Every verdict on known records follows; one on a record that is gone stays, and is counted."""
    done = rotate(VARIABLE, data)
    new = secret_key(VARIABLE, data, data / "exports")
    first, second, third = keyed(new)
    assert (data / VERDICTS.file).read_text().splitlines()[1:3] == [
        f'"a, b",{first},{second},same,2026-01-01',
        f",{third},{first},different,2026-01-02",
    ]
    assert (done.verdicts, done.verdicts_left) == (2, 1)
    assert (done.old, done.new) == (fingerprint(KEY), fingerprint(new))


def test_requests_of_living_people_follow(data: Path) -> None:
    """A request of somebody known gets the new hash, and so does who looked; that of somebody nobody knows keeps its own."""
    Door(data, "access", KEY).enter([LIVING])
    assert rotate(VARIABLE, data).requests == 1
    new = secret_key(VARIABLE, data, data / "exports")
    found = [request.subject_key for request in register.read_requests(data)]
    assert found == [register.subject_key(new, LIVING), register.subject_key(KEY, ERASED)]
    assert reads(data)[0]["subject_keys"] == [register.subject_key(new, LIVING)]


def test_both_keys_are_held_until_nothing_needs_the_old_one(data: Path) -> None:
    """Runs match tombstones with the old key as well; once there are none, the key can be destroyed."""
    rotate(VARIABLE, data)
    new = secret_key(VARIABLE, data, data / "exports")
    assert earlier_keys(VARIABLE, data) == (KEY,)
    run = small_run(data, "second")
    settings = run.project.settings.model_copy(update={"key_env": VARIABLE})
    assert keys_of(replace(run, key=new, project=type(run.project)(data, settings))) == (new, KEY)
    assert tombstones.secrets_of(tombstones.read_tombstones(data), (new, KEY))
    in_use, old = held_and_needed(VARIABLE, data, data / "exports")
    assert (in_use.fingerprint, in_use.is_in_use, in_use.is_held) == (fingerprint(new), True, True)
    assert old.needed_by == ("what is published", "1 rows of tombstones.parquet")
    tombstones.path_of(data).unlink()
    (data / "current").unlink()
    _, old = held_and_needed(VARIABLE, data, data / "exports")
    assert "can be destroyed" in old.words


def test_a_missing_key_is_named(data: Path) -> None:
    """Whoever loses the old key learns what was made with it."""
    rotate(VARIABLE, data)
    (data / HELD / fingerprint(KEY)).unlink()
    missing = [state for state in held_and_needed(VARIABLE, data, data / "exports") if not state.is_held]
    assert [state.fingerprint for state in missing] == [fingerprint(KEY)]
    assert "MISSING" in missing[0].words


def exchange_in_environment(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KEY is exchanged for NEW; then the environment is set back to what it was, without a run in between."""
    (data / FILE).unlink()
    monkeypatch.setenv(VARIABLE, NEW)
    monkeypatch.setenv(f"{VARIABLE}_PREVIOUS", KEY.decode())
    rotate(VARIABLE, data)
    monkeypatch.setenv(VARIABLE, KEY.decode())
    monkeypatch.delenv(f"{VARIABLE}_PREVIOUS")


@pytest.mark.parametrize("given", [KEY.decode(), "a third key", ""])
def test_only_the_new_key_is_taken_after_an_exchange(data: Path, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published state was made with the old key, but verdicts name records by the new one: the message says which."""
    exchange_in_environment(data, monkeypatch)
    before = sorted(data.rglob("*"))
    monkeypatch.setenv(VARIABLE, given)
    for asked in (lambda: secret_key(VARIABLE, data, data / "exports"), lambda: key_in_force(VARIABLE, data)):
        with pytest.raises(KeyMismatchError) as refused:
            asked()
        (line,) = refused.value.problems
        assert fingerprint(given.encode()) in line if given else "no key at hand" in line
        assert f"expected is {fingerprint(NEW.encode())}" in line
        assert f"set {VARIABLE}" in line
    assert sorted(data.rglob("*")) == before
    monkeypatch.setenv(VARIABLE, NEW)
    assert secret_key(VARIABLE, data, data / "exports") == key_in_force(VARIABLE, data) == NEW.encode()


def test_the_old_key_is_expected_of_no_state_that_is_gone_back_to(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night from two exchanges ago is gone on from with the newest key, for verdicts.csv is of today."""
    exchange_in_environment(data, monkeypatch)
    newest = "the newest key of these tests"
    with (data / EXCHANGED).open("a") as file:
        file.write(f"{fingerprint(NEW.encode())} {fingerprint(newest.encode())}\n")
    monkeypatch.setenv(VARIABLE, newest)
    assert secret_key(VARIABLE, data, data / "exports") == newest.encode()
    monkeypatch.setenv(VARIABLE, NEW)
    with pytest.raises(KeyMismatchError):
        secret_key(VARIABLE, data, data / "exports")


def test_every_exchange_is_remembered(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one there and the one back: what was made with the first key is gone on from with the first key."""
    exchange_in_environment(data, monkeypatch)
    snapshot = (data / "current").resolve()
    write_manifest(snapshot, replace(read_manifest(snapshot), key_fingerprint=fingerprint(NEW.encode())))
    monkeypatch.setenv(f"{VARIABLE}_PREVIOUS", NEW)
    rotate(VARIABLE, data)
    assert len((data / EXCHANGED).read_text().splitlines()) == 2
    assert secret_key(VARIABLE, data, data / "exports") == KEY


def test_a_replaced_key_cannot_be_exchanged_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts name records by the new key already; taking the old one for theirs would lose them."""
    exchange_in_environment(data, monkeypatch)
    before = (data / VERDICTS.file).read_text()
    monkeypatch.setenv(VARIABLE, "a third key")
    monkeypatch.setenv(f"{VARIABLE}_PREVIOUS", KEY.decode())
    with pytest.raises(KeyMismatchError, match=fingerprint(NEW.encode())):
        rotate(VARIABLE, data)
    assert (data / VERDICTS.file).read_text() == before


@pytest.mark.parametrize("at", ["verdicts", "requests", "key.held", "key.exchanged"])
def test_an_exchange_that_was_killed_is_gone_on_with(data: Path, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it dies, no run starts until asking again ends it with the same new key, and no verdict is lost."""
    monkeypatch.setenv("CDP_FAULT", f"raise@{at}.written")
    with pytest.raises(Exception, match="fault"):
        rotate(VARIABLE, data)
    monkeypatch.delenv("CDP_FAULT")
    planned = (data / NEXT).read_bytes()
    with pytest.raises(KeyMismatchError, match="finish with cdp key rotate"):
        secret_key(VARIABLE, data, data / "exports")
    rotate(VARIABLE, data)
    assert secret_key(VARIABLE, data, data / "exports") == planned
    first, second, _ = keyed(planned)
    assert f'"a, b",{first},{second},same' in (data / VERDICTS.file).read_text()
    assert earlier_keys(VARIABLE, data) == (KEY,)


def test_an_exchange_that_is_refused_leaves_runs_alone(data: Path) -> None:
    """A second exchange before the first one's run is refused, and plans no key that a run would wait for."""
    rotate(VARIABLE, data)
    with pytest.raises(KeyMismatchError, match="the data was made with"):
        rotate(VARIABLE, data)
    assert not (data / NEXT).exists()
    assert secret_key(VARIABLE, data, data / "exports") == (data / FILE).read_bytes()


@pytest.mark.parametrize(("name", "more"), [(VERDICTS.file, ",77,78,same,2026-01-04\n"), (REQUESTS.file, "")])
def test_an_exchange_waits_for_who_writes_the_file(data: Path, name: str, more: str) -> None:
    """What another command reads and writes back meanwhile is keyed anew too, and its line is kept."""
    before = (data / name).read_text()
    with ThreadPoolExecutor(1) as pool:
        with alone(data / name):
            exchange = pool.submit(rotate, VARIABLE, data)
            assert not wait([exchange], timeout=1.5).done
            (data / name).write_text(before + more)
        done = exchange.result(timeout=30)
    assert (done.verdicts, done.requests) == (2, 1)
    after = (data / name).read_text()
    assert after.endswith(more)
    assert str(keyed(KEY)[1]) not in after
    assert register.subject_key(KEY, LIVING) not in after


def test_a_key_of_the_environment_is_never_written_down(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both keys come from the environment; the exchange leaves neither in the data folder."""
    (data / FILE).unlink()
    monkeypatch.setenv(VARIABLE, NEW)
    with pytest.raises(InputError, match="_PREVIOUS"):
        rotate(VARIABLE, data)
    monkeypatch.setenv(f"{VARIABLE}_PREVIOUS", "a wrong one")
    with pytest.raises(KeyMismatchError):
        rotate(VARIABLE, data)
    monkeypatch.setenv(f"{VARIABLE}_PREVIOUS_2", KEY.decode())
    assert rotate(VARIABLE, data).old == fingerprint(KEY)
    assert secret_key(VARIABLE, data, data / "exports") == NEW.encode()
    files = [path for path in data.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in files for key in (NEW.encode(), KEY) if key in path.read_bytes()]


def test_a_run_with_both_keys_waits_for_the_exchange(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting two variables is not enough: verdicts would be lost in silence."""
    (data / FILE).unlink()
    monkeypatch.setenv(VARIABLE, NEW)
    monkeypatch.setenv(f"{VARIABLE}_PREVIOUS", KEY.decode())
    with pytest.raises(KeyMismatchError, match="cdp key rotate"):
        secret_key(VARIABLE, data, data / "exports")
    rotate(VARIABLE, data)
    assert secret_key(VARIABLE, data, data / "exports") == NEW.encode()


def test_a_demo_has_no_key_to_exchange(data: Path) -> None:
    """The public key of invented people is not a secret."""
    (data / FILE).unlink()
    with pytest.raises(InputError, match="public"):
        rotate(VARIABLE, data)
