"""Records that look whole and are none: totals, headers in the middle, halves of a broken line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline_tests.sources.reading_files import read_whole, written

HEAD = "id,name,total\n"
ROWS = "".join(f"{i},name {i},{i}\n" for i in range(1, 13))


def rejected(folder: Path, data: str) -> list[tuple[int, str]]:
    return read_whole(written(folder / "x.csv", data)).rejected


@pytest.mark.parametrize(
    "line",
    [
        "Total,,78",
        "TOTAL,12,78",
        '"Grand total",,78',
        ",,78\nTotal:,,",
        "Totaal,,78",
        "Subtotal,,5",
        ",Total,78",
        "Sum,,78",
    ],
)
def test_a_total_is_no_record(tmp_path: Path, line: str) -> None:
    """A last line whose first filled cell says total is set aside."""
    assert rejected(tmp_path, HEAD + ROWS + line + "\n")[-1][1] == "total_line"


@pytest.mark.parametrize("line", ["13,Total,1", "T1,Total Fitness,1", "14,Sum,1", "Totally,x,1"])
def test_somebody_named_total_stays(tmp_path: Path, line: str) -> None:
    """A total is told by the first cell, and by the whole of it."""
    assert rejected(tmp_path, HEAD + ROWS + line + "\n") == []
    assert rejected(tmp_path, HEAD + line + "\n" + ROWS) == []


def test_subtotals_in_the_middle(tmp_path: Path) -> None:
    """Total and subtotal count anywhere, words that may be names only at the end."""
    assert rejected(tmp_path, HEAD + "Subtotal,,5\nSum,Li,5\n" + ROWS) == [(2, "total_line")]


@pytest.mark.parametrize(
    "line", ["id,name,total", '"id","name","total"', "\ufeffid,name,total", " id ,name,total", "ID,Name,TOTAL"]
)
def test_a_header_in_the_middle_is_no_record(tmp_path: Path, line: str) -> None:
    """Files that were joined have their header again, quoted, with a mark, or in capitals."""
    assert rejected(tmp_path, HEAD + ROWS + line + "\n" + ROWS) == [(14, "repeated_header")]


@pytest.mark.parametrize("line", ["name,id,total", "id,total,name", "id,Name,opened", '"total","name","id"'])
def test_another_header_in_the_middle_refuses_the_file(tmp_path: Path, line: str) -> None:
    """What stands behind a header of another order or with another column would be read by the wrong names."""
    with pytest.raises(RefusedError) as refusal:
        rejected(tmp_path, HEAD + ROWS + line + "\n" + ROWS)
    assert (refusal.value.code, refusal.value.line) == ("other_header", 14)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("1,a,x\ny\n2,b,z\n", {2, 3, 4}),  # the end of a last field, or the start of a first one
        ('1,a,"x"\ny\n"2",b,z\n', {3}),  # quotes close both neighbours
        ('1,a,"x"\ny\n2,b,z\n', {3, 4}),
        ("1,a,x\ny\nz\n2,b,z\n", {2, 3, 4, 5}),
        ("1,a,x\n\ny\n2,b,z\n", {2, 4, 5}),
        ("1,a\nb,x\n2,b,z\n", {2, 3}),  # broken in the middle: both halves are short
        ("1,a,x\n2,b,z\nlast\n", {3, 4}),
    ],
)
def test_the_neighbours_of_half_a_line(tmp_path: Path, data: str, lines: set[int]) -> None:
    """A line of one field spoils the record beside it whose field is open there, and no other."""
    filler = "".join(f"{i},n,m\n" for i in range(20))
    found = read_whole(written(tmp_path / "x.csv", HEAD + data + filler))
    expected = lines | ({5} if data.endswith("last\n") else set())
    assert {r.line for r in found.rejects} == expected
    assert {r.code for r in found.rejects} <= {"too_few_fields", "beside_broken_line"}


def test_a_line_end_anywhere_is_never_a_changed_value(tmp_path: Path) -> None:
    """Whatever text without quotes a line end cuts in two, no loaded row differs from a true one."""
    rows = [["11", "ann", "xyz"], ["12", "bob", "uvw"], ["13", "cid", "rst"]] * 5
    body = "".join(",".join(row) + "\n" for row in rows)
    for at in range(len(body)):
        try:
            found = read_whole(written(tmp_path / "x.csv", HEAD + body[:at] + "\n" + body[at:]))
        except RefusedError:
            continue
        assert all(row in rows for row in found.rows)


def test_notes_are_counted(tmp_path: Path) -> None:
    """Line ends of several kinds and characters damaged before the export are seen, and loaded as they are."""
    found = read_whole(written(tmp_path / "x.csv", HEAD + "1,ZoÃ«,2\r\n2,\ufffd,3\n"))
    assert found.rows == [["1", "ZoÃ«", "2"], ["2", "\ufffd", "3"]]
    assert found.shape.seen.line_ends == {"LF", "CR LF"}
    assert found.shape.seen.damaged == 2


def test_two_encodings_in_one_file_are_refused(tmp_path: Path) -> None:
    """A file of UTF-8 with a cp1252 line is neither; read as cp1252 its other lines would be damaged silently."""
    data = "id,name\n1,Zoë\n".encode() + "2,Núñez\n".encode("cp1252")
    form = FileFormat(encoding="utf-8|cp1252")
    with pytest.raises(RefusedError) as refusal:
        read_whole(written(tmp_path / "x.csv", data), form)
    assert (refusal.value.code, refusal.value.line) == ("mixed_encoding", 3)
    old = "id,name\n" + "1,Zoë «Núñez» À bientôt\n" * 5
    assert read_whole(written(tmp_path / "x.csv", old.encode("cp1252")), form).shape.encoding == "cp1252"
