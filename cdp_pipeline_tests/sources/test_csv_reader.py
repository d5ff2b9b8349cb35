"""The classes of messy CSV that real exports show: each is loaded exactly, refused, or set aside by line."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources import csv_reader, unpack
from cdp_pipeline.sources.codes import CODES, RefusedError
from cdp_pipeline_tests.sources.reading_files import read_whole, written

GOOD = "id,name,phone\n1,Ann,0611\n2,Bob,0622\n"
GOOD_ROWS = [["1", "Ann", "0611"], ["2", "Bob", "0622"]]


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        GOOD.removesuffix("\n"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace("\n", "\r\n", 2),
        "\ufeff" + GOOD,
        "\n\n" + GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", "|"),
        ' id ,"name", phone\n1,Ann,0611\n"2","Bob",0622\n',
    ],
    ids=["lf", "no_final_newline", "crlf", "cr", "mixed", "bom", "blank_ahead", "semicolon", "tab", "pipe", "spaces"],
)
def test_these_are_the_same_table(tmp_path: Path, data: str) -> None:
    """Line ends, byte order mark, delimiter and header spaces make no difference."""
    found = read_whole(written(tmp_path / "x.csv", data), wanted=("id", "name", "phone"))
    assert found.rows == GOOD_ROWS
    assert not found.rejects


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "utf-8-sig"])
def test_encodings_are_decoded(tmp_path: Path, encoding: str) -> None:
    """A declared encoding, or the byte order mark, decides; accents survive."""
    text = "id,name\n1,Zoë\n2,Núñez\n"
    path = written(tmp_path / "x.csv", text.encode(encoding))
    assert read_whole(path, FileFormat(encoding=encoding)).rows == [["1", "Zoë"], ["2", "Núñez"]]
    if encoding in {"utf-16", "utf-32", "utf-8-sig"}:
        assert read_whole(path, FileFormat()).rows[0] == ["1", "Zoë"]


def test_a_list_of_encodings_takes_the_first_that_fits(tmp_path: Path) -> None:
    """`utf-8|cp1252` reads a cp1252 file as such and says so, and a utf-8 file as utf-8."""
    form = FileFormat(encoding="utf-8|cp1252")
    old = read_whole(written(tmp_path / "old.csv", "id,name\n1,Zoë €\n".encode("cp1252")), form)
    new = read_whole(written(tmp_path / "new.csv", "id,name\n1,Zoë €\n"), form)
    assert old.rows == new.rows == [["1", "Zoë €"]]
    assert (old.shape.encoding, new.shape.encoding) == ("cp1252", "utf-8")


def test_values_stay_as_they_are_written(tmp_path: Path) -> None:
    """Leading zeros, long numbers, dates, NULL, true, formulas, spaces and # stay text, unchanged."""
    values = [
        "0611",
        "12345678901234567890123",
        "3.16E+10",
        "NULL",
        "true",
        "=1+1",
        " x ",
        "#1001",
        "0000-00-00",
        "é",
        "",
    ]
    header = ",".join(f"c{i}" for i in range(len(values)))
    found = read_whole(written(tmp_path / "x.csv", f"{header}\n{','.join(values)}\n"))
    assert found.rows == [values]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("3,Cid", "too_few_fields"),
        ("3,Cid,06,more", "too_many_fields"),
        ("TOTAL ROWS: 2,,", "total_line"),
        ('3,C"id",06', "stray_quote"),
        ('3,"C"id,06', "stray_quote"),
        ("3,C\0id,06", "nul_byte"),
        ("3,Cid,06,", "too_many_fields"),
    ],
)
def test_a_bad_record_is_set_aside_with_its_line(tmp_path: Path, line: str, code: str) -> None:
    """The rows around a bad one are loaded; it is kept with line, code and text."""
    data = GOOD.replace("2,Bob", f"{line}\n2,Bob")
    found = read_whole(written(tmp_path / "x.csv", data))
    assert found.rows == GOOD_ROWS
    assert found.rejected == [(3, code)]
    assert found.rejects[0].content == line
    assert found.lines == [2, 4]


