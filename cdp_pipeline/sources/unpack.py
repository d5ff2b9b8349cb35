"""From a file on disk to clean UTF-8 bytes: magic numbers, unpacking, decoding.

What belongs here: everything that must be settled before a delimiter is looked for. What does not:
records and columns (scan, csv_reader, json_reader).
"""

from __future__ import annotations

import codecs
import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from cdp_pipeline.sources.codes import RefusedError

CHUNK = 8 << 20
"""Bytes read at a time."""
MAX_BYTES = 16 << 30
MAX_RATIO = 250
MAX_UNPACKED_FREE = 64 << 20
"""A packed file may unpack to 64 MiB at any ratio; above that to at most MAX_RATIO times its size."""

BYTE_ORDER_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
GZIP, ZSTD, ZIP, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK", b"PAR1"
FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "spreadsheet"),
    (b"BZh", "unsupported_compression"),
    (b"\xfd7zXZ\x00", "unsupported_compression"),
    (b"7z\xbc\xaf\x27\x1c", "unsupported_compression"),
    (b"Rar!", "unsupported_compression"),
    (b"\x04\x22\x4d\x18", "unsupported_compression"),
    (b"\x1f\x9d", "unsupported_compression"),
    (b"SQLite format 3\0", "not_this_format"),
    (b"\x89PNG", "not_this_format"),
    (b"\xff\xd8\xff", "not_this_format"),
    (b"{\\rtf", "not_this_format"),
    (b"Obj\x01", "not_this_format"),
)
_UTF8 = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xc2[\xa0-\xbf]")
_HIGH = re.compile(rb"[\x80-\xff]")


def is_parquet(path: Path) -> bool:
    """Whether the file begins with the Parquet magic number."""
    with path.open("rb") as stream:
        return stream.read(4) == PARQUET


def _zip_member(path: Path) -> tuple[zipfile.ZipFile, zipfile.ZipInfo]:
    archive = zipfile.ZipFile(path)
    names = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if any(m.filename == "[Content_Types].xml" for m in names):
        raise RefusedError("spreadsheet")
    members = [m for m in names if not m.filename.rsplit("/", 1)[-1].startswith(".")]
    if len(members) != 1:
        raise RefusedError("zip_members", f"the zip holds {len(members)} files")
    if members[0].flag_bits & 1:
        raise RefusedError("encrypted_zip")
    return archive, members[0]


def _open(path: Path, magic: bytes) -> tuple[Any, int | None]:
    """The unpacked stream and the packed size; None when the file is not packed."""
    if magic.startswith(GZIP):
        return gzip.open(path, "rb"), path.stat().st_size
    if magic.startswith(ZSTD):
        import pyarrow as pa

        return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"), path.stat().st_size
    if magic.startswith(ZIP):
        archive, member = _zip_member(path)
        return archive.open(member), max(member.compress_size, 1)
    return path.open("rb"), None


def plain_bytes(path: Path, chunk: int = CHUNK, *, most: int = MAX_BYTES) -> Iterator[bytes]:
    """Unpacked bytes of a file, `chunk` at a time; RefusedError when the packing is damaged, or they are too many."""
    try:
        with path.open("rb") as raw:
            magic = raw.read(8)
        stream, packed = _open(path, magic)
        total = 0
        with closing(stream):
            while piece := stream.read(chunk):
                if not total:
                    _refuse_foreign(piece, is_packed=packed is not None)
                total += len(piece)
                if packed is not None and total > MAX_UNPACKED_FREE and total > packed * MAX_RATIO:
                    raise RefusedError("too_much_inside", f"unpacks to more than {MAX_RATIO} times its size")
                if total > most:
                    raise RefusedError("too_big", f"more than {most / (1 << 30):g} GB unpacked")
                yield bytes(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError) as error:
        raise RefusedError("damaged_compression") from error
    except OSError as error:
        if error.errno is None:  # pyarrow's zstd errors come as a bare OSError
            raise RefusedError("damaged_compression") from error
        raise RefusedError("unreadable", error.strerror or "cannot be read") from error
    if not total:
        raise RefusedError("empty_file")


def _refuse_foreign(head: bytes, *, is_packed: bool) -> None:
    for magic, code in FOREIGN:
        if head.startswith(magic):
            raise RefusedError(code)
    if is_packed and head.startswith((GZIP, ZSTD, b"PK\x03\x04")):
        raise RefusedError("unsupported_compression", "a pack inside a pack")
    if head[257:262] == b"ustar":
        raise RefusedError("unsupported_compression", "a tar archive")
    if head.startswith(PARQUET):
        raise RefusedError("not_this_format", "it is a Parquet file")
    start = head[:512].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")):
        raise RefusedError("html_page")


def _candidates(head: bytes, declared: str) -> tuple[str, ...]:
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return (encoding,)
    names = tuple(name.strip() for name in declared.split("|"))
    for name in names:
        try:
            codecs.lookup(name).incrementaldecoder("strict").decode(b"")
        except (LookupError, TypeError, AttributeError):
            raise RefusedError("unknown_encoding", f"encoding {name!r} is not known") from None
    looks_wide = head[:64].count(0) >= max(2, len(head[:64]) // 4)
    if looks_wide and not any("16" in name or "32" in name for name in names):
        raise RefusedError("wrong_encoding", "looks like utf-16 without a byte order mark (declare utf-16-le)")
    return names


def choose_encoding(path: Path, declared: str, *, whole: bool = True) -> str:
    """The encoding of a file: its byte order mark, else the first of `declared` ("a|b") that fits all of it.

    With `whole` False only the first megabyte is tried, enough to read a header.
    """
    names = _candidates(next(plain_bytes(path, 4096)), declared)
    for name in names[:-1]:
        try:
            for _ in utf8_bytes(path, name, CHUNK if whole else 1 << 20):
                if not whole:
                    break
        except RefusedError as error:
            if error.code != "wrong_encoding":
                raise
            if whole and codecs.lookup(name).name == "utf-8" and _is_mixed(path):
                raise RefusedError("mixed_encoding", line=error.line) from None
        else:
            return name
    return names[-1]


def _is_mixed(path: Path) -> bool:
    """Whether a file that is not UTF-8 has characters of UTF-8 in it, beyond what chance explains."""
    characters = others = 0
    for piece in plain_bytes(path):
        found = _UTF8.findall(piece)
        characters += len(found)
        others += len(_HIGH.findall(piece)) - sum(map(len, found))
    return characters * 4 >= others and characters > 0


def utf8_bytes(path: Path, encoding: str, chunk: int = CHUNK, *, most: int = MAX_BYTES) -> Iterator[bytes]:
    """The text of a file as UTF-8 without byte order mark; RefusedError names the line of a wrong byte.

    Pieces may cut a character in two: they are to be joined, or cut at ASCII bytes.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    is_utf8 = codecs.lookup(encoding).name == "utf-8"
    line, first = 1, True
    source = plain_bytes(path, chunk, most=most)
    while True:
        piece = next(source, b"")
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            good = bytes(error.object[: error.start]).decode(encoding, "ignore")
            at = line + good.count("\n")
            raise RefusedError("wrong_encoding", f"not {encoding} (first wrong byte here)", at) from None
        line += text.count("\n")
        if not piece and not text:
            return
        out = piece if is_utf8 else text.encode("utf-8")
        if first:
            out = out.removeprefix(codecs.BOM_UTF8)
            first = False
        if out:
            yield out
        if not piece:
            return
