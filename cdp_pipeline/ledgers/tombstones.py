"""What is kept of the erased, so that they do not come back: DATA/privacy/tombstones.parquet.

What belongs here: the file, and the keyed hashes in it. What does not: which marks those of a subject are (privacy/
subject.py), and taking rows out (privacy/erasure.py).

A row: kind (as in project/registry.py; `email+name` for an address that somebody else uses too; `person_id`),
key (keyed hash), since (day), request_id, made_with (fingerprint of the secret key). Nobody without
the secret key can tell whether a value is in the file, and nobody at all can read one out of it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.errors import KeyMismatchError
from cdp_pipeline.run.lake import fingerprint
from cdp_pipeline.run.whole_file import alone, replaced

FOLDER = "privacy"
SCHEMA = pa.schema(
    [
        ("kind", pa.string()), ("key", pa.string()), ("since", pa.date32()),
        ("request_id", pa.string()), ("made_with", pa.string()),
    ]
)  # fmt: skip


def path_of(data: Path) -> Path:
    """Where the tombstones of a data folder are."""
    return data / FOLDER / "tombstones.parquet"


def read_tombstones(data: Path) -> pa.Table:
    """Every tombstone, sorted; no rows when nobody was ever erased."""
    path = path_of(data)
    return pq.read_table(path, schema=SCHEMA) if path.exists() else SCHEMA.empty_table()


def requests_in(tombstones: pa.Table) -> list[str]:
    """Ids of all requests of erasure, sorted."""
    return sorted(set(tombstones["request_id"].to_pylist()))


def add_tombstones(data: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Add rows of SCHEMA that are not there yet, all or nothing; returns how many hashes were new.

    A hash has a row for each request that asks for it, so that each can be carried out.
    """
    with alone(path_of(data)):
        tombstones = read_tombstones(data).to_pylist()
        hashes = {(row["kind"], row["key"], row["request_id"]): row for row in tombstones}
        for row in rows:
            hashes.setdefault((row["kind"], row["key"], row["request_id"]), dict(row))
        if len(hashes) > len(tombstones):
            ordered = [hashes[each] for each in sorted(hashes)]
            path = path_of(data)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with replaced(path, "tombstones", lasting=True) as temporary:
                pq.write_table(pa.Table.from_pylist(ordered, schema=SCHEMA), temporary, compression="zstd")
        return len({each[:2] for each in hashes}) - len({(row["kind"], row["key"]) for row in tombstones})


# ---- the keyed hash --------------------------------------------------------------------------


def secret(key: bytes) -> str:
    """The secret that tombstones are hashed with, made from the secret key; hexadecimal."""
    return hmac.new(key, b"cdp tombstones", hashlib.sha256).hexdigest()


def hashed(with_secret: str, kind: str, value: str) -> str:
    """Keyed hash of an identifier in its one spelling: 32 hexadecimal digits."""
    return hashlib.sha256(f"{with_secret}\x1f{kind}\x1f{value}".encode()).hexdigest()[:32]


def hashed_sql(with_secret: str, kind: str, value: str) -> str:
    """The same as SQL; `kind` and `value` are SQL texts."""
    return f"left(sha256('{with_secret}' || chr(31) || {kind} || chr(31) || {value}), 32)"


def secrets_of(tombstones: pa.Table, keys: Sequence[bytes]) -> list[str]:
    """The secrets of all tombstones, that of the first key first; KeyMismatchError when a key is missing."""
    secrets = {fingerprint(key): secret(key) for key in keys}
    missing = sorted(set(tombstones["made_with"].to_pylist()) - set(secrets))
    if missing:
        raise KeyMismatchError(
            f"people were erased under the key {', '.join(missing)}, this run has {', '.join(secrets)}: "
            "without that key they could not be kept out"
        )
    return list(secrets.values())
