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


@dataclass(frozen=True)
class Batch:
    """Records in file order: text columns, the physical line where each starts, the records set aside."""

    table: pa.Table
    lines: npt.NDArray[np.int64]
    rejects: tuple[Reject, ...] = ()
    blank_lines: int = 0


@dataclass
class Shape:
    """What a file turned out to be: column names found (JSON: filled while reading), encoding, delimiter."""

    names: list[str] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""


def excerpt(content: bytes) -> str:
    """The first characters of a rejected record; wrong bytes become U+FFFD."""
    return content[: 4 * MAX_CONTENT].decode("utf-8", "replace")[:MAX_CONTENT]
