"""Classes of bad input that are about the whole file: how it is packed, named, encoded and cut.

What belongs here: files, and what must become of them. What does not: single lines (bad_input_lines.py)
and single cells (bad_input_cells.py).
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import quopri
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from pyarrow import Codec

from cdp_pipeline_tests.trust.bad_input_book import (
    COLUMNS,
    Case,
    Rows,
    joined,
    json_lines,
    parquet_of,
    record,
    records,
    text_of,
)
from cdp_pipeline_tests.trust.laws import DELIVERED

CUT = -1 - len("last of all") // 2


def _aged(path: Path) -> None:
    os.utime(path, (DELIVERED, DELIVERED))


def _raw(rows: Rows) -> bytes:
    return text_of(rows).encode()


def _zip(*members: tuple[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, inside in members:
            packed.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), inside)
    return held.getvalue()


def _zstd(inside: bytes) -> bytes:
    return Codec("zstd").compress(inside, asbytes=True)


def _tar(inside: bytes) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as packed:
        member = tarfile.TarInfo("people.csv")
        member.size = len(inside)
        packed.addfile(member, io.BytesIO(inside))
    return held.getvalue()


def _locked(inside: bytes) -> bytes:
    """A zip whose member says that it needs a password."""
    packed = bytearray(_zip(("people.csv", inside)))
    packed[6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


def _flipped(inside: bytes, place: int) -> bytes:
    return inside[:place] + bytes([inside[place] ^ 0x55]) + inside[place + 1 :]


def _write(path: Path, made: bytes) -> None:
    path.write_bytes(made)
    _aged(path)


def _beside(ending: str, words: str) -> Callable[[Path, bytes], None]:
    def place(path: Path, made: bytes) -> None:
        _write(path, made)
        _write(path.with_name(path.name + ending), words.encode())

    return place


def _linked(path: Path, made: bytes) -> None:
    elsewhere = path.parent.parent / f"outside-{path.name}"
    _write(elsewhere, made)
    path.symlink_to(elsewhere)


def _linked_folder(path: Path, made: bytes) -> None:
    elsewhere = path.parent / "real"
    elsewhere.mkdir()
    _write(elsewhere / "other.txt", made)
    path.symlink_to(elsewhere)


def _just_now(path: Path, made: bytes) -> None:
    path.write_bytes(made)
    os.utime(path, (time.time(), time.time()))


def _pipe(path: Path, made: bytes) -> None:
    del made
    os.mkfifo(path)


def _renamed(old: str, new: str) -> Callable[[Rows], str]:
    return lambda rows: text_of(rows).replace(f",{old},", f",{new},", 1)


def _header(words: str) -> Callable[[Rows], str]:
    return lambda rows: joined([words, *records(rows)[1:]])


def _page(words: str) -> Callable[[Rows], str]:
    return lambda rows: words


LOGIN = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Your session has ended</body></html>\n"
DENIED = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>\n'
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 12345\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
OFFICE = (("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>"))


def _bomb(rows: Rows) -> bytes:
    long = joined(records([row | {"note": "0" * 3_000_000} for row in rows[:1]])[1:])
    return gzip.compress(_raw(rows)) + gzip.compress(long.encode()) * 25


def _latin(rows: Rows) -> bytes:
    for row in rows:
        row["name"] = row["name"].replace("Ł", "L")
    return text_of(rows).encode("latin-1")


def _halves(rows: Rows) -> bytes:
    lines = records([row | {"name": row["name"].replace("Ł", "L")} for row in rows])
    return joined(lines[:6]).encode() + joined(lines[6:]).encode("cp1252")


REFUSED = (
    Case("changed a moment ago", "refused", "still_arriving", text_of, place=_just_now),
    Case("a transfer under way", "refused", "still_arriving", text_of, ending=".csv.part"),
    Case("cut inside the last cell", "refused", "no_final_newline", lambda r: text_of(r)[:CUT]),
    Case("cut between two lines without end", "refused", "no_final_newline", lambda r: text_of(r)[:-1]),
    Case("manifest with more rows", "refused", "manifest_mismatch",
         text_of, place=_beside(".manifest.json", '{"rows": 13}')),
    Case("manifest with another digest", "refused", "manifest_mismatch", text_of,
         place=_beside(".manifest.json", json.dumps({"sha256": "0" * 64}))),
    Case("manifest in pieces", "refused", "bad_manifest", text_of, place=_beside(".manifest.json", '{"rows": 1')),
    Case("link out of the folder", "refused", "outside_exports", text_of, place=_linked),
    Case("linked folder", "refused", "linked_folder", text_of, place=_linked_folder, ending=""),
    Case("pipe", "refused", "not_a_file", text_of, place=_pipe),
    Case("name with a colour code", "refused", "bad_file_name", text_of, file="book-\x1b[31mred.csv",
         seen_as="book-?[31mred.csv (181ee1)"),
    Case("larger than allowed", "refused", "too_big", lambda r: text_of(r) * 12, source="small"),
    Case("nothing in it", "refused", "empty_file", _page("")),
    Case("nothing in its packing", "refused", "empty_file", lambda r: gzip.compress(b""), ending=".csv.gz"),
    Case("login page", "refused", "html_page", _page(LOGIN)),
    Case("error of a storage service", "refused", "html_page", _page(DENIED), own=True),
    Case("document", "refused", "pdf", lambda r: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"),
    Case("workbook with a csv name", "refused", "spreadsheet", lambda r: _zip(*OFFICE)),
    Case("old workbook with a csv name", "refused", "spreadsheet",
         lambda r: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
    Case("picture", "refused", "not_this_format", lambda r: PNG),
    Case("Parquet with a csv name", "refused", "not_this_format", parquet_of),
    Case("bz2", "refused", "unsupported_compression", lambda r: bz2.compress(_raw(r)), ending=".csv.bz2"),
    Case("xz", "refused", "unsupported_compression", lambda r: lzma.compress(_raw(r)), ending=".csv.xz"),
    Case("tar with a csv name", "refused", "unsupported_compression", lambda r: _tar(_raw(r))),
    Case("packed twice", "refused", "unsupported_compression",
         lambda r: gzip.compress(gzip.compress(_raw(r))), ending=".csv.gz"),
    Case("zip of two files", "refused", "zip_members",
         lambda r: _zip(("a.csv", _raw(r)), ("b.csv", _raw(r))), ending=".zip"),
    Case("zip of a folder only", "refused", "zip_members", lambda r: _zip(("people/", b"")), ending=".zip"),
    Case("zip that needs a password", "refused", "encrypted_zip", lambda r: _locked(_raw(r)), ending=".zip"),
    Case("gzip cut off", "refused", "damaged_compression", lambda r: gzip.compress(_raw(r))[:-30], ending=".csv.gz"),
    Case("gzip with a wrong checksum", "refused", "damaged_compression",
         lambda r: _flipped(gzip.compress(_raw(r)), -6), ending=".csv.gz"),
    Case("zst cut off", "refused", "damaged_compression", lambda r: _zstd(_raw(r))[:-9], ending=".csv.zst"),
    Case("zip with a flipped bit", "refused", "damaged_compression",
         lambda r: _flipped(_zip(("a.csv", _raw(r))), 60), ending=".zip"),
    Case("second part of a gzip cut off", "refused", "damaged_compression",
         lambda r: gzip.compress(_raw(r)[:300]) + gzip.compress(_raw(r)[300:])[:-12], ending=".csv.gz", own=True),
    Case("gzip with other bytes behind it", "refused", "damaged_compression",
         lambda r: gzip.compress(_raw(r)) + b"left over", ending=".csv.gz"),
    Case("far more inside than its size allows", "refused", "too_much_inside",
         _bomb, ending=".csv.gz"),
    Case("declared encoding that does not exist", "refused", "unknown_encoding", text_of, source="runes"),
    Case("latin-1 in a UTF-8 source", "refused", "wrong_encoding", _latin),
    Case("UTF-16 without mark", "refused", "", lambda r: text_of(r).encode("utf-16-le")),
    Case("half UTF-8 half cp1252", "refused", "mixed_encoding", _halves, source="latin"),
    Case("quote and delimiter the same", "refused", "bad_dialect", text_of, source="odd"),
    Case("blank lines only", "refused", "no_header", _page("\n\n\n\n")),
    Case("header with an open quote", "refused", "bad_header", _header('id,name,"mail,phone,amount,day,country,note')),
    Case("column without a name", "refused", "blank_header", lambda r: joined(["," + x for x in records(r)])),
    Case("two columns of one name", "refused", "duplicate_header", _renamed("phone", "mail")),
    Case("ten thousand columns", "refused", "too_many_columns",
         lambda r: joined([x + ",x" * 10_000 for x in records(r)])),
    Case("cut by semicolons", "refused", "wrong_delimiter",
         lambda r: joined(records(r, delimiter=";")), source="tabbed"),
    Case("key column gone", "refused", "missing_columns", lambda r: joined(records(r, COLUMNS[1:]))),
    Case("header gone", "refused", "no_known_column", lambda r: joined(records(r)[1:])),
    Case("another export", "refused", "no_known_column", _page("sku,price\nA,1\n")),
    Case("snapshot without rows", "refused", "empty_snapshot", lambda r: records(r)[0] + "\n", source="newest"),
    Case("claimed by two sources", "refused", "claimed_twice", text_of, source="twin"),
    Case("one JSON array", "refused", "json_array",
         lambda r: f"[{','.join(json_lines(r))}]\n", source="lines", ending=".jsonl"),
    Case("JSON array over many lines", "refused", "json_array",
         lambda r: json.dumps(r, indent=1) + "\n", source="lines", ending=".jsonl"),
    Case("Parquet cut off", "refused", "damaged_parquet",
         lambda r: parquet_of(r)[:-20], source="square", ending=".parquet"),
    Case("Parquet with a damaged page", "refused", "damaged_parquet",
         lambda r: _flipped(parquet_of(r), 100), source="square", ending=".parquet", own=True),
    Case("line numbers and bars of a console", "refused", "",
         lambda r: "".join(f"| {x} |\n" for x in joined(records(r, delimiter="|")).split("\n")), own=True),
    Case("pointer of a large-file store", "refused", "no_known_column", _page(POINTER), own=True),
    Case("JSON error of a service", "refused", "", _page('{"error": "unauthorized", "code": 401}\n'), own=True),
    Case("base64 of an attachment", "refused", "", lambda r: base64.encodebytes(_raw(r)), own=True),
    Case("sorted so that the header is last", "refused", "no_known_column",
         lambda r: joined(sorted(records(r)[1:]) + records(r)[:1]), own=True),
    Case("first block lost", "refused", "no_known_column", lambda r: _raw(r)[120:], own=True),
    Case("file name before every line", "refused", "",
         lambda r: "".join(f"people.csv:{x}\n" for x in text_of(r).split("\n")), own=True),
    Case("every line one quoted cell", "refused", "", lambda r: joined([record([x]) for x in records(r)]), own=True),
    Case("header in another language", "refused", "",
         _header("kenmerk,naam,adres,telefoon,bedrag,datum,land,opmerking")),
    Case("HTTP chunk lengths left in", "refused", "",
         lambda r: f"{len(_raw(r)):x}\r\n{text_of(r)}\r\n0\r\n\r\n", own=True),
    Case("mail body in quoted-printable", "refused", "", lambda r: quopri.encodestring(_raw(r)), own=True),
)  # fmt: skip


KEPT = (
    Case("as it should be", "kept", "", text_of),
    Case("JSON lines", "kept", "", lambda r: joined(json_lines(r)), source="lines", ending=".jsonl"),
    Case("Parquet", "kept", "", parquet_of, source="square", ending=".parquet"),
    Case("gzip", "kept", "", lambda r: gzip.compress(_raw(r)), ending=".csv.gz"),
    Case("gzip without its name", "kept", "", lambda r: gzip.compress(_raw(r))),
    Case("gzip of several members", "kept", "",
         lambda r: gzip.compress(_raw(r)[:301]) + gzip.compress(_raw(r)[301:]), ending=".csv.gz"),
    Case("gzip padded with zeros", "kept", "",
         lambda r: gzip.compress(_raw(r)) + bytes(512), ending=".csv.gz", own=True),
    Case("zip", "kept", "", lambda r: _zip(("people.csv", _raw(r))), ending=".zip"),
    Case("zip with a folder", "kept", "", lambda r: _zip(("out/", b""), ("out/people.csv", _raw(r))), ending=".zip"),
    Case("zst", "kept", "", lambda r: _zstd(_raw(r)), ending=".csv.zst"),
    Case("byte order mark", "kept", "", lambda r: b"\xef\xbb\xbf" + _raw(r)),
    Case("UTF-16 with mark", "kept", "", lambda r: text_of(r).encode("utf-16")),
    Case("declared cp1252", "kept", "", _latin, source="latin"),
    Case("CRLF", "kept", "", lambda r: joined(records(r), "\r\n")),
    Case("CR only", "kept", "", lambda r: _one_line(r, "\r")),
    Case("no final line end but a done mark", "kept", "", lambda r: text_of(r)[:-1], place=_beside(".done", "")),
    Case("no final line end as declared", "kept", "", lambda r: text_of(r)[:-1], source="open"),
    Case("manifest that is true", "kept", "", text_of, place=_beside(".manifest.json", '{"rows": 12}')),
    Case("preamble as declared", "kept", "", lambda r: "People of the shop\n\n" + text_of(r), source="preamble"),
    Case("trailing delimiter as declared", "kept", "",
         lambda r: joined([x + "," for x in records(r)]), source="trailing"),
)  # fmt: skip


def _one_line(rows: Rows, end: str) -> str:
    for row in rows:
        row["note"] = row["note"].replace("\n", " ")
    return joined(records(rows), end)


FILES = (*REFUSED, *KEPT)
