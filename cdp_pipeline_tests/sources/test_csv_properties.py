"""The strict CSV reader against Python's csv writer, with random tables and random damage."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources import csv_reader, unpack
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline_tests.sources.reading_files import Content, read_whole

ALPHABET = "ab0 é€\"',;\t|\n\r\u200b=+"
FIELDS = st.text(alphabet=ALPHABET, max_size=8)
SETTINGS = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], bytes, list[int], str]:
    """Rows, the bytes of a CSV file with them, the physical line of each row, the delimiter."""
    columns = draw(st.integers(2, 5))
    rows = draw(st.lists(st.lists(FIELDS, min_size=columns, max_size=columns), max_size=12))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]))
    text = io.StringIO()
    names = [f"column {i}" for i in range(columns)]
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerow(names)
    lines = []
    for row in rows:
        ending = draw(st.sampled_from(["\n", "\r\n"]))
        lines.append(_line_of(text.getvalue()))
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerow(row)
        text.write(line.getvalue().removesuffix("\r\n") + ending)
    value = text.getvalue()
    if rows and draw(st.booleans()):
        value = value.removesuffix("\n").removesuffix("\r")
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return rows, (mark + value).encode("utf-8"), lines, delimiter


def _line_of(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


def _read(data: bytes, form: FileFormat, wanted: tuple[str, ...] = ()) -> Content:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        path.write_bytes(data)
        return read_whole(path, form, wanted)


@pytest.fixture(params=[7, 64, 8 << 20], autouse=True)
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in pieces of a few bytes too, so that records lie across pieces."""
    monkeypatch.setattr(unpack.utf8_bytes, "__defaults__", (request.param,))


@SETTINGS
@given(tables())
def test_a_written_table_comes_back_exactly(table: tuple[list[list[str]], bytes, list[int], str]) -> None:
    """Every value and every physical line number is what was written, for any quoting and line end."""
    rows, data, lines, delimiter = table
    found = _read(data, FileFormat(delimiter=delimiter))
    assert not found.rejects
    assert found.rows == rows
    assert found.lines == lines


@SETTINGS
@given(tables(), st.data())
def test_damage_never_loses_a_line_silently(
    table: tuple[list[list[str]], bytes, list[int], str], data: st.DataObject
) -> None:
    """After damage every physical line is in a loaded record, in a reject, or blank; rows ahead stay."""
    rows, whole, lines, delimiter = table
    header = whole.index(b"\n") + 1
    at = data.draw(st.integers(header, len(whole)))
    insert = data.draw(st.sampled_from([b'"', b"\n", b"\r", delimiter.encode(), b"x", b"\0", b'""', b'"x']))
    cut = data.draw(st.integers(0, 2))
    damaged = whole[:at] + insert + whole[at + cut :]
    try:
        found = _read(damaged, FileFormat(delimiter=delimiter))
    except RefusedError as refusal:
        if refusal.code not in {"wrong_encoding", "mostly_damaged"}:
            raise
        return
    damaged_line = _line_of(damaged[:at].decode("utf-8"))
    # a record beside the damaged one may be set aside with it
    safe = [i for i, start in enumerate(lines) if i + 2 < len(lines) and lines[i + 2] < damaged_line]
    assert found.rows[: len(safe)] == [rows[i] for i in safe]
    _every_line_is_accounted_for(damaged, found)


def _every_line_is_accounted_for(data: bytes, found: Content) -> None:
    """Lines between two records belong to the first, if it has a quoted line end, or are blank."""
    starts = sorted(found.lines + [r.line for r in found.rejects])
    assert len(set(starts)) == len(starts)
    text = data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    physical = text.split("\n")
    if not physical[-1]:
        physical.pop()
    inside = {
        line + i
        for line, row in zip(found.lines, found.rows, strict=True)
        for i in range(1, 1 + sum(_breaks(value) for value in row))
    } | {r.line + i for r in found.rejects for i in range(1, 1 + _breaks(r.content))}
    covered = set(starts) | inside | {1}
    blank = {i for i, line in enumerate(physical, 1) if not line}
    missing = set(range(1, len(physical) + 1)) - covered
    assert missing <= blank
    assert found.blank == len(missing)


def _breaks(value: str | None) -> int:
    return (value or "").replace("\r\n", "\n").replace("\r", "\n").count("\n")


@pytest.mark.parametrize("seed", range(6))
def test_the_size_of_pieces_changes_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged file gives the same rows and rejects whether it is read in small or in large pieces."""
    import random

    chooser = random.Random(seed)
    pieces = [
        "a,b\n",
        '"x\ny",z\n',
        'bad"quote,1\n',
        '"open,2\n',
        '"a""b",3\r\n',
        ",\n",
        "\n",
        "1,2,3\n",
        '"q" x,4\n',
        *["5,6\n"] * 14,
    ]
    data = ("h,i\n" + "".join(chooser.choice(pieces) for _ in range(300))).encode()
    monkeypatch.setattr(unpack.utf8_bytes, "__defaults__", (8 << 20,))
    large = _read(data, FileFormat(delimiter=","))
    monkeypatch.setattr(unpack.utf8_bytes, "__defaults__", (11,))
    monkeypatch.setattr(csv_reader, "_SMALL", 64)
    small = _read(data, FileFormat(delimiter=","))
    assert (large.rows, large.lines, large.rejects, large.blank) == (
        small.rows,
        small.lines,
        small.rejects,
        small.blank,
    )
    _every_line_is_accounted_for(data, large)
