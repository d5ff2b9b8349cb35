"""Reading a file whole, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.sources.batches import Shape
from cdp_pipeline.sources.codes import Reject
from cdp_pipeline.sources.columns import Needs
from cdp_pipeline.sources.header import read_header
from cdp_pipeline.sources.reading import read_file


@dataclass(frozen=True)
class Content:
    """rows: a list of values a record; lines: where each starts; rejects; blank lines; shape."""

    rows: list[list[str | None]]
    lines: list[int]
    rejects: list[Reject]
    blank: int
    shape: Shape

    @property
    def rejected(self) -> list[tuple[int, str]]:
        return [(r.line, r.code) for r in self.rejects]


def read_whole(path: Path, form: FileFormat | None = None, wanted: Sequence[str] = ()) -> Content:
    """Every record of a file, also without final line end; without `wanted` every column of a CSV header."""
    form = (form or FileFormat()).model_copy(update={"final_newline": False})
    shape = Shape()
    names = tuple(wanted)
    if not names and form.type == "csv":
        names = read_header(path, form).names
    content = Content([], [], [], 0, shape)
    blank = 0
    for batch in read_file(path, form, Needs(names, ()), shape):
        content.rows.extend(list(row) for row in zip(*(c.to_pylist() for c in batch.table.columns), strict=True))
        content.lines.extend(batch.lines.tolist())
        content.rejects.extend(batch.rejects)
        blank += batch.blank_lines
    return Content(content.rows, content.lines, content.rejects, blank, shape)


def written(path: Path, data: str | bytes) -> Path:
    """`path` with these bytes in it."""
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return path
