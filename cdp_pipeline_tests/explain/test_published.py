"""Published tables as they are asked about: opening them, their key, and who is meant."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.explain.published import Somebody, columns_of, find, known_key, open_tables
from cdp_pipeline.privacy.keys import DEMO_KEY
from cdp_pipeline.run.lake import fingerprint
from cdp_pipeline.run.manifest import Manifest, write_manifest
from cdp_pipeline_tests.identity.people import KEY


def published(data: Path, key: bytes) -> None:
    """Make it look as if `key` had made what is published."""
    (snapshot,) = (data / "snapshots").iterdir()
    write_manifest(snapshot, Manifest(run_id="one", as_of="2026-01-31", key_fingerprint=fingerprint(key)))


def test_columns_are_told_in_their_order(snapshot: Path) -> None:
    """Those of a table that was published; of no other any."""
    con = open_tables(snapshot)
    assert columns_of(con, "identity.redirects") == ["person_id", "to_person_id", "since"]
    assert columns_of(con, "segments.memberships") == []


def test_a_person_or_record_is_found_as_it_was_typed(snapshot: Path) -> None:
    """Spaces do not matter; a record leads to its person, a redirect too, with a note."""
    con = open_tables(snapshot)
    record = find(con, " crm:1 ")
    assert (record.typed, record.note) == ("crm:1", "")
    assert (
        record.record == con.execute("select record_key from identity.records where record_id = '1'").fetchall()[0][0]
    )
    assert find(con, record.person) == Somebody(record.person, record.person)
    moved = find(con, "Pended")
    assert (moved.person, moved.record) == (record.person, None)
    assert moved.note == f"Pended ended on 2026-01-30; its records are now {record.person}"


def test_a_near_miss_is_offered_and_no_address_ever(data: Path) -> None:
    """The nearest id within reach; a record id that is an address is nobody's business in a message."""
    (snapshot,) = (data / "snapshots").iterdir()
    records = snapshot / "identity" / "records.parquet"
    duckdb.sql(f"""copy (select * replace (if(record_id = '1', 'anna@b.example', record_id) as record_id)
        from '{records}') to '{records}'""")
    con = open_tables(snapshot)
    with pytest.raises(InputError) as caught:
        find(con, "crm:anna@b.exampl")
    assert str(caught.value) == "crm:anna@b.exampl: crm has no record of this id"
    with pytest.raises(InputError, match=r"did you mean crm:4\?"):
        find(con, "crm:44")
    with pytest.raises(InputError, match=r"^xyz: no such source; there are: crm, news, shop, till$"):
        find(con, "xyz:1")


def test_the_key_is_found_where_it_fits(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment, from the data folder, or that of the demo; one that does not fit is none."""
    monkeypatch.setenv("A_KEY", "another key that is long enough")
    assert known_key("A_KEY", data) is None
    monkeypatch.setenv("A_KEY", KEY.decode())
    assert known_key("A_KEY", data) == KEY
    monkeypatch.delenv("A_KEY")
    assert known_key("A_KEY", data) is None
    (data / ".key").write_bytes(KEY)
    assert known_key("A_KEY", data) == KEY
    published(data, DEMO_KEY)
    assert known_key("A_KEY", data) == DEMO_KEY
