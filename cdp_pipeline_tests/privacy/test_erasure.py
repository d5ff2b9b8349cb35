"""Who is forgotten leaves everything that was read, stays away, and takes nobody along."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.errors import InputError, KeyMismatchError, ProjectError
from cdp_pipeline.identity.normalise.normalise import record_key
from cdp_pipeline.ledgers.requests import read_requests
from cdp_pipeline.ledgers.tombstones import add_tombstones, read_tombstones
from cdp_pipeline.publishing.snapshots import rollback
from cdp_pipeline.run.lake import DELIVERED, Run
from cdp_pipeline.run.manifest import read_manifest, write_manifest
from cdp_pipeline.sources.steps import load
from cdp_pipeline_tests.privacy.town import KEY, PERSONS, Town, town

ANN = ("ann@mail.example", "ann bos", "#1001", "900051", "700001")


def total(made: Town) -> object:
    return made.rows("staging.orders", "count(*), sum(total_amount)")


def test_a_forgotten_person_leaves_raw_and_staging(bos: Town) -> None:
    """Nothing of the person is in any part or table; a quotation of her address in a text is blanked."""
    assert all(word in bos.texts("staging") for word in ANN)
    bos.forget("Ann@Mail.example")
    bos.night()
    for layer in ("raw", "staging", "quarantine"):
        assert not [word for word in ANN if word in bos.texts(layer)]
    assert bos.rows("staging.tickets", "ticket_id, subject") == [("700002", "I am a friend of •••, she said")]


def test_relatives_and_revenue_stay(bos: Town) -> None:
    """Whoever shares the phone stays as before; the order stays without a person, its number and its voucher."""
    before, money = bos.rows("staging.people", "* exclude (_file)"), total(bos)
    bos.forget("shopify:order:#1001")
    bos.night()
    after = bos.rows("staging.people", "* exclude (_file)")
    assert [row for row in before if PERSONS[str(row[0]), str(row[1])] != "Pann"] == after
    assert total(bos) == money
    kept = bos.rows("staging.orders", "record_id, discount_code, total_amount::int, len(order_id)")
    assert kept == [("order:#1002", "HELLO-ANN", 20, 5), (None, None, 10, 16)]
    assert bos.rows("staging.order_lines", "count(distinct order_id), sum(quantity)::int") == [(2, 2)]


def test_a_stop_on_a_shared_number_stays(bos: Town) -> None:
    """A refusal that stood on the erased record holds for the number that her husband uses too, without her name."""
    bos.forget("ann@mail.example")
    bos.night()
    stops = bos.rows("staging.permissions", "namespace, value, status, record_id, proof, _file")
    assert ("phone", "+31612345678", "denied", None, None, "erased") in stops
    assert not [row for row in stops if row[0] == "email" and str(row[1]).startswith("ann")]
    bos.publish()
    bos.forget("hubspot:52")
    bos.night()
    assert not [row for row in bos.rows("staging.permissions", "value") if row[0] == "+31612345678"]


SPELLINGS: list[Callable[[str], str]] = [
    str.upper,
    lambda text: text.replace("ann@mail", "ann+news@mail"),
    lambda text: unicodedata.normalize("NFD", text).replace('"51"', '"61"').replace("900051", "900061"),
]


@pytest.mark.parametrize("spelled", SPELLINGS, ids=["upper", "plus-tag", "other ids"])
def test_a_delivery_in_another_spelling_brings_nobody_back(bos: Town, spelled: Callable[[str], str]) -> None:
    """In other letters, with a plus-tag, or under new record ids, the person stays out, and so do her tickets."""
    bos.forget("ann@mail.example")
    bos.night()
    bos.publish()
    bos.deliver(lambda text: spelled(text).replace(spelled("Id,Requester"), "Id,Requester"))
    bos.night()
    people = bos.rows("staging.people", "lower(coalesce(email, full_name, ''))")
    assert not [row for row in people if "ann" in str(row[0])]
    assert not [row for row in bos.rows("staging.tickets", "lower(ticket_id)") if row[0] == "700001"]
    assert bos.rows("staging.orders", "sum(total_amount)::int") == [(30,)]


def test_the_ledger_still_adds_up(bos: Town) -> None:
    """What was read is what was erased, kept out and used, by file and table."""
    bos.forget("ann@mail.example")
    bos.night()
    off = """rows_read <> rows_erased + rows_not_mapped + rows_empty + rows_dropped + rows_superseded
             + rows_quarantined + rows_staged"""
    assert bos.rows("staging.reconciliation", f"count(*) filter (where {off}), sum(rows_erased) > 0") == [(0, True)]
    assert bos.rows("raw.erased_rows", "source_name, rows_erased") == [
        ("hubspot_contacts", 1),
        ("shopify_orders", 1),
        ("zendesk_tickets", 1),
    ]


def test_lines_set_aside_go_too(bos: Town) -> None:
    """A line that no reader could place is taken out when it holds an erased address, record or number."""
    path = next((bos.exports).rglob("orders_export*.csv"))
    path.write_text(path.read_text() + '"#1003",bart@mail.example,too,few\n"#1001",too,few\n"x",ANN@mail.example\n')
    bos.night()
    assert len(bos.rows("quarantine.lines", "content")) == 3
    bos.publish()
    bos.forget("ann@mail.example")
    bos.night()
    assert [str(row[0])[:7] for row in bos.rows("quarantine.lines", "content")] == ['"#1003"']
    assert bos.rows("raw.erased_rows", "sum(rejects_erased)::int") == [(2,)]


def test_decisions_and_corrections_about_the_person_go(bos: Town) -> None:
    """Lines of the four files about an erased record go, and replays of exports that are not loaded; others stay whole."""
    with duckdb.connect() as con:
        ann, bart, cor = (
            con.execute(f"select {record_key('$s', '$r')}", {"key": KEY.hex(), "s": "hubspot", "r": each}).fetchall()[
                0
            ][0]
            for each in ("51", "52", "53")
        )
    verdicts, corrections, labels = (bos.data / name for name in ("verdicts.csv", "corrections.csv", "labels.csv"))
    labels.write_text("source,record_id,person\nhubspot,51,a\nhubspot,52,b\u2028c\n", "utf-8")
    head = "record_l,record_r,verdict,decided_at,reviewer,note\n"
    verdicts.write_text(
        f"{head}{ann},{bart},different,2026-06-01,me,Ann is his wife\n{bart},{cor},different,2026-06-01,me,\n"
    )
    head = "source,record_id,column,value,decided_at,reviewer,replaced\n"
    corrections.write_text(
        f"{head}hubspot,51,city,Leiden,2026-06-01,me,\nhubspot,52,city,Leiden,2026-06-01,me,Gouda\n"
        "hubspot,52,company,Bos,2026-06-01,me,Ann@mail.example\n"
    )
    replays = bos.data / "replays.jsonl"
    (loaded,) = (row[1] for row in bos.rows("raw.files", "source, fingerprint") if row[0] == "hubspot_contacts")
    said = {"table": "people", "source": "hubspot_contacts", "fingerprint": loaded, "line": 9, "row": "a", "after": "b",
            "decided_at": "2026-06-01", "reviewer": "me"}  # fmt: skip
    lines = [said | {"changes": {"email": mail}} for mail in ("Ann@mail.example", "bart\u0085@mail.example")]
    lines.append(said | {"fingerprint": "of an export that went", "changes": {"city": "Leiden"}})
    replays.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    bos.forget("ann@mail.example")
    bos.night()
    assert labels.read_text("utf-8").split("\n")[1:] == ["hubspot,52,b\u2028c", ""]
    assert "wife" not in verdicts.read_text()
    assert len(verdicts.read_text().splitlines()) == 2
    assert corrections.read_text().splitlines()[1:] == [
        "hubspot,52,city,Leiden,2026-06-01,me,Gouda", "hubspot,52,company,Bos,2026-06-01,me,"
    ]  # fmt: skip
    assert [json.loads(line) for line in replays.read_text("utf-8").split("\n") if line] == lines[1:2]


def test_an_address_that_nobody_has_is_kept_out(bos: Town) -> None:
    """Forgetting somebody who is not known keeps out every later record with that address, whatever it said before."""
    asked = bos.forget("Eve@mail.example")
    assert asked.subject.person_id is None
    bos.deliver(lambda text: text.replace("cor@mail", "EVE+x@mail"))
    bos.night()
    assert "eve" not in bos.texts("raw")
    assert not [row for row in bos.rows("staging.people", "record_id") if row[0] == "53"]


def test_who_asks_while_files_are_read_is_erased_the_next_night(bos: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this night did not look for is not certified by it, and the next night looks for it."""
    ann = bos.forget("ann@mail.example").request.request_id
    asked: list[str] = []

    def slow(run: Run, name: str) -> object:
        if not asked:
            asked.append(bos.forget("cor@mail.example").request.request_id)
        return load(run, name)

    monkeypatch.setattr("cdp_pipeline.privacy.erasure.load", slow)
    bos.night()
    assert list(read_manifest(bos.publish()).erased) == [ann]
    assert [r.status for r in read_requests(bos.data)] == ["carried_out", "waiting"]
    assert "cor@mail" in bos.texts("staging")
    bos.night()
    assert list(read_manifest(bos.publish()).erased) == [ann, *asked]
    assert [r.status for r in read_requests(bos.data)] == ["carried_out", "carried_out"]
    assert "cor@mail" not in bos.texts("raw") + bos.texts("staging")


