"""The layer raw: one Parquet part for each export file, made once and kept.

What belongs here: writing parts and their sidecars, keeping and removing them. What does not:
reading formats (reading) and the tables made from sidecars (account).

    RUN/raw/<source>/<part>.parquet           rows as text, _file, _line, _delivered_at
    RUN/raw/<source>/<part>.rejects.parquet   line, code, reason, content; in its metadata the receipt

A part is named <fingerprint[:16]>-<config[:8]>.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_pipeline.project.registry import holds_permissions
from cdp_pipeline.project.shapes import Contract, Source
from cdp_pipeline.project.words import Words, macros
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.whole_file import replaced
from cdp_pipeline.sources.arrivals import Arrival
from cdp_pipeline.sources.batches import Shape
from cdp_pipeline.sources.codes import RefusedError, Reject
from cdp_pipeline.sources.columns import Needs, needs_of, referenced_columns
from cdp_pipeline.sources.completeness import expect_rows, is_vouched_for
from cdp_pipeline.sources.drop_zone import expect_inside
from cdp_pipeline.sources.header import key_of
from cdp_pipeline.sources.notes import notes_on
from cdp_pipeline.sources.reading import read_file
from cdp_pipeline.sources.unconsented import sieve, withhold_from_older

READER_VERSION = "4"
"""Change it when a reader gives other rows for the same bytes: every file is then read again."""
REJECTS = pa.schema([("line", pa.int64()), ("code", pa.string()), ("reason", pa.string()), ("content", pa.string())])
_RECEIPT = b"cdp_receipt"
_NO_RECORDS = {"total_line", "repeated_header"}
_ANOTHER_TIME = {
    *("changed_while_read", "unreadable", "no_final_newline", "manifest_mismatch", "bad_manifest"),
    *("outside_exports", "linked_folder", "not_a_file", "too_big", "empty_snapshot"),
}
"""Refusals that say nothing of the bytes: the same file may be read another time."""
NO_WORDS = Words()


@dataclass(frozen=True)
class Receipt:
    """What reading one file came to; kept in the metadata of its sidecar."""

    file: str
    source: str
    fingerprint: str
    delivered_at: str
    status: str
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_withheld: int = 0
    blank_lines: int = 0
    encoding: str = ""
    delimiter: str = ""
    unmapped_columns: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reason: str = ""

    @property
    def rows_read(self) -> int:
        return self.rows_loaded + self.rows_rejected + self.rows_withheld


def config_hash(source: Source, words: Words) -> str:
    """Eight hexadecimal digits that change when a file of this source must be read again.

    Of a source that withholds rows also when other words mean yes, no or a permission.
    """
    form = source.format.model_dump(include={"type", "delimiter", "quote", "encoding", "skip", "trailing_delimiter"})
    rules = (*source.withhold.values(), *macros(words)) if source.withhold else ()
    text = json.dumps([READER_VERSION, form, referenced_columns(source), *rules], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def raw_schema(source: Source) -> pa.Schema:
    """Columns of raw.<source>: the referenced ones as text, then where each row comes from."""
    origin = [("_file", pa.string()), ("_line", pa.int64()), ("_delivered_at", pa.timestamp("us"))]
    return pa.schema([*((name, pa.string()) for name in referenced_columns(source)), *origin])


def load_source(
    exports: Path,
    folder: Path,
    name: str,
    source: Source,
    contracts: Mapping[str, Contract],
    arrivals: Sequence[Arrival],
    keep_since: datetime,
    known: Collection[str] | None = None,
    words: Words = NO_WORDS,
) -> list[Receipt]:
    """Make `folder` hold a part for every file of the source that counts; the receipts of those files.

    Files already read are not opened. Of a snapshot source the newest delivery with an acceptable file
    counts, and older parts go. Parts of an increment source outlive their file until `keep_since`, and
    for ever where they hold permissions: a withdrawal must not expire. New content under an old path
    replaces what was read from it before. `known` are the fingerprints of the published parts, when they are
    to be told apart from what a run read that died: that counts only while its file is there. `words` are those
    of `withhold`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".*"):  # of a run that was killed
        fault("raw.leftover")
        leftover.unlink()
    needs, config = needs_of(source, contracts), config_hash(source, words)
    receipts: list[Receipt] = []
    for delivery in _deliveries(name, source, arrivals):
        made = [
            _ensure_part(exports, folder / f"{a.fingerprint[:16]}-{config}", name, source, words, needs, a)
            for a in delivery
        ]
        receipts += made
        if source.delivery == "snapshot" and any(r.status == "loaded" for r in made):
            break
    is_ledger = holds_permissions(source.into, contracts)
    _remove_stale(folder, config, name, source, arrivals, receipts, keep_since, known, is_ledger)
    withhold_from_older(folder, config, source.withhold, words, _RECEIPT)
    _write_empty(folder, config, source)
    return receipts


