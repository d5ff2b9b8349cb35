"""One file of a source as batches with the source's columns, whatever its format.

What belongs here: choosing the reader, the columns, and refusing a file that lacks what it must have.
What does not: the formats themselves (csv_reader, json_reader, parquet_reader) and what is written (raw).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.batches import Batch, Shape
from cdp_pipeline.sources.codes import RefusedError
from cdp_pipeline.sources.columns import Needs
from cdp_pipeline.sources.csv_reader import read_csv
from cdp_pipeline.sources.header import Header, choose_columns, key_of, missing_columns, read_header
from cdp_pipeline.sources.json_reader import read_json_lines
from cdp_pipeline.sources.parquet_reader import parquet_names, read_parquet


def read_file(path: Path, form: FileFormat, needs: Needs, shape: Shape) -> Iterator[Batch]:
    """Batches with exactly the columns `needs.wanted`, in order, as text; NULL where the file lacks one.

    Fills `shape`. Raises RefusedError, also in the middle: then nothing of the file may be used.
    """
    if form.type == "jsonl":
        yield from read_json_lines(path, form, needs.wanted, shape)
        if shape.names:
            expect_columns(shape.names, needs)
        return
    if form.type == "parquet":
        names = parquet_names(path)
        chosen = acceptable(names, needs)
        batches = read_parquet(path, sorted(set(chosen.values())), shape)
    else:
        header = read_header(path, form, needs.wanted)
        chosen = accept_header(header, needs)
        shape.names[:], shape.encoding, shape.delimiter = (list(header.names), header.encoding, header.delimiter)
        batches = read_csv(path, form, header, sorted(set(chosen.values())), shape.seen)
    for batch in batches:
        yield replace(batch, table=_renamed(batch.table, len(batch.lines), needs.wanted, chosen))


def accept_header(header: Header, needs: Needs) -> dict[str, int]:
    """`wanted` name → position; RefusedError when a name is blank, doubled, or a required one missing."""
    if not all(header.names):
        raise RefusedError("blank_header", f"column {header.names.index('') + 1} has no name", header.lines)
    return acceptable(header.names, needs)


def acceptable(names: Sequence[str], needs: Needs) -> dict[str, int]:
    """`wanted` name → position in `names`; RefusedError as `expect_columns`, or when a mapped name is doubled."""
    expect_columns(names, needs)
    return choose_columns(names, needs.wanted)


def expect_columns(names: Sequence[str], needs: Needs) -> None:
    """Raises RefusedError when none of the wanted names is there, or a required one is missing."""
    known = {key_of(name) for name in needs.wanted}
    if known and not known & {key_of(name) for name in names}:
        raise RefusedError("no_known_column")  # its names are not told: they may be the values of a first row
    if missing := missing_columns(names, needs.required):
        raise RefusedError("missing_columns", "missing " + ", ".join(missing))


def _renamed(table: pa.Table, rows: int, wanted: Sequence[str], chosen: dict[str, int]) -> pa.Table:
    columns = [table.column(str(chosen[name])) if name in chosen else pa.nulls(rows, pa.string()) for name in wanted]
    return pa.table(dict(zip(wanted, columns, strict=True)))
