"""What every reader yields: some records of a file as text, with their lines, and the rejects.

What belongs here: the one shape shared by csv_reader, json_reader and parquet_reader. What does not:
reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cdp_pipeline.sources.codes import Reject

MAX_RECORD = 4 << 20
"""Bytes of UTF-8 in one record."""
MAX_CONTENT = 8_192
"""Characters of a rejected record that are kept."""
_LF, _CR = 10, 13
_DAMAGED = (b"\xef\xbf\xbd", b"\xc3\x83\xc2", b"\xc3\xa2\xe2\x82\xac", b"\xc3\xa2\xc2\x80")
"""The replacement character, and UTF-8 that was read as another encoding and written once more."""


@dataclass(frozen=True)
class Batch:
    """Records in file order: text columns, the physical line where each starts, the records set aside."""

    table: pa.Table
    lines: npt.NDArray[np.int64]
    rejects: tuple[Reject, ...] = ()
    blank_lines: int = 0


@dataclass
class Seen:
    """What is worth a look in the text of a CSV file: kinds of line ends, places with damaged characters."""

    line_ends: set[str] = field(default_factory=set)
    damaged: int = 0

    def look(self, data: bytes, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> None:
        """Look at records that lie one behind the other in `data`."""
        if not len(starts):
            return
        view = np.frombuffer(data, dtype=np.uint8)
        ends = starts + sizes
        last, before = view[ends - 1], view[np.maximum(ends - 2, 0)]
        is_pair = (last == _LF) & (before == _CR) & (sizes > 1)
        kinds = {"CR LF": is_pair.any(), "LF": ((last == _LF) & ~is_pair).any(), "CR": (last == _CR).any()}
        self.line_ends |= {kind for kind, is_there in kinds.items() if is_there}
        self.damaged += sum(data.count(mark) for mark in _DAMAGED)


@dataclass
class Shape:
    """What a file turned out to be: column names found (JSON: filled while reading), encoding, delimiter."""

    names: list[str] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    seen: Seen = field(default_factory=Seen)


def excerpt(content: bytes) -> str:
    """The first characters of a rejected record; wrong bytes become U+FFFD."""
    return content[: 4 * MAX_CONTENT].decode("utf-8", "replace")[:MAX_CONTENT]