def receipts_of(folder: Path) -> Iterator[tuple[Receipt, Path]]:
    """Receipt and path of every sidecar in the folder of a raw table, by name."""
    for path in sorted(folder.glob("*.rejects.parquet")):
        metadata = pq.read_schema(path).metadata or {}
        yield Receipt(**json.loads(metadata[_RECEIPT])), path


def _deliveries(name: str, source: Source, arrivals: Sequence[Arrival]) -> Iterator[list[Arrival]]:
    """Files to read, in batches: all at once, or one delivery after another, the newest first."""
    own = sorted((a for a in arrivals if a.source == name), key=lambda a: (a.delivered_at, a.file))
    yield [a for a in own if a.status == "accepted"]
    if source.delivery == "snapshot":
        for arrival in reversed([a for a in own if a.status == "superseded"]):
            yield [arrival]


def _ensure_part(
    exports: Path, stem: Path, name: str, source: Source, words: Words, needs: Needs, arrival: Arrival
) -> Receipt:
    part, sidecar = stem.with_suffix(".parquet"), stem.with_suffix(".rejects.parquet")
    if sidecar.exists():
        receipt = Receipt(**json.loads(pq.read_schema(sidecar).metadata[_RECEIPT]))
        is_final = receipt.status == "refused" and not any(f"[{code}]" in receipt.reason for code in _ANOTHER_TIME)
        if is_final or part.exists():
            return receipt
    shape, rejects = Shape(), list[Reject]()
    basis = Receipt(arrival.file, name, arrival.fingerprint, arrival.delivered_at.isoformat(), "refused")
    temporary = part.with_name(f".{part.name}.{os.getpid()}")
    try:
        path = expect_inside(exports, arrival.file)
        loaded, withheld, blank = _write_part(path, source, words, needs, arrival, temporary, shape, rejects)
        _has_not_changed(path, arrival)
        expect_rows(path, loaded + withheld, sum(r.code not in _NO_RECORDS for r in rejects))
        if source.delivery == "snapshot" and not loaded + withheld:
            raise RefusedError("empty_snapshot")
    except RefusedError as refusal:
        temporary.unlink(missing_ok=True)
        receipt = Receipt(**asdict(basis) | {"reason": str(refusal), "encoding": shape.encoding})
        if refusal.code != "changed_while_read":  # its bytes are gone already
            _write_sidecar(sidecar, receipt, [])
        return receipt
    names, wanted = {key_of(n) for n in shape.names}, {key_of(w) for w in needs.wanted}
    receipt = Receipt(
        **asdict(basis)
        | {
            "status": "loaded",
            "rows_loaded": loaded,
            "rows_rejected": len(rejects),
            "rows_withheld": withheld,
            "blank_lines": blank,
            "encoding": shape.encoding,
            "delimiter": shape.delimiter,
            "unmapped_columns": [n for n in shape.names if key_of(n) not in wanted],
            "missing_columns": [w for w in needs.wanted if key_of(w) not in names],
            "notes": notes_on(shape, needs.wanted, loaded + withheld),
        }
    )
    _write_sidecar(sidecar, receipt, rejects)
    fault("raw_part.written")
    temporary.replace(part)
    fault("raw_part.replaced")
    return receipt