def test_physical_lines_count_quoted_line_ends(tmp_path: Path) -> None:
    """A record's line is the physical one, also behind text with line ends in it."""
    found = read_whole(written(tmp_path / "x.csv", 'a,b\n"x\ny\r\nz","1"\n\n2\n"3","4"\n'))
    assert found.rows == [["x\ny\r\nz", "1"], ["3", "4"]]
    assert found.lines == [2, 7]
    assert found.rejected == [(6, "too_few_fields")]
    assert found.blank == 1


def test_an_open_quote_spoils_what_follows_until_it_is_proved_wrong(tmp_path: Path) -> None:
    """From the opening line to the line that contradicts it all is set aside; then rows count again."""
    found = read_whole(written(tmp_path / "x.csv", 'a,b\n1,2\n3,"open\n4,5\n6,"seven"\n8,9\n'))
    assert found.rows == [["1", "2"], ["8", "9"]]
    assert found.rejected == [(3, "stray_quote"), (4, "inside_bad_quote"), (5, "inside_bad_quote")]
    assert [r.content for r in found.rejects] == ['3,"open', "4,5", '6,"seven"']


def test_a_quote_open_at_the_end_names_its_line(tmp_path: Path) -> None:
    """A quote that is never closed sets aside the rest of the file, and says where it opened."""
    found = read_whole(written(tmp_path / "x.csv", 'a,b\n1,2\n3,"open\n4,5\n'))
    assert found.rows == [["1", "2"]]
    assert found.rejected == [(3, "unterminated_quote"), (4, "inside_bad_quote")]


def test_trailing_delimiters_are_tolerated_when_declared(tmp_path: Path) -> None:
    """One empty field more than the header is dropped; a filled one is not."""
    path = written(tmp_path / "x.csv", "a;b;\n1;2;\n3;4\n5;6;7\n")
    found = read_whole(path, FileFormat(trailing_delimiter=True))
    assert found.rows == [["1", "2"], ["3", "4"]]
    assert found.rejected == [(4, "too_many_fields")]


def test_skipped_lines_keep_the_count(tmp_path: Path) -> None:
    """`skip` passes over a preamble; lines stay physical."""
    found = read_whole(written(tmp_path / "x.csv", "Report\nof today\n" + GOOD), FileFormat(skip=2))
    assert found.rows == GOOD_ROWS
    assert found.lines == [4, 5]


def test_columns_go_by_name(tmp_path: Path) -> None:
    """Order and case of the header do not matter; an absent column is NULL; others are left out."""
    found = read_whole(written(tmp_path / "x.csv", "Phone,extra,ID\n0611,x,1\n"), wanted=("id", "phone", "email"))
    assert found.rows == [["1", "0611", None]]
    assert found.shape.names == ["Phone", "extra", "ID"]


def test_without_quoting_quotes_are_text(tmp_path: Path) -> None:
    """`quote: ""` reads quotes as they are."""
    assert read_whole(written(tmp_path / "x.csv", 'a,b\n5" pipe,"x\n'), FileFormat(quote="")).rows == [
        ['5" pipe', '"x']
    ]


def test_another_quote_character(tmp_path: Path) -> None:
    """A single quote can be the quote; the double one is then text."""
    assert read_whole(written(tmp_path / "x.csv", "a,b\n'x,y','it''s \"'\n"), FileFormat(quote="'")).rows == [
        ["x,y", "it's \""]
    ]


