"""A small valid export of twelve people, and what a class of bad input is.

What belongs here: the rows, their text as CSV, JSON lines or Parquet, and the shape of a class. What does
not: the classes (bad_input_files.py, bad_input_lines.py, bad_input_cells.py), and the product (bad_input.py).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("id", "name", "mail", "phone", "amount", "day", "country", "note")
Row = dict[str, str]
Rows = list[Row]

_PEOPLE = (
    ("Null", "null@mail.example", "0612345678", "12.50", "2026-01-03", "NL", "rings twice"),
    ("True", "true@mail.example", "0012345679", "7.00", "2026-02-28", "BE", "back door,\nsecond floor"),
    ("Noël", "noel@mail.example", "+33612345670", "1099.95", "2025-12-31", "FR", "café ouvert"),
    ("O'Brien", "obrien@mail.example", "0872345671", "-3.20", "2026-03-29", "IE", 'says "hello"'),
    ("Müller", "mueller@mail.example", "0301234572", "0.10", "2026-04-01", "DE", "zweiter Stock"),
    ("de la Peña", "pena@mail.example", "0034911234", "250.00", "2026-05-05", "ES", "a; b\tc"),
    ("Nan", "nan@mail.example", "0201234573", "99.99", "2024-02-29", "NL", ""),
    ("van der Berg", "berg@mail.example", "0101234574", "15.00", "2026-03-04", "NL", "line one\nline two\nline three"),
    ("Ødegård", "odegard@mail.example", "0047212345", "42.42", "2026-04-03", "NO", "ring the bell"),
    ("Yes", "yes@mail.example", "0044207123", "1.00", "2025-06-07", "GB", "-"),
    ("Łukasz", "lukasz@mail.example", "0048221234", "5.55", "2025-07-06", "PL", "none"),
    ("Da Silva", "silva@mail.example", "0351211234", "18.00", "2025-08-09", "PT", "last of all"),
)


def people(name: str) -> Rows:
    """Twelve rows; ids start with zeros and are far from those of every other name."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:5], "big")
    return [
        dict(zip(COLUMNS, (f"00{number:013}{place:02}", *person), strict=True)) for place, person in enumerate(_PEOPLE)
    ]


def record(values: Sequence[str], delimiter: str = ",") -> str:
    """One CSV record without line end, quoted where it has to be."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(values)
    return text.getvalue().removesuffix("\r\n")


def records(rows: Rows, columns: Sequence[str] = COLUMNS, delimiter: str = ",") -> list[str]:
    """The header and the rows, a CSV record each."""
    return [record(columns, delimiter), *(record([row[c] for c in columns], delimiter) for row in rows)]


def joined(lines: Sequence[str], end: str = "\n") -> str:
    """Records as the text of a file."""
    return "".join(line + end for line in lines)


def text_of(rows: Rows) -> str:
    """The rows as a valid CSV file."""
    return joined(records(rows))


def json_lines(rows: Rows) -> list[str]:
    """The rows as JSON objects, amounts as numbers."""
    return [json.dumps(row | {"amount": float(row["amount"])}, ensure_ascii=False) for row in rows]


def parquet_of(rows: Rows) -> bytes:
    """The rows as a Parquet file of texts."""
    import pyarrow as pa
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), sink, write_page_checksum=True)
    return sink.getvalue()


Place = Callable[[Path, bytes], None]


@dataclass(frozen=True)
class Case:
    """One class: what is done to the rows, and what must become of them.

    `must` is "kept", "set aside" or "refused"; `code` the code or reason that has to be named, if any.
    `make` may change the rows it is given: what they are afterwards is the truth. `touched` are the rows
    that may be set aside, and no other. `place` puts the bytes where they go, when that is not a plain file.
    """

    name: str
    must: str
    code: str
    make: Callable[[Rows], str | bytes]
    touched: tuple[int, ...] = ()
    source: str = "book"
    ending: str = ".csv"
    place: Place | None = None
    own: bool = False
    file: str = ""
    seen_as: str = ""

    @property
    def file_name(self) -> str:
        """Its name in the exports folder."""
        return self.file or f"{self.source}-{self.name.replace(' ', '_').replace('/', '')}{self.ending}"