def _write_part(
    path: Path,
    source: Source,
    words: Words,
    needs: Needs,
    arrival: Arrival,
    target: Path,
    shape: Shape,
    rejects: list[Reject],
) -> tuple[int, int, int]:
    """Rows written, rows withheld and blank lines skipped; rejects are added to `rejects`."""
    rows = blank = 0
    schema = raw_schema(source)
    form = source.format.model_copy(update={"final_newline": False}) if is_vouched_for(path) else source.format
    with sieve(source.withhold, words) as own, pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in map(own.keep, read_file(path, form, needs, shape)):
            size = len(batch.lines)
            origin = [
                pa.repeat(pa.scalar(arrival.file), size),
                pa.array(batch.lines, pa.int64()),
                pa.repeat(pa.scalar(arrival.delivered_at, pa.timestamp("us")), size),
            ]
            columns = [c.combine_chunks() for c in batch.table.columns]
            writer.write_table(pa.table([*columns, *origin], schema=schema))
            rejects += batch.rejects
            rows, blank = rows + size, blank + batch.blank_lines
    return rows, own.held, blank


def _has_not_changed(path: Path, arrival: Arrival) -> None:
    try:
        state = path.stat()
    except OSError:
        raise RefusedError("changed_while_read") from None
    if (state.st_size, state.st_mtime_ns) != (arrival.bytes, arrival.modified_ns):
        raise RefusedError("changed_while_read")


def _write_sidecar(path: Path, receipt: Receipt, rejects: Sequence[Reject]) -> None:
    schema = REJECTS.with_metadata({_RECEIPT: json.dumps(asdict(receipt)).encode()})
    with replaced(path, "raw_sidecar") as temporary:
        pq.write_table(pa.Table.from_pylist([asdict(r) for r in rejects], schema=schema), temporary, compression="zstd")


def _remove_stale(
    folder: Path,
    config: str,
    name: str,
    source: Source,
    arrivals: Sequence[Arrival],
    receipts: Sequence[Receipt],
    keep_since: datetime,
    known: Collection[str] | None,
    is_ledger: bool,
) -> None:
    loaded = {r.fingerprint for r in receipts if r.status == "loaded"}
    current = {r.fingerprint for r in receipts}
    elsewhere = {a.fingerprint for a in arrivals if a.fingerprint and a.source != name}
    rewritten = {a.file for a in arrivals if a.source == name and a.status == "accepted"}
    for receipt, sidecar in list(receipts_of(folder)):
        is_of_config = sidecar.name.split(".")[0].endswith(config)
        stale = receipt.fingerprint in current and not is_of_config
        stale |= receipt.fingerprint not in current and (
            receipt.status == "refused"
            or (known is not None and receipt.fingerprint not in known)
            or receipt.fingerprint in elsewhere
            or (source.delivery == "snapshot" and bool(loaded))
            or receipt.file in rewritten
            or (not is_ledger and datetime.fromisoformat(receipt.delivered_at) < keep_since)
        )
        if stale:
            part = sidecar.with_name(sidecar.name.replace(".rejects.parquet", ".parquet"))
            fault("raw.remove_part")
            part.unlink(missing_ok=True)
            fault("raw.remove_sidecar")
            sidecar.unlink()


def _write_empty(folder: Path, config: str, source: Source) -> None:
    """A part without rows, so that the table has its columns when nothing was delivered."""
    empty = folder / f"{'0' * 16}-{config}.parquet"
    for path in folder.glob(f"{'0' * 16}-*.parquet"):
        if path != empty:
            fault("raw.remove_empty")
            path.unlink()
    others = [p for p in folder.glob(f"*-{config}.parquet") if p != empty]
    if others:
        empty.unlink(missing_ok=True)
    elif not empty.exists():
        with replaced(empty, "raw_empty") as temporary:
            pq.write_table(raw_schema(source).empty_table(), temporary)