def test_published_erasures_have_a_certificate_and_no_older_snapshot(bos: Town) -> None:
    """The request is done, the certificate counts without naming, and no older snapshot is left to go back to."""
    first = next((bos.data / "snapshots").iterdir())
    request = bos.forget("ann@mail.example").request.request_id
    bos.night()
    now = bos.publish()
    assert [path.name for path in (bos.data / "snapshots").iterdir()] == [now.name]
    assert list(read_manifest(now).erased) == [request]
    said = json.loads((bos.data / "privacy" / "certificates" / f"{request}.json").read_text())
    assert said["rows_removed"]["raw.hubspot_contacts"] == 1
    assert said["rows_removed"]["identity.person_records"] == 3
    assert [each["source"] for each in said["sources_to_erase_at"]] == [
        "hubspot_contacts",
        "shopify_orders",
        "zendesk_tickets",
    ]
    assert not [word for word in (*ANN, "Pann") if word in json.dumps(said).casefold()]
    assert [r.status for r in read_requests(bos.data)] == ["carried_out"]
    with pytest.raises(InputError, match="no snapshot"):
        rollback(bos.data, first.name)
    bos.night()
    later = bos.publish()
    assert [path.name for path in (bos.data / "snapshots").iterdir()] == [later.name]


def test_last_words_that_are_said_again_are_the_last_again(bos: Town) -> None:
    """A run after going back names the erased once more in its removal files, so its snapshot too goes with the next."""
    request = bos.forget("ann@mail.example").request.request_id
    bos.night()
    (bos.publish() / DELIVERED).mkdir()
    (bos.night().folder / DELIVERED).rmdir()  # as its removal files do
    assert list(read_manifest(bos.publish()).erased_now) == [request]
    bos.night()
    assert not read_manifest(bos.publish()).erased_now
    assert len(list((bos.data / "snapshots").iterdir())) == 1


