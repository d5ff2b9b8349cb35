"""Exchanging the secret key: what is keyed with the old one is keyed anew while both are held.

What belongs here: the order of the exchange, and what still needs an earlier key. What does not:
where keys come from (keys.py), and what is computed with them.

    person ids       stay: they are inherited from the published state, and only new ones are minted
    verdicts.csv     names records by keyed numbers: written anew, as every ledger that does (ledgers/ledger.py)
    requests.csv     names subjects by keyed hashes: written anew for everybody who is still known
    reads.jsonl      so does the log of who looked
    tombstones       hold hashes of values that nobody has any more: they are matched with the earlier
                     key, which is held for as long as there is such a row; a redelivery re-hashes them
    pseudonyms       of the masked warehouse change with the next run

A key of the data folder is exchanged in this order: the new key under a hidden name, the files, the
two keys. When it is killed in between, runs refuse to start, and `cdp key rotate` goes on with the same new key.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from cdp_pipeline.errors import InputError, KeyMismatchError
from cdp_pipeline.identity.normalise.normalise import record_key
from cdp_pipeline.ledgers import requests as register
from cdp_pipeline.ledgers.ledger import LEDGERS, REQUESTS, Cells, Ledger, change_lines, read_lines
from cdp_pipeline.privacy import door
from cdp_pipeline.privacy.keys import EXCHANGED, FILE, HELD, NEXT, earlier_keys, exchanges, expected_key, key_in_use
from cdp_pipeline.privacy.subject import Subject
from cdp_pipeline.project.quoting import literal
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import expect_published, fingerprint, open_duckdb, published_snapshot
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.whole_file import alone, write_whole

_KEYED_FILES = ("tombstones.parquet", "restrictions.parquet")


@dataclass(frozen=True)
class Rotated:
    """What an exchange came to: fingerprints, and lines that name somebody or something by the new key now."""

    old: str
    new: str
    verdicts: int
    verdicts_left: int  # of records that are not known any more
    requests: int


def rotate(variable: str, data: Path) -> Rotated:
    """Exchange the key of a data folder; the next run publishes with the new one.

    With the key in the environment, `variable` is the new key and `<variable>_PREVIOUS` the old one.
    Raises InputError when nothing is published or that is not so, KeyMismatchError when the old key
    is not the one the data was made with.
    """
    made_with = read_manifest(expect_published(data)).key_fingerprint
    in_environment = bool(os.environ.get(variable))
    old, new = _of_environment(variable, data, made_with) if in_environment else _of_folder(data, made_with)
    if fingerprint(old) != made_with and fingerprint(new) != made_with:
        raise KeyMismatchError(f"the data was made with key {made_with}; the old key given is {fingerprint(old)}")
    expected = expected_key(data)
    if expected not in (fingerprint(old), fingerprint(new)):
        raise KeyMismatchError(
            f"key {fingerprint(old)} was exchanged for {expected} already: cdp run with that one first, then exchange it"
        )
    verdicts, left = _rekey_ledgers(data, old, new)
    requests = _rekey_requests(data, old, new)
    if not in_environment:
        write_whole(data / HELD / fingerprint(old), old, "key.held")
        (data / HELD).chmod(0o700)
    pairs = dict.fromkeys([*exchanges(data), (fingerprint(old), fingerprint(new))])
    write_whole(data / EXCHANGED, "".join(f"{was} {now}\n" for was, now in pairs), "key.exchanged")
    if not in_environment:
        fault("key.exchange")
        (data / NEXT).replace(data / FILE)
    return Rotated(fingerprint(old), fingerprint(new), verdicts, left, requests)


@dataclass(frozen=True)
class KeyState:
    """A key that is held, or that something was made with."""

    fingerprint: str
    is_held: bool
    is_in_use: bool
    needed_by: tuple[str, ...]
    exchanged_for: str = ""  # of the key in use: the one that runs expect in its place

    @property
    def is_well(self) -> bool:
        """Whether runs can go on as far as this key is concerned."""
        return self.is_held and not self.exchanged_for

    @property
    def words(self) -> str:
        """How it stands, and what to do with it."""
        needed = ", ".join(self.needed_by)
        if not self.is_held:
            return f"MISSING; needed by {needed}"
        if self.exchanged_for:
            return f"in use, but exchanged for {self.exchanged_for}: runs refuse it"
        if self.is_in_use:
            return f"in use{f'; made {needed}' if needed else ''}"
        return f"held for {needed}" if needed else "held, and needed by nothing: it can be destroyed"


def held_and_needed(variable: str, data: Path, exports: Path) -> list[KeyState]:
    """Every key that is held or needed: the one in use first, then by fingerprint."""
    own = key_in_use(variable, data, exports)
    needed: dict[str, list[str]] = {}
    snapshot = published_snapshot(data)
    if snapshot:
        needed.setdefault(read_manifest(snapshot).key_fingerprint, []).append("what is published")
    for name in _KEYED_FILES:
        path = data / "privacy" / name
        rows = pq.read_table(path, columns=["made_with"])["made_with"].to_pylist() if path.exists() else []
        for made_with, number in sorted(Counter(rows).items()):
            needed.setdefault(str(made_with), []).append(f"{number} rows of {name}")
    in_use, expected = fingerprint(own) if own else "", expected_key(data)
    fingerprints = {fingerprint(key) for key in earlier_keys(variable, data)} | ({in_use} if own else set())
    replaced_by = expected if in_use in {was for was, _ in exchanges(data)} - {expected} else ""
    if replaced_by and replaced_by not in fingerprints:
        needed.setdefault(replaced_by, []).append("every run since the exchange")
    ordered = sorted(fingerprints | set(needed), key=lambda print_of_key: (print_of_key != in_use, print_of_key))
    return [
        KeyState(f, f in fingerprints, f == in_use, tuple(needed.get(f, ())), replaced_by if f == in_use else "")
        for f in ordered
    ]


def _of_environment(variable: str, data: Path, made_with: str) -> tuple[bytes, bytes]:
    new = os.environ[variable].encode()
    earlier = [key for key in earlier_keys(variable, data) if key != new]
    old = next((key for key in earlier if fingerprint(key) == made_with), earlier[0] if earlier else None)
    if old is None:
        raise InputError(
            f"to exchange the key, set {variable} to the new one and {variable}_PREVIOUS to the one in use, "
            "and keep both until cdp key check says that nothing needs the old one"
        )
    return old, new


def _of_folder(data: Path, made_with: str) -> tuple[bytes, bytes]:
    """The key in use and the new one, which is made only for a key that the data was made with."""
    if not (data / FILE).exists():
        raise InputError(f"{data} has no key of its own to exchange: demo exports use a public one")
    old = (data / FILE).read_bytes()
    if not (data / NEXT).exists():
        if fingerprint(old) != made_with:
            raise KeyMismatchError(f"the data was made with key {made_with}; the key in {data} is {fingerprint(old)}")
        write_whole(data / NEXT, secrets.token_hex(32), "key.next")
    return old, (data / NEXT).read_bytes()


def _rekey_ledgers(data: Path, old: bytes, new: bytes) -> tuple[int, int]:
    """Write every ledger that names records by their keys anew; returns its lines that could be and could not be."""
    keyed = [ledger for ledger in LEDGERS if ledger.record_keys and (data / ledger.file).exists()]
    new_keys = _record_keys(expect_published(data), old, new) if keyed else {}
    rekeyed = left = 0
    for ledger in keyed:
        lines, _ = read_lines(data / ledger.file, ledger)
        keys_of_lines = [[cells.get(column, "") for column in ledger.record_keys] for _, cells in lines]
        rekeyed += sum(all(key in new_keys for key in keys) for keys in keys_of_lines)
        left += sum(not all(key in new_keys or key in new_keys.values() for key in keys) for keys in keys_of_lines)
        change_lines(data / ledger.file, ledger, partial(_rekeyed, ledger, new_keys))
    return rekeyed, left


def _rekeyed(ledger: Ledger, new_keys: Mapping[str, str], cells: Cells) -> Cells:
    """A line with the new keys of its records, when all of them are known."""
    keys = {column: new_keys.get(cells.get(column, ""), "") for column in ledger.record_keys}
    return cells | keys if all(keys.values()) else cells


def _record_keys(snapshot: Path, old: bytes, new: bytes) -> Mapping[str, str]:
    """Record key made with the old secret -> the one made with the new, of every published record."""
    records = literal(snapshot / "identity" / "records.parquet")
    keyed = (
        f"select {record_key('source', 'record_id')}::varchar from read_parquet({records}) order by source, record_id"
    )
    with open_duckdb(allowed=[snapshot]) as con:
        columns = [con.execute(keyed, {"key": key.hex()}).fetchall() for key in (old, new)]
    return {str(before[0]): str(after[0]) for before, after in zip(*columns, strict=True)}


def _rekey_requests(data: Path, old: bytes, new: bytes) -> int:
    """Write requests.csv and the log of who looked with the new keys of everybody published; returns requests changed."""
    persons = expect_published(data) / "identity" / "persons.parquet"
    if not persons.exists():
        return 0
    ids: Sequence[str] = pq.read_table(persons, columns=["person_id"])["person_id"].to_pylist()
    subjects = [Subject(person_id, (), ()) for person_id in ids]
    hashes = {register.subject_key(old, subject): register.subject_key(new, subject) for subject in subjects}
    door.rekey(data, hashes)
    with alone(data / REQUESTS.file):
        requests = register.read_requests(data)
        rekeyed = [replace(r, subject_key=hashes.get(r.subject_key, r.subject_key)) for r in requests]
        if rekeyed != requests:
            register.write_requests(data, rekeyed)
    return sum(a != b for a, b in zip(requests, rekeyed, strict=True))