def test_a_long_field_is_read_and_a_huge_one_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the limit a field may be long; above it the record is set aside and reading goes on."""
    monkeypatch.setattr(csv_reader, "MAX_RECORD", 1000)
    data = f'a,b\n1,{"x" * 900}\n2,{"y" * 2000}\n3,"{"z" * 2000}"\n4,5\n'
    found = read_whole(written(tmp_path / "x.csv", data))
    assert [row[0] for row in found.rows] == ["1", "4"]
    assert found.rejected == [(3, "too_long"), (4, "too_long")]


def _zip(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def _zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def test_packed_files_are_unpacked_by_their_first_bytes(tmp_path: Path) -> None:
    """gz, several gz in one, zst and a zip of one file, whatever their names."""
    data = GOOD.encode()
    two = gzip.compress(data[:20]) + gzip.compress(data[20:])
    for packed in (gzip.compress(data), two, _zstd(data)):
        assert read_whole(written(tmp_path / "x.csv", packed)).rows == GOOD_ROWS
    assert read_whole(_zip(tmp_path / "x", {"__MACOSX/._a": "", "folder/a.csv": GOOD})).rows == GOOD_ROWS


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :]


BIG = GOOD + "".join(f"{i},name {i * 7919 % 1000},06{i * 104729 % 99991}\n" for i in range(3000))
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty_file"),
    "empty_gz": (gzip.compress(b""), "empty_file"),
    "only_newlines": (b"\n\n\r\n", "no_header"),
    "html": (b"  <!DOCTYPE html><html></html>", "html_page"),
    "pdf": (b"%PDF-1.7\n1,2\n", "pdf"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xxxx", "spreadsheet"),
    "parquet": (b"PAR1xxxx", "not_this_format"),
    "bz2": (b"BZh91AY", "unsupported_compression"),
    "gz_cut": (gzip.compress(BIG.encode())[:-200], "damaged_compression"),
    "gz_wrong_checksum": (_flipped(gzip.compress(BIG.encode()), -6), "damaged_compression"),
    "gz_of_gz": (gzip.compress(gzip.compress(GOOD.encode())), "unsupported_compression"),
    "fake_gz": (b"\x1f\x8bnot gzip at all", "damaged_compression"),
    "zst_cut": (_zstd(BIG.encode())[:-50], "damaged_compression"),
    "fake_zip": (b"PK\x03\x04 nothing", "damaged_compression"),
    "latin_as_utf8": ("id,name,phone\n1,Zoë,2\n".encode("latin-1"), "wrong_encoding"),
    "utf16_without_mark": (GOOD.encode("utf-16-le"), "wrong_encoding"),
    "duplicate": (b"id,id,name\n1,2,3\n", "duplicate_header"),
    "blank": (b"id,,name\n1,2,3\n", "blank_header"),
    "damaged_header": (b'id,"na"me,phone\n1,2,3\n', "bad_header"),
    "many_columns": (b"x," * 6000 + b"y\n", "too_many_columns"),
    "mostly_bad": (b"id,name,phone\n" + b"1,2\n" * 3000, "mostly_damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_what_it_says_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing of it is loaded, and the code says why."""
    data, code = REFUSED[name]
    with pytest.raises(RefusedError) as refusal:
        read_whole(written(tmp_path / "x.csv", data))
    assert refusal.value.code == code


def test_other_refusals(tmp_path: Path) -> None:
    """Zips with several files or a spreadsheet, a wrong declared delimiter, encoding or dialect."""
    cases = [
        (_zip(tmp_path / "two.zip", {"a.csv": GOOD, "b.csv": GOOD}), FileFormat(), "zip_members"),
        (_zip(tmp_path / "x.xlsx", {"[Content_Types].xml": "", "a": ""}), FileFormat(), "spreadsheet"),
        (written(tmp_path / "a.csv", GOOD), FileFormat(delimiter=";"), "wrong_delimiter"),
        (written(tmp_path / "a.csv", GOOD), FileFormat(delimiter="::"), "bad_dialect"),
        (written(tmp_path / "a.csv", GOOD), FileFormat(encoding="klingon"), "unknown_encoding"),
        (written(tmp_path / "a.csv", GOOD), FileFormat(skip=9), "no_header"),
    ]
    for path, form, code in cases:
        with pytest.raises(RefusedError) as refusal:
            read_whole(path, form)
        assert refusal.value.code == code


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack that unpacks to far more than its size is refused before it fills the memory."""
    monkeypatch.setattr(unpack, "MAX_UNPACKED_FREE", 1 << 20)
    with pytest.raises(RefusedError) as refusal:
        read_whole(written(tmp_path / "x.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 2_000_000)))
    assert refusal.value.code == "too_much_inside"


def test_a_wrong_byte_is_told_by_line(tmp_path: Path) -> None:
    """The message names the line of the first byte that does not fit, not its content."""
    with pytest.raises(RefusedError) as refusal:
        read_whole(written(tmp_path / "x.csv", GOOD.encode() + b"3,Zo\xeb,1\n"))
    assert (refusal.value.code, refusal.value.line) == ("wrong_encoding", 4)
    assert "Zo" not in str(refusal.value)


def test_every_code_has_meaning_and_cure() -> None:
    """The table that the documentation lists is complete."""
    assert all(code.meaning and code.cure for code in CODES.values())