def test_keys_that_wait_for_a_transfer_repeat_no_last_words(bos: Town) -> None:
    """A night that has files of its own, and keys waiting beside them, has not been gone back to."""
    bos.forget("ann@mail.example")
    bos.night()
    snapshot = bos.publish()
    (snapshot / DELIVERED).mkdir()
    manifest = read_manifest(snapshot)
    entry = manifest.tables["raw.erasures"]
    write_manifest(snapshot, replace(manifest, tables={**manifest.tables, "activation.receipts": entry}))
    run = bos.night()
    assert not run.manifest().erased_now


def test_the_key_of_the_tombstones_is_needed(bos: Town) -> None:
    """A run without the key that tombstones were made with is refused: it would let everybody in again."""
    bos.forget("ann@mail.example")
    rows = [row | {"made_with": "another", "key": row["key"][::-1]} for row in read_tombstones(bos.data).to_pylist()]
    add_tombstones(bos.data, rows)
    with pytest.raises(KeyMismatchError, match="erased under the key another"):
        bos.night()


def test_an_exchanged_key_keeps_them_out_and_doubles_no_order(bos: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a new key, with the old one held, a redelivery is found, hashed anew, and its order counted once."""
    bos.forget("ann@mail.example")
    bos.night()
    bos.publish()
    monkeypatch.setenv("CDP_KEY_PREVIOUS", KEY.decode().replace(" ", "_"))
    old = {row["made_with"] for row in read_tombstones(bos.data).to_pylist()}
    bos.deliver(str.upper)
    monkeypatch.setattr("cdp_pipeline.privacy.erasure.keys_of", lambda run: (run.key, KEY))
    bos.night(key=b"a new key")
    assert bos.rows("staging.orders", "count(*), sum(total_amount)::int") == [(2, 30)]
    assert "ann@mail" not in bos.texts("raw")
    assert len({row["made_with"] for row in read_tombstones(bos.data).to_pylist()} - old) == 1


def test_rows_outlive_their_time(tmp_path: Path) -> None:
    """A ticket older than `retention` is not used; its line leaves raw once nothing else is made of it."""
    made = town(tmp_path, retention={"tickets": 10, "people": 20})
    assert made.rows("staging.tickets", "count(*)") == [(0,)]
    assert made.rows("quarantine.tickets", "distinct reasons") == []
    assert made.rows("quarantine.people", "distinct reasons, source_name") == [
        ("older_than_retention", "hubspot_contacts"),
        ("older_than_retention", "shopify_orders"),
    ]
    assert made.rows("raw.erased_rows", "source_name, rows_erased") == [("zendesk_tickets", 2)]


@pytest.mark.parametrize(("table", "words"), [("permissions", "kept for ever"), ("tikets", "did you mean tickets")])
def test_impossible_retention_is_told(tmp_path: Path, table: str, words: str) -> None:
    """A table that must stay, and one that does not exist, are refused before anything runs."""
    with pytest.raises(ProjectError, match=words):
        town(tmp_path, retention={table: 10})
