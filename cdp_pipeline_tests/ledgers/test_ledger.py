"""The files that people keep: read with every mistake, written whole, and changed line by line."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.ledgers.ledger import Cells, Ledger, change_lines, parse_lines, read_lines, write_lines

NOTES = Ledger("notes.csv", ("source", "record_id", "note"), ("by", "at"), record=("source", "record_id"))


def write(folder: Path, text: str) -> Path:
    """The file with this text."""
    path = folder / NOTES.file
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_not_there_has_no_lines(tmp_path: Path) -> None:
    """A ledger that nobody has begun is empty, and is not made by looking."""
    assert read_lines(tmp_path / NOTES.file, NOTES) == ([], [])
    assert change_lines(tmp_path / NOTES.file, NOTES, lambda cells: None) == 0
    assert not list(tmp_path.iterdir())


def test_lines_have_their_numbers_and_trimmed_cells(tmp_path: Path) -> None:
    """In any order of columns, with a byte order mark, over line ends inside quotes; optional cells may be missing."""
    path = write(tmp_path, '\ufeffnote ,record_id,source,by\n " a" ,1,crm\n\n"b\nb",2,crm,ann\n')
    assert read_lines(path, NOTES) == (
        [(2, {"note": '" a"', "record_id": "1", "source": "crm"}),
         (5, {"note": "b\nb", "record_id": "2", "source": "crm", "by": "ann"})],
        [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("source,record,note\n", ["notes.csv:1: column record_id is missing (did you mean record?)",
                                  "notes.csv:1: unknown column 'record' (did you mean record_id?)"]),
        ("", [f"notes.csv:1: column {column} is missing" for column in NOTES.columns]),
        ("source,record_id,note\ncrm,1\ncrm,1,x,y\ncrm,1,x\n", ["notes.csv:2: expected 3 values, found 2",
                                                               "notes.csv:3: expected 3 values, found 4"]),
    ],
)  # fmt: skip
def test_every_mistake_has_its_line(tmp_path: Path, text: str, problems: list[str]) -> None:
    """Columns with the nearest name, lines with how many values they have."""
    assert read_lines(write(tmp_path, text), NOTES)[1] == problems


def test_more_columns_are_read_where_they_are_allowed(tmp_path: Path) -> None:
    """And stay when the file is written."""
    open_ledger = Ledger("notes.csv", ("source",), may_have_more=True)
    path = write(tmp_path, "source,colour\ncrm,red\n")
    assert read_lines(path, open_ledger) == ([(2, {"source": "crm", "colour": "red"})], [])
    write_lines(path, open_ledger, [{"source": "crm", "colour": "red"}])
    assert path.read_text() == "source,colour\ncrm,red\n"


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    """A file in another encoding is one mistake, not a traceback."""
    path = tmp_path / NOTES.file
    path.write_bytes(b"source,record_id,note\ncrm,1,caf\xe9\n")
    assert read_lines(path, NOTES) == ([], ["notes.csv: not readable as CSV in UTF-8"])


def test_mistakes_of_the_meaning_come_in_the_order_of_lines(tmp_path: Path) -> None:
    """Those of the reader and those of whoever knows what a line means, in one list."""

    def parse(cells: Cells) -> tuple[str, list[str]]:
        return cells["note"], [] if cells["note"] == "good" else ["note must be good"]

    path = write(tmp_path, "source,record_id,note\ncrm,1,bad\ncrm,1\ncrm,1,good\ncrm,2,bad\n")
    with pytest.raises(InputError) as error:
        parse_lines(path, NOTES, parse)
    assert [problem.partition(": ")[0] for problem in error.value.problems] == [f"notes.csv:{n}" for n in (2, 3, 5)]
    path = write(tmp_path, "source,record_id,note\ncrm,1,good\n")
    assert parse_lines(path, NOTES, parse) == [(2, "good")]


def test_a_ledger_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    """All columns that lines have, optional ones only where one is filled in; cells with line ends are read back."""
    rows = [
        {"source": "crm", "record_id": "1", "note": "a\nb"},
        {"source": "crm", "record_id": "2", "note": "", "at": "x"},
    ]
    path = tmp_path / NOTES.file
    write_lines(path, NOTES, rows)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().splitlines()[0] == "source,record_id,note,at"
    assert [cells["note"] for _, cells in read_lines(path, NOTES)[0]] == ["a\nb", ""]


def test_what_is_left_alone_stays_as_it_is_written(tmp_path: Path) -> None:
    """Spaces, quotes and a line that nobody can read; a change touches the line that it is about."""
    text = 'note,source,record_id\n" a ",crm,1\nhalf a line\nb,crm,2\nc,crm,3\n'
    path = write(tmp_path, text)
    assert change_lines(path, NOTES, lambda cells: cells) == 0
    assert path.read_text() == text

    def change(cells: Cells) -> Cells | None:
        return (
            None
            if cells.get("record_id") == "2"
            else cells | {"record_id": cells.get("record_id", "").replace("3", "4")}
        )

    assert change_lines(path, NOTES, lambda cells: change(cells) if "record_id" in cells else cells) == 2
    assert path.read_text() == "note,source,record_id\n a ,crm,1\nhalf a line\nc,crm,4\n"
