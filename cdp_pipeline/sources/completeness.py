"""Whether an export is all there: its age, its done-marker, its manifest, its last line.

What belongs here: what can be told without reading the whole file, and the manifest's promise. What does
not: records (csv_reader refuses a packed file whose text ends inside a line).

    orders.csv
    orders.csv.done            empty; whoever writes it says that orders.csv is finished
    orders.csv.manifest.json   {"rows": 120, "bytes": 5400, "sha256": "…"}, any of the three

Without marker and manifest a file is finished when it has not changed for a while and ends in a line end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline.sources.drop_zone import MANIFEST, MARKER, is_under_way
from cdp_pipeline.sources.unpack import GZIP, ZIP, ZSTD

QUIET_SECONDS = 60
"""Without a done-marker a file counts as finished when it has not changed for this long."""
_MOST = 64 << 10


@dataclass(frozen=True)
class Promise:
    """What a manifest says of its file; None where it says nothing."""

    rows: int | None = None
    bytes: int | None = None
    sha256: str | None = None


def is_vouched_for(path: Path) -> bool:
    """Whether a marker or a manifest lies beside a file."""
    return any(path.with_name(path.name + ending).is_file() for ending in (MARKER, MANIFEST))


def is_finished(path: Path, modified_ns: int, now: float) -> bool:
    """Whether nobody seems to be writing it; `now` is seconds since the epoch. Opens nothing."""
    return not is_under_way(path.name) and (is_vouched_for(path) or now - modified_ns / 1e9 >= QUIET_SECONDS)


def expect_whole(path: Path, form: FileFormat, size: int) -> None:
    """Raises RefusedError when a file may be cut off, is not what its manifest says, or is too large."""
    promise = promise_of(path)
    if promise and promise.bytes is not None and promise.bytes != size:
        raise RefusedError("manifest_mismatch", f"{size} bytes, the manifest promises {promise.bytes}")
    if size > form.max_bytes:
        raise RefusedError("too_big", f"larger than {form.max_gb:g} GB")
    if form.type != "parquet" and form.final_newline and size and not is_vouched_for(path):
        with path.open("rb") as stream:
            is_packed = stream.read(4).startswith((GZIP, ZSTD, ZIP))
            stream.seek(max(0, size - 8))
            end = stream.read(8).rstrip(b"\0")[-1:]
        if not is_packed and end not in ({b"\n", b"\r", b"}"} if form.type == "jsonl" else {b"\n", b"\r"}):
            raise RefusedError("no_final_newline")


def promise_of(path: Path) -> Promise | None:
    """The manifest beside a file, if there is one; RefusedError when it cannot be understood."""
    manifest = path.with_name(path.name + MANIFEST)
    if not manifest.is_file():
        return None
    try:
        with manifest.open("rb") as stream:
            said = json.loads(stream.read(_MOST))
        known = {name: said[name] for name in ("rows", "bytes", "sha256") if name in said}
    except (OSError, ValueError, TypeError) as error:
        raise RefusedError("bad_manifest") from error
    if not known or any(type(value) is not (str if name == "sha256" else int) for name, value in known.items()):
        raise RefusedError("bad_manifest")
    return Promise(**known)


def expect_fingerprint(path: Path, fingerprint: str) -> None:
    """Raises RefusedError when the manifest gives another SHA-256."""
    promise = promise_of(path)
    if promise and promise.sha256 and promise.sha256.casefold() != fingerprint:
        raise RefusedError("manifest_mismatch", "its bytes are not those of the manifest (sha256)")


def expect_rows(path: Path, loaded: int, doubtful: int) -> None:
    """Raises RefusedError when the manifest promises fewer rows than were loaded, or more than were found.

    doubtful: records set aside; several of them may be the lines of one record.
    """
    promise = promise_of(path)
    if promise and promise.rows is not None and not loaded <= promise.rows <= loaded + doubtful:
        found = f"{loaded} rows" + (f" and {doubtful} lines set aside" if doubtful else "")
        raise RefusedError("manifest_mismatch", f"{found}, the manifest promises {promise.rows}")
